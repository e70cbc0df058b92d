//! Messages whose time comes whatever happens: digests that may be empty, and reminders. The next one is there before the
//! present one is gone, so there is always one whose time comes.

use domain::ids::OrgId;
use domain::trigger::next_digest;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::channel::Channel;
use super::delivery::{Delivery, DeliveryForm, DeliveryId, DeliveryState};
use super::route::put_attempt;
use super::secret::hex;
use super::shelf::{self, Listed};
use super::window::{Frame, Window};
use crate::ports::{Commit, Etag, Op, Table};
use crate::{App, Error, rows};

/// A window that somebody else opened meanwhile is looked at again so often.
const TRIES: usize = 8;
/// What stands ahead, with the row of its window.
const KINDS: [(DeliveryForm, &str); 2] = [(DeliveryForm::Digest, "digest"), (DeliveryForm::Reminder, "remind")];

/// Sees to it that a channel has what it wants ahead of it, and not later than it wants it.
pub(super) async fn begin(app: &App, org: &OrgId, channel: &Channel) -> Result<(), Error> {
    for (form, row) in KINDS {
        ensure(app, org, channel, (form, row), app.now(), None).await?;
    }
    Ok(())
}

/// Sees to the one after this, which goes out now.
pub(super) async fn follow(app: &App, org: &OrgId, channel: &Channel, sent: &Delivery) -> Result<(), Error> {
    let at = sent.next_attempt_at.filter(|_| sent.attempts.is_empty());
    let kind = KINDS.into_iter().find(|(form, _)| *form == sent.form);
    match (at, kind) {
        (Some(at), Some(kind)) => ensure(app, org, channel, kind, at.max(app.now()), Some(&sent.id)).await,
        _ => Ok(()),
    }
}

/// When the next one is due after an instant; `None`: the channel wants none.
fn next(channel: &Channel, form: DeliveryForm, after: Timestamp) -> Option<Timestamp> {
    if !channel.is_on() || !channel.is_for_people() {
        return None;
    }
    match form {
        DeliveryForm::Digest if channel.trigger.send_empty => next_digest(&channel.trigger, after),
        DeliveryForm::Reminder => {
            let hours = channel.trigger.repeat_hours?;
            after.checked_add(SignedDuration::from_hours(i64::from(hours))).ok()
        }
        _ => None,
    }
}

/// `sent`: what goes out now, even if its time was to come later.
async fn ensure(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    (form, name): (DeliveryForm, &str),
    after: Timestamp,
    sent: Option<&DeliveryId>,
) -> Result<(), Error> {
    let Some(at) = next(channel, form, after) else { return Ok(()) };
    let key = format!("{name}:{}", channel.id);
    for _ in 0..TRIES {
        let found = app.tables.get(Table::Deliveries, org.as_str(), &key).await?;
        let stored = found.as_ref().map(rows::decode::<Window>).transpose()?;
        let stored = stored.filter(|w| w.frame.until > after && sent != Some(&w.delivery));
        let by = app.ulid();
        let frame = Frame { until: at, wait: 0, since: app.now(), sent: 0 };
        let there = match &stored {
            Some(window) if window.frame.until <= at => return Ok(()),
            Some(window) => waiting(app, org, window).await?,
            None => None,
        };
        let before = there.as_ref().and_then(|(delivery, _)| delivery.next_attempt_at);
        let (delivery, mut ops) = if let Some((delivery, version)) = there {
            // It was to come later than people want it by now.
            let sooner = Delivery { next_attempt_at: Some(at), ..delivery };
            let op = Op::Replace(shelf::signed(sooner.id.to_string(), &sooner, &by)?, version);
            (sooner, vec![op])
        } else {
            let new = empty(channel, form, &by, at, app.now());
            let listed = rows::encode(shelf::list_row(&new), &Listed { channel: channel.id.clone() })?;
            let op = Op::Insert(shelf::signed(new.id.to_string(), &new, &by)?);
            (new, vec![op, Op::Upsert(listed)])
        };
        let window = rows::encode(key.as_str(), &Window { delivery: delivery.id.clone(), frame })?;
        ops.push(found.map_or_else(|| Op::Insert(window.clone()), |row| Op::Replace(window.clone(), row.etag)));
        // Noted before it is there, as always.
        shelf::note_due(app, org, &delivery.id, at).await?;
        match shelf::commit(app, org, ops, delivery.id.to_string(), by).await? {
            Commit::Done => {
                put_attempt(app, org, &delivery, at).await;
                if let Some(before) = before {
                    shelf::forget_due(app, org, &delivery.id, before).await;
                }
                return Ok(());
            }
            // Whoever wrote it, the window tells.
            Commit::Conflict { .. } | Commit::Unknown => {}
        }
    }
    Err(Error::Busy)
}

/// What waits for the end of a window, if nobody has begun to send it.
async fn waiting(app: &App, org: &OrgId, window: &Window) -> Result<Option<(Delivery, Etag)>, Error> {
    let found = shelf::read(app, org, &window.delivery).await?;
    Ok(found.filter(|(d, _)| !d.state.is_final() && d.attempts.is_empty() && d.lease.is_none()))
}

fn empty(channel: &Channel, form: DeliveryForm, by: &str, at: Timestamp, now: Timestamp) -> Delivery {
    let hash = Sha256::digest(format!("1\n{}\n{by}", channel.id));
    Delivery {
        id: DeliveryId::of_hash(&hex(&hash[..13])),
        channel: channel.id.clone(),
        form,
        events: Vec::new(),
        state: DeliveryState::Held,
        explanation: None,
        attempts: Vec::new(),
        next_attempt_at: Some(at),
        at_once: false,
        turn: None,
        put_off: 0,
        asked_by: None,
        created_at: now,
        delivered_at: None,
        body: String::new(),
        recipients: Vec::new(),
        lease: None,
    }
}
