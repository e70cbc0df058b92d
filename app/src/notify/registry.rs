use domain::event::Change;
use domain::ids::{ChannelId, OrgId};

use super::channel::{Channel, ChannelKind, Recipient};
use crate::access::Caller;
use crate::audit::{Act, Deed};
use crate::ports::{Batch, Commit, Etag, Op, RowRange, StoreError, Table, Value, Witness};
use crate::repeat::{Before, ClientRequest, Slot};
use crate::{App, Error, rows};

/// A change that was overtaken is tried again so often.
const TRIES: usize = 8;
/// Tombstones included; no organization gets there at 50 living channels.
const MOST: usize = 1_000;

/// The partition of an organization's channels in `accounts`.
pub(super) fn partition(org: &OrgId) -> String {
    format!("org:{org}")
}

/// The row of a channel.
pub(super) fn row(id: &ChannelId) -> String {
    format!("channel:{}", id.as_str().trim_start_matches("channel_"))
}

/// Reads a channel, a tombstone too.
pub(super) async fn read(app: &App, org: &OrgId, id: &ChannelId) -> Result<Option<(Channel, Etag)>, StoreError> {
    let Some(found) = app.tables.get(Table::Accounts, &partition(org), &row(id)).await? else { return Ok(None) };
    Ok(Some((rows::decode(&found)?, found.etag)))
}

/// All channels of an organization, oldest first, tombstones too. One that cannot be read hides no other.
pub(super) async fn all(app: &App, org: &OrgId) -> Result<Vec<Channel>, StoreError> {
    let mut channels = Vec::new();
    let mut range = RowRange::prefix("channel:", MOST);
    loop {
        let page = app.tables.range(Table::Accounts, &partition(org), range.clone()).await?;
        for found in &page.rows {
            match rows::decode(found) {
                Ok(channel) => channels.push(channel),
                Err(error) => {
                    tracing::error!(%org, row = found.key, %error, "a channel cannot be read and gets nothing");
                }
            }
        }
        match page.next {
            Some(next) => range.from = next,
            None => return Ok(channels),
        }
    }
}

/// Stores a caller's new channel, with the answer to their request if that may be repeated.
pub(super) async fn insert(app: &App, caller: &Caller, channel: &Channel, slot: Option<Slot>) -> Result<(), Error> {
    let answer = slot.map(|slot| slot.fill(app, &channel.id)).transpose()?;
    let act = Act::of(caller, Deed::ChannelCreated, (channel.id.as_str(), &channel.name)).op(app)?;
    match write(app, &caller.org, channel, None, answer.into_iter().chain([act])).await? {
        Commit::Done => Ok(()),
        Commit::Conflict { .. } | Commit::Unknown => Err(Error::Busy),
    }
}

/// The channel that a request made before; otherwise where its answer belongs.
pub(super) async fn before(
    app: &App,
    org: &OrgId,
    request: Option<&ClientRequest>,
) -> Result<Result<Channel, Option<Slot>>, Error> {
    let Some(request) = request else { return Ok(Err(None)) };
    match request.before::<ChannelId>(app, Table::Accounts, &partition(org)).await? {
        Before::Answered(id) => {
            let (channel, _) = read(app, org, &id).await?.ok_or(Error::Busy)?;
            Ok(Ok(channel))
        }
        Before::Not(slot) => Ok(Err(Some(slot))),
    }
}

/// Changes a channel for a caller, as [`amend`] does, and tells the audit log of it in the same batch.
pub(super) async fn amend_by<F>(
    app: &App,
    caller: &Caller,
    id: &ChannelId,
    deed: Deed,
    mut change: F,
) -> Result<Option<Channel>, Error>
where
    F: FnMut(&mut Channel) -> bool + Send,
{
    for _ in 0..TRIES {
        let Some((before, etag)) = read(app, &caller.org, id).await? else { return Ok(None) };
        let mut after = before.clone();
        if !change(&mut after) {
            return Ok(Some(after));
        }
        let act = Act::of(caller, deed, (id.as_str(), &after.name)).changing(changes(&before, &after));
        if write(app, &caller.org, &after, Some(etag), [act.op(app)?]).await? == Commit::Done {
            return Ok(Some(after));
        }
    }
    Err(Error::Busy)
}

/// What the audit log tells of a change. Addresses of receivers often are secrets themselves: that they changed is
/// told, and not to what.
fn changes(before: &Channel, after: &Channel) -> Vec<Change> {
    let what = |field: &str, is: &dyn Fn(&Channel) -> Option<String>| Change::between(field, is(before), is(after));
    let named = what("name", &|c| Some(c.name.clone()));
    let switched = what("enabled", &|c| Some(c.enabled.to_string()));
    let hidden = |field: &str, changed: bool| {
        changed.then(|| Change { field: field.into(), before: None, after: Some("changed".into()) })
    };
    let mut changes: Vec<Change> = named.into_iter().chain(switched).collect();
    changes.extend(hidden("trigger", before.trigger != after.trigger));
    match (&before.kind, &after.kind) {
        (
            ChannelKind::Webhook { url: a, headers_sealed: x, .. },
            ChannelKind::Webhook { url: b, headers_sealed: y, .. },
        ) => {
            changes.extend(hidden("url", a != b));
            changes.extend(hidden("headers", x != y));
        }
        (ChannelKind::Email { recipients: a }, ChannelKind::Email { recipients: b }) => {
            let list = |all: &[Recipient]| all.iter().map(|r| r.email.as_str()).collect::<Vec<_>>().join(" ");
            changes.extend(Change::between("recipients", Some(list(a)), Some(list(b))));
        }
        _ => {}
    }
    changes
}

/// Changes a channel as it is now: `change` says whether there is anything to store, and is asked again when
/// somebody else was faster. `None`: there is no such channel.
pub(super) async fn amend<F>(app: &App, org: &OrgId, id: &ChannelId, mut change: F) -> Result<Option<Channel>, Error>
where
    F: FnMut(&mut Channel) -> bool + Send,
{
    for _ in 0..TRIES {
        let Some((mut channel, etag)) = read(app, org, id).await? else { return Ok(None) };
        if !change(&mut channel) {
            return Ok(Some(channel));
        }
        if write(app, org, &channel, Some(etag), []).await? == Commit::Done {
            return Ok(Some(channel));
        }
    }
    Err(Error::Busy)
}

async fn write(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    etag: Option<Etag>,
    more: impl IntoIterator<Item = Op>,
) -> Result<Commit, StoreError> {
    let by = app.ulid();
    let written = rows::encode_with(row(&channel.id), channel, vec![("by".into(), Value::Text(by.clone()))])?;
    let witness = Witness { row: written.key.clone(), column: "by".into(), id: by };
    let op = match etag {
        Some(etag) => Op::Replace(written, etag),
        None => Op::Insert(written),
    };
    let ops = std::iter::once(op).chain(more).collect();
    let batch = Batch { table: Table::Accounts, partition: partition(org), ops, witness: Some(witness) };
    app.tables.commit(batch).await
}
