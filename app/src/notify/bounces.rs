//! What the mail server says of a recipient's address: what it refuses for good is not written to again, and neither is
//! what it refuses for the moment again and again.

use domain::email::EmailAddress;
use domain::ids::OrgId;
use domain::payload::cut;
use jiff::{SignedDuration, Timestamp};

use super::channel::Channel;
use super::mail::EXCERPT;
use super::recipient::Recipient;
use super::registry;
use crate::ports::MailError;
use crate::{App, Error};

/// What the server says of the address itself, for ever.
const ADDRESS_REFUSED: [u16; 4] = [550, 551, 553, 556];
/// What it says of a mailbox that takes nothing at the moment: busy or blocked, and full (RFC 5321 §4.2.3).
const MAILBOX_BUSY: [u16; 2] = [450, 452];
/// A mail counts when it was refused so often: servers that greylist take the second attempt.
const COUNTS_AT: u32 = 3;
/// So many mails that were refused, without one that was taken between them, are enough.
const MOST: usize = 5;
/// If they were refused within this time.
const WITHIN: SignedDuration = SignedDuration::from_hours(72);

/// What one mail tells of its recipient's address.
enum Bounce {
    /// It will never work.
    Gone(String),
    /// It did not work for now.
    Busy(String),
    /// It works again.
    Taken,
}

/// Remembers what the mails of an attempt tell of their recipients.
pub(super) async fn note(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    number: u32,
    sent: impl Iterator<Item = (&Recipient, &Result<(), MailError>)>,
) -> Result<(), Error> {
    let told: Vec<(EmailAddress, Bounce)> = sent
        .filter_map(|(recipient, result)| Some((recipient.email.clone(), bounce(recipient, result, number)?)))
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let now = app.now();
    registry::amend(app, org, &channel.id, |c| {
        let mut changed = false;
        for (email, bounce) in &told {
            if let Some(recipient) = c.everybody().find(|r| r.email == *email) {
                apply(recipient, bounce, now);
                changed = true;
            }
        }
        changed
    })
    .await?;
    Ok(())
}

fn bounce(recipient: &Recipient, result: &Result<(), MailError>, number: u32) -> Option<Bounce> {
    let Err(error) = result else { return (!recipient.busy.is_empty()).then_some(Bounce::Taken) };
    let code = error.code?;
    let said = format!("{code} {}", cut(&error.message, EXCERPT));
    if !error.retry && ADDRESS_REFUSED.contains(&code) {
        Some(Bounce::Gone(said))
    } else if error.retry && MAILBOX_BUSY.contains(&code) && number == COUNTS_AT {
        Some(Bounce::Busy(said))
    } else {
        None
    }
}

fn apply(recipient: &mut Recipient, bounce: &Bounce, now: Timestamp) {
    match bounce {
        Bounce::Gone(said) => recipient.suppressed_reason = Some(said.clone()),
        Bounce::Taken => recipient.busy.clear(),
        Bounce::Busy(said) => {
            recipient.busy.retain(|at| now.duration_since(*at) < WITHIN);
            recipient.busy.push(now);
            if recipient.busy.len() >= MOST {
                recipient.busy.clear();
                let reason = format!("{MOST} mails within 72 hours were refused for the moment, the last with: {said}");
                recipient.suppressed_reason = Some(reason);
            }
        }
    }
}
