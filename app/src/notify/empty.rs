//! Digests that go out even if nothing happened: the next one is there before the present one is gone, so there is always
//! one whose time comes.

use domain::ids::OrgId;
use domain::trigger::next_digest;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::channel::Channel;
use super::delivery::{Delivery, DeliveryForm, DeliveryId, DeliveryState};
use super::route::put_attempt;
use super::secret::hex;
use super::shelf::{self, Listed};
use super::window::{Frame, Window};
use crate::ports::{Commit, Op, Table};
use crate::{App, Error, rows};

/// A window that somebody else opened meanwhile is looked at again so often.
const TRIES: usize = 8;

/// Sees to it that a channel which wants empty digests has its next one.
pub(super) async fn begin(app: &App, org: &OrgId, channel: &Channel) -> Result<(), Error> {
    ensure(app, org, channel, app.now()).await
}

/// The same, after one that goes out now.
pub(super) async fn follow(app: &App, org: &OrgId, channel: &Channel, sent: &Delivery) -> Result<(), Error> {
    let at = sent.next_attempt_at.filter(|_| sent.attempts.is_empty());
    match at {
        Some(at) => ensure(app, org, channel, at.max(app.now())).await,
        None => Ok(()),
    }
}

async fn ensure(app: &App, org: &OrgId, channel: &Channel, after: Timestamp) -> Result<(), Error> {
    if !channel.trigger.send_empty || !channel.is_on() || !channel.is_for_people() {
        return Ok(());
    }
    let Some(at) = next_digest(&channel.trigger, after) else { return Ok(()) };
    let key = format!("digest:{}", channel.id);
    for _ in 0..TRIES {
        let found = app.tables.get(Table::Deliveries, org.as_str(), &key).await?;
        let stored = found.as_ref().map(rows::decode::<Window>).transpose()?;
        if stored.is_some_and(|w| w.frame.until > after) {
            return Ok(());
        }
        let by = app.ulid();
        let delivery = empty(channel, at, app.now());
        let frame = Frame { until: at, wait: 0, since: app.now(), sent: 0 };
        let window = rows::encode(key.as_str(), &Window { delivery: delivery.id.clone(), frame })?;
        let ops = vec![
            found.map_or_else(|| Op::Insert(window.clone()), |row| Op::Replace(window.clone(), row.etag)),
            Op::Insert(shelf::signed(delivery.id.to_string(), &delivery, &by)?),
            Op::Upsert(rows::encode(shelf::list_row(&delivery), &Listed { channel: channel.id.clone() })?),
        ];
        // Noted before it is there, as always.
        shelf::note_due(app, org, &delivery.id, at).await?;
        match shelf::commit(app, org, ops, delivery.id.to_string(), by).await? {
            Commit::Done => {
                put_attempt(app, org, &delivery, at).await;
                return Ok(());
            }
            Commit::Conflict { .. } if shelf::read(app, org, &delivery.id).await?.is_some() => return Ok(()),
            Commit::Conflict { .. } | Commit::Unknown => {}
        }
    }
    Err(Error::Busy)
}

fn empty(channel: &Channel, at: Timestamp, now: Timestamp) -> Delivery {
    let hash = Sha256::digest(format!("1\n{}\ndigest\n{at}", channel.id));
    Delivery {
        id: DeliveryId::of_hash(&hex(&hash[..13])),
        channel: channel.id.clone(),
        form: DeliveryForm::Digest,
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
