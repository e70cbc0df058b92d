use std::collections::HashMap;

use domain::asset::{Asset, DeviceProfile, MonitoringState};
use domain::ids::{AssetId, Bucket, OrgId};
use domain::observation::DataSource;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::columns;
use crate::agenda::{self, Due};
use crate::ports::{Op, Row, StoreError, Table};
use crate::{App, ledger, rows};

/// At most so many assets are polled as one unit.
pub const GROUP_SIZE: usize = 256;

/// How the monitoring of one asset goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Ulid of the asset.
    #[serde(rename = "a")]
    pub asset: String,
    /// When it is to be polled next.
    #[serde(rename = "d")]
    pub due: Timestamp,
    /// When it was last polled with an answer.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub polled: Option<Timestamp>,
    /// When the source itself last saw something.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Timestamp>,
    /// Hash of the last answer.
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// What the last answer was judged by: rules, settings, the asset's own version.
    #[serde(rename = "g", default, skip_serializing_if = "String::is_empty")]
    pub judged_by: String,
    /// Names the CVEs that it is concerned with.
    #[serde(rename = "c", default, skip_serializing_if = "String::is_empty")]
    pub watched: String,
    /// Since when something about it waits for facts about vulnerabilities.
    #[serde(rename = "z", default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<Timestamp>,
    /// When time alone changes something.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<Timestamp>,
    /// The first poll is done.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub first_done: bool,
    /// How it stands.
    #[serde(rename = "s")]
    pub status: MonitoringState,
    /// Failed polls in a row.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// What the last failure was.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who answered.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<DataSource>,
    /// When a whole answer last came.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Timestamp>,
    /// The banners that it showed lately, packed hashes. They lie in columns of their own.
    #[serde(skip)]
    pub seen: Vec<u8>,
    /// What was asked for it this month.
    #[serde(rename = "u", default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
    /// When nobody answered about it, from and to, in order.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<(Timestamp, Timestamp)>,
    /// What its services tell of the device.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub told: Option<DeviceProfile>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Member {
    /// A member that was never polled: due now.
    pub fn new(asset: &AssetId, now: Timestamp) -> Self {
        Self {
            asset: asset.ulid.clone(),
            due: now,
            polled: None,
            observed: None,
            answer: String::new(),
            judged_by: String::new(),
            watched: String::new(),
            awaits: None,
            wake: None,
            first_done: false,
            status: MonitoringState::Waiting,
            failures: 0,
            error: None,
            source: None,
            whole: None,
            seen: Vec::new(),
            usage: Usage::default(),
            silences: Vec::new(),
            told: None,
        }
    }

    /// When something is to be done for it.
    pub fn next(&self) -> Timestamp {
        self.wake.map_or(self.due, |w| w.min(self.due))
    }
}

/// What was asked for one asset in a month. A request for several counts as a part for each, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The month, such as 202611.
    #[serde(rename = "m")]
    pub month: u32,
    /// Thousandths of requests.
    #[serde(rename = "c")]
    pub calls: u32,
    /// Thousandths of query credits.
    #[serde(rename = "q")]
    pub credits: u32,
}

impl Usage {
    fn is_empty(&self) -> bool {
        self.calls == 0
    }

    /// What was asked for in the month of this instant.
    #[must_use]
    pub fn in_month(self, now: Timestamp) -> Self {
        let month = super::budget::month(now);
        if self.month == month { self } else { Self { month, ..Self::default() } }
    }

    /// Adds the part of a request; a new month starts at nothing.
    pub(super) fn add(&mut self, month: u32, calls: u32, credits: u32) {
        if self.month != month {
            *self = Self { month, ..Self::default() };
        }
        self.calls = self.calls.saturating_add(calls);
        self.credits = self.credits.saturating_add(credits);
    }
}

/// The unit of polling: it commits with the decisions about its members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PollGroup {
    /// Its number within the bucket.
    pub id: u32,
    /// Its active assets.
    pub members: Vec<Member>,
    /// The hint that points to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Timestamp>,
}

/// Keys of groups with less than this number lie in the order of the numbers.
const MOST_IN_ORDER: u32 = 100_000;
/// Bytes of a group's row, of the 1 MiB that a row may have: a character counts two, and the names of columns count too.
const LONGEST: usize = 1_000_000;

impl PollGroup {
    fn key(id: u32) -> String {
        format!("g|{id:05}")
    }

    /// Reads a group; one that was never written is empty.
    pub async fn read(app: &App, partition: &str, id: u32) -> Result<Self, StoreError> {
        let row = app.tables.get(Table::Exposure, partition, &Self::key(id)).await?;
        let group = row.as_ref().map(Self::of).transpose()?;
        Ok(group.unwrap_or(Self { id, ..Self::default() }))
    }

    /// Reads several groups, in the order of their numbers given.
    pub async fn read_several(app: &App, partition: &str, ids: &[u32]) -> Result<Vec<Self>, StoreError> {
        let keys: Vec<String> = ids.iter().map(|id| Self::key(*id)).collect();
        let rows = if are_close(ids) {
            let (first, last) = (keys.iter().min(), keys.iter().max());
            let (first, last) = (first.cloned().unwrap_or_default(), last.cloned().unwrap_or_default());
            let found = rows::between(&*app.tables, Table::Exposure, partition, first, &last).await?;
            let mut found: HashMap<String, Row> = found.into_iter().map(|row| (row.key.clone(), row)).collect();
            keys.iter().map(|key| found.remove(key)).collect()
        } else {
            app.tables.get_many(Table::Exposure, partition, &keys).await?
        };
        let read = |(id, row): (&u32, Option<Row>)| -> Result<Self, StoreError> {
            let group = row.as_ref().map(Self::of).transpose()?;
            Ok(group.unwrap_or(Self { id: *id, ..Self::default() }))
        };
        ids.iter().zip(rows).map(read).collect()
    }

    /// The change that writes it.
    pub fn op(&self) -> Result<Op, StoreError> {
        let mut row = rows::encode(Self::key(self.id), self)?;
        let room = LONGEST.saturating_sub(2 * rows::text_len(&row));
        let lists = self.members.iter().map(|member| member.seen.as_slice());
        row.columns.extend(columns::of(lists, room));
        Ok(Op::Upsert(row))
    }

    fn of(row: &Row) -> Result<Self, StoreError> {
        let mut group: Self = rows::decode(row)?;
        for (member, seen) in group.members.iter_mut().zip(columns::read(row)) {
            member.seen = seen;
        }
        Ok(group)
    }

    /// When it is due: the least of its members'. Empty groups never are.
    pub fn next(&self) -> Option<Timestamp> {
        self.members.iter().map(Member::next).min()
    }

    /// A member whose asset was changed: judged, and if need be polled, at the next tick.
    pub(crate) fn refresh(&mut self, asset: &Asset, now: Timestamp) {
        match self.members.iter_mut().find(|m| m.asset == asset.id.ulid) {
            Some(member) => {
                member.due = now;
                member.judged_by.clear();
            }
            None if asset.retired_at.is_none() => self.members.push(Member::new(&asset.id, now)),
            None => {}
        }
    }

    /// Makes the tick look at a group now. Written before whatever makes it due.
    pub async fn hint_now(app: &App, org: &OrgId, bucket: Bucket, group: &Self) -> Result<(), StoreError> {
        Self::hint_at(app, org, bucket, group.id, app.now()).await
    }

    /// Makes the tick look at a group at an instant. A hint too many is taken away when it is followed.
    pub(crate) async fn hint_at(
        app: &App,
        org: &OrgId,
        bucket: Bucket,
        group: u32,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        move_hints(app, vec![Op::Upsert(agenda::reminder(app, hint_key(at, org, bucket, group)))]).await
    }

    /// Makes the tick judge an asset anew at an instant at the latest. `true`: that is sooner than it would have been.
    pub(crate) fn wake_by(&mut self, asset: &AssetId, at: Timestamp) -> bool {
        let Some(member) = self.members.iter_mut().find(|m| m.asset == asset.ulid) else { return false };
        let sooner = member.wake.is_none_or(|wake| at < wake);
        if sooner {
            member.wake = Some(at);
        }
        sooner
    }

    /// Has all members judged anew that were judged by another stamp than theirs now (`None`: the asset is gone). `true`:
    /// there are such.
    pub(crate) fn wake_judged_otherwise(&mut self, stamp: impl Fn(&str) -> Option<String>, now: Timestamp) -> bool {
        let mut any = false;
        for member in self.members.iter_mut().filter(|m| m.first_done && m.wake.is_none_or(|wake| wake > now)) {
            if stamp(&member.asset).is_some_and(|stamp| stamp != member.judged_by) {
                member.wake = Some(now);
                any = true;
            }
        }
        any
    }

    /// What moves the hints that were followed to the group's next instant.
    pub(super) fn rehint(&self, app: &App, org: &OrgId, bucket: Bucket, old: &[String]) -> Vec<Op> {
        let now = app.now();
        let new = self.next().map(|next| hint_key(next, org, bucket, self.id));
        // The hint of a group that is being founded at this moment comes before its first member.
        let founding = |hint: &String| new.is_none() && now.duration_since(hinted(hint)) < FOUNDING;
        let gone = old.iter().filter(|hint| Some(*hint) != new.as_ref() && !founding(hint));
        let come =
            new.iter().filter(|new| !old.contains(new)).map(|new| Op::Upsert(agenda::reminder(app, new.clone())));
        // The new one is there before an old one goes.
        come.chain(gone.map(|hint| Op::Delete { key: hint.clone(), etag: None })).collect()
    }
}

/// Is one range over all of them, with what lies between, cheaper than a request for each?
fn are_close(ids: &[u32]) -> bool {
    let (first, last) = (ids.iter().min().copied().unwrap_or(0), ids.iter().max().copied().unwrap_or(0));
    ids.len() > 1 && last < MOST_IN_ORDER && (last - first) as usize <= 2 * ids.len()
}

/// Writes hints and takes old ones away, together.
pub(super) async fn move_hints(app: &App, ops: Vec<Op>) -> Result<(), StoreError> {
    agenda::write(app, ops).await
}

/// A group without members may be on its way for so long.
const FOUNDING: SignedDuration = SignedDuration::from_mins(5);

/// The instant of a hint.
fn hinted(key: &str) -> Timestamp {
    Due::Poll.read(key).map_or(Timestamp::UNIX_EPOCH, |(at, _)| at)
}

/// A group's row of the agenda, in the order of time.
pub(super) fn hint_key(due: Timestamp, org: &OrgId, bucket: Bucket, group: u32) -> String {
    Due::Poll.key(due, &format!("{}:{group:05}", ledger::partition(org, bucket)))
}

/// What a hint points to: organization, bucket, group.
pub(super) fn read_hint(key: &str) -> Option<(OrgId, Bucket, u32)> {
    let mut parts = Due::Poll.read(key)?.1.splitn(3, ':');
    let (org, bucket, group) = (parts.next()?, parts.next()?, parts.next()?);
    Some((org.parse().ok()?, Bucket(u8::from_str_radix(bucket, 16).ok()?), group.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Batch, Commit, Tables};
    use crate::testing::MemoryTables;

    /// A group of networks each of which showed as many banners as are remembered.
    fn full(members: usize) -> PollGroup {
        let id = |n: usize| format!("asset_0001J8ZQ4W3E9V6T5R2P1N{n:06}").parse::<AssetId>().unwrap();
        let member = |n| Member {
            seen: vec![7; 48 * 1024],
            error: Some("Ä".repeat(300)),
            ..Member::new(&id(n), Timestamp::UNIX_EPOCH)
        };
        PollGroup { id: 0, members: (0..members).map(member).collect(), hint: None }
    }

    #[tokio::test]
    async fn a_group_of_many_networks_forgets_banners_rather_than_not_fit_into_its_row() {
        let tables = MemoryTables::default();
        for members in [1, 18, 20, 22, 60, 100, GROUP_SIZE] {
            let op = full(members).op().unwrap();
            let Op::Upsert(row) = op.clone() else { panic!("a group is written whatever was there") };
            let partition = format!("org_01J8ZQ4W3E9V6T5R2P1N0M8K7H:{members:02x}");
            let batch = Batch { table: Table::Exposure, partition: partition.clone(), ops: vec![op], witness: None };
            assert_eq!(
                tables.commit(batch).await.unwrap(),
                Commit::Done,
                "{members}: {} characters",
                rows::text_len(&row)
            );
            let read = tables.get(Table::Exposure, &partition, &PollGroup::key(0)).await.unwrap().unwrap();
            let group = PollGroup::of(&read).unwrap();
            let kept: usize = group.members.iter().map(|m| m.seen.len()).sum();
            assert!(group.members.iter().all(|m| m.seen.len() % 6 == 0));
            assert!(kept >= (48 * 1024 * members).min(500_000), "{members}: {kept}");
        }
    }
}
