use domain::ids::{ChannelId, OrgId};

use super::channel::Channel;
use crate::ports::{Batch, Commit, Etag, Op, RowRange, StoreError, Table, Value, Witness};
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

/// Stores a new channel, together with what remembers the request that asked for it.
pub(super) async fn insert(app: &App, org: &OrgId, channel: &Channel, request: Option<Op>) -> Result<(), Error> {
    match write(app, org, channel, None, request).await? {
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
        if write(app, org, &channel, Some(etag), None).await? == Commit::Done {
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
    with: Option<Op>,
) -> Result<Commit, StoreError> {
    let by = app.ulid();
    let written = rows::encode_with(row(&channel.id), channel, vec![("by".into(), Value::Text(by.clone()))])?;
    let witness = Witness { row: written.key.clone(), column: "by".into(), id: by };
    let op = match etag {
        Some(etag) => Op::Replace(written, etag),
        None => Op::Insert(written),
    };
    let ops = std::iter::once(op).chain(with).collect();
    let batch = Batch { table: Table::Accounts, partition: partition(org), ops, witness: Some(witness) };
    app.tables.commit(batch).await
}
