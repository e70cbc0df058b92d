use domain::event::Change;
use domain::ids::{ChannelId, OrgId};

use super::changes::changes;
use super::channel::Channel;
use crate::access::Caller;
use crate::audit::{Act, Deed};
use crate::ports::{Batch, Commit, Etag, Op, RowRange, StoreError, Table, Value, Witness};
use crate::{App, Error, rows};

/// A change that was overtaken is tried again so often. Of those who try at once one always gets through, but whoever
/// comes new may be faster: the host alone works on 24 messages at once, and giving up here makes an attempt a repeat.
const TRIES: usize = 64;
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

/// Stores a caller's new channel, with what remembers the request that asked for it and what the audit log tells.
pub(super) async fn insert_by(app: &App, caller: &Caller, channel: &Channel, request: Option<Op>) -> Result<(), Error> {
    let act = Act::of(caller, Deed::ChannelCreated, (channel.id.as_str(), &channel.name)).op(app)?;
    insert(app, &caller.org, channel, request.into_iter().chain([act])).await
}

/// Stores a new channel.
pub(super) async fn insert(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    more: impl IntoIterator<Item = Op>,
) -> Result<(), Error> {
    match write(app, org, channel, None, more).await? {
        Commit::Done => Ok(()),
        Commit::Conflict { .. } | Commit::Unknown => Err(Error::Busy),
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

/// Tells the audit log of what a caller is about to do with a channel that changes nothing of it. Told first: after a
/// crash the log names what was asked for, never too little.
pub(super) async fn tell_audit(
    app: &App,
    caller: &Caller,
    channel: &Channel,
    deed: Deed,
    told: Vec<Change>,
) -> Result<(), Error> {
    let act = Act::of(caller, deed, (channel.id.as_str(), &channel.name)).changing(told);
    let ops = vec![act.op(app)?];
    let batch = Batch { table: Table::Accounts, partition: partition(&caller.org), ops, witness: None };
    match app.tables.commit(batch).await? {
        Commit::Done => Ok(()),
        Commit::Conflict { .. } | Commit::Unknown => Err(Error::Busy),
    }
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
