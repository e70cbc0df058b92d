use domain::email::EmailAddress;
use domain::ids::OrgId;
use domain::payload::cut;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use super::bounces;
use super::channel::Channel;
use super::compose::{Script, footer};
use super::delivery::{AttemptRecord, Delivery, Sent};
use super::outcome::{Ending, Outcome};
use super::readers::readers;
use super::recipient::Recipient;
use super::secret::{self, Field};
use crate::ports::{AttemptError, Letter, Mail, MailError};
use crate::{App, Error};

/// Mails of one delivery that are handed over side by side.
const SIDE_BY_SIDE: usize = 8;
/// Fifty recipients and ten attempts have to fit into one row.
pub(super) const EXCERPT: usize = 512;

/// What the server says of us: no recipient's fault, and somebody will set it right.
const WE_ARE_REFUSED: [u16; 4] = [530, 534, 535, 538];

/// Writes to everybody who still has to be written to.
pub(super) async fn send(app: &App, org: &OrgId, channel: &Channel, delivery: &Delivery) -> Result<Outcome, Error> {
    let script = Script::read(app, org, channel, delivery).await?;
    let Some(shown) = script.letter(None, footer(app, channel, None)) else {
        return Ok(Outcome::cancelled("None of its events can be read any more."));
    };
    let body = Some(app.letters.compose(&shown).text);
    let number = delivery.next_number();
    let mut readers = readers(app, org, channel, &script.assignees()).await?;
    readers.retain(|r| !delivery.recipients.iter().any(|(done, _)| *done == r.recipient.email));
    let tasks = readers.iter().map(|reader| {
        let recipient = &reader.recipient;
        let unsubscribe = unsubscribe_url(app, org, channel, recipient);
        let only = reader.only_theirs.then_some(&recipient.email);
        let letter = script.letter(only, footer(app, channel, unsubscribe.clone()));
        async move {
            let at = app.now();
            let begun = tokio::time::Instant::now();
            let sent = match letter {
                Some(letter) => app.mailer.send(mail(app, delivery, recipient, &letter, unsubscribe)).await,
                None => Ok(()),
            };
            let duration_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            let record = AttemptRecord { number, at, duration_ms, ..record(&recipient.email, &sent) };
            (recipient.email.clone(), record, sent)
        }
    });
    let results: Vec<_> = futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffered(SIDE_BY_SIDE).collect().await;
    let told = readers.iter().zip(&results).map(|(reader, (_, _, sent))| (&reader.recipient, sent));
    bounces::note(app, org, channel, number, told).await?;
    Ok(sum_up(delivery, results, body))
}

type Result1 = (EmailAddress, AttemptRecord, Result<(), MailError>);

fn sum_up(delivery: &Delivery, results: Vec<Result1>, body: Option<String>) -> Outcome {
    let mut outcome = Outcome { body, ..Outcome::of(Ending::Delivered, Vec::new()) };
    let mut waiting = 0_usize;
    for (email, record, sent) in results {
        outcome.records.push(record);
        match sent {
            Ok(()) => outcome.recipients.push((email, Sent::Taken)),
            Err(error) if is_final(&error) => outcome.recipients.push((email, Sent::Refused)),
            Err(_) => waiting += 1,
        }
    }
    let taken = delivery.recipients.iter().chain(&outcome.recipients).any(|(_, sent)| *sent == Sent::Taken);
    outcome.result = match (waiting, taken) {
        (0, true) => Ending::Delivered,
        (0, false) if outcome.records.is_empty() => Ending::Cancelled("Nobody is left who may be written to.".into()),
        (0, false) => Ending::Refused("The mail server refused every recipient for good.".into()),
        _ => Ending::Failed { retry_after: None },
    };
    outcome
}

fn is_final(error: &MailError) -> bool {
    !error.retry && error.code.is_some_and(|code| !WE_ARE_REFUSED.contains(&code))
}

fn record(email: &EmailAddress, sent: &Result<(), MailError>) -> AttemptRecord {
    let error = sent.as_ref().err();
    AttemptRecord {
        number: 0,
        at: jiff::Timestamp::UNIX_EPOCH,
        duration_ms: 0,
        status: error.and_then(|e| e.code),
        error: error.map(|e| if is_final(e) { AttemptError::SmtpPermanent } else { AttemptError::SmtpTransient }),
        excerpt: error.map(|e| cut(&e.message, EXCERPT).to_owned()),
        recipient: Some(email.clone()),
    }
}

fn unsubscribe_url(app: &App, org: &OrgId, channel: &Channel, recipient: &Recipient) -> Option<String> {
    let opened = secret::open(app, org, &channel.id, Field::Unsubscribe, &recipient.unsubscribe_sealed);
    if let Err(error) = &opened {
        tracing::error!(channel = %channel.id, %error, "a mail goes out without its way to unsubscribe");
    }
    let token = String::from_utf8(opened.ok()?).ok()?;
    Some(format!("{}/hooks/email/unsubscribe/{token}", app.settings.public_url))
}

fn mail(app: &App, delivery: &Delivery, recipient: &Recipient, letter: &Letter, unsubscribe: Option<String>) -> Mail {
    let composed = app.letters.compose(letter);
    let mut headers = composed.headers;
    if let Some(url) = unsubscribe {
        headers.push(("List-Unsubscribe".into(), format!("<{url}>")));
        headers.push(("List-Unsubscribe-Post".into(), "List-Unsubscribe=One-Click".into()));
    }
    Mail {
        to: recipient.email.clone(),
        to_name: None,
        subject: composed.subject,
        text: composed.text,
        html: composed.html,
        message_id: message_id(delivery, &recipient.email),
        headers,
    }
}

/// The same for every attempt, so that a repeat can be collapsed; it tells nobody who the other recipients are.
fn message_id(delivery: &Delivery, email: &EmailAddress) -> String {
    format!("{}.{}", delivery.id, secret::hex(&Sha256::digest(email.as_str())[..8]))
}
