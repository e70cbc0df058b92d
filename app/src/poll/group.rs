use domain::asset::{Asset, MonitoringState};
use domain::ids::{AssetId, Bucket, OrgId};
use domain::observation::DataSource;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ports::{Batch, Commit, Op, StoreError, Table, WriteRow};
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
    /// When nobody answered about it, from and to, in order.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<(Timestamp, Timestamp)>,
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
            wake: None,
            first_done: false,
            status: MonitoringState::Waiting,
            failures: 0,
            error: None,
            source: None,
            silences: Vec::new(),
        }
    }

    /// When something is to be done for it.
    pub fn next(&self) -> Timestamp {
        self.wake.map_or(self.due, |w| w.min(self.due))
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

/// The partition of the hints in `schedule`.
pub(crate) const HINTS: &str = "hints";

impl PollGroup {
    fn key(id: u32) -> String {
        format!("g|{id:05}")
    }

    /// Reads a group; one that was never written is empty.
    pub async fn read(app: &App, partition: &str, id: u32) -> Result<Self, StoreError> {
        let row = app.tables.get(Table::Exposure, partition, &Self::key(id)).await?;
        let group: Option<Self> = row.as_ref().map(rows::decode).transpose()?;
        Ok(group.unwrap_or(Self { id, ..Self::default() }))
    }

    /// The change that writes it.
    pub fn op(&self) -> Result<Op, StoreError> {
        Ok(Op::Upsert(rows::encode(Self::key(self.id), self)?))
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
        move_hint(app, None, &hint_key(at, org, bucket, group)).await
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

    /// Moves the hint to the group's next instant: the new one is there before the old one goes.
    pub(super) async fn rehint(&self, app: &App, org: &OrgId, bucket: Bucket, old: &str) -> Result<(), StoreError> {
        if let Some(next) = self.next() {
            return move_hint(app, Some(old), &hint_key(next, org, bucket, self.id)).await;
        }
        // The hint of a group that is being founded at this moment comes before its first member.
        if app.now().duration_since(hinted(old)) < FOUNDING {
            return Ok(());
        }
        let ops = vec![Op::Delete { key: old.to_owned(), etag: None }];
        app.tables.commit(Batch { table: Table::Schedule, partition: HINTS.into(), ops, witness: None }).await?;
        Ok(())
    }
}

/// A group without members may be on its way for so long.
const FOUNDING: SignedDuration = SignedDuration::from_mins(5);

/// The instant of a hint.
fn hinted(key: &str) -> Timestamp {
    let seconds = key.split(':').next().and_then(|s| s.parse().ok()).unwrap_or(0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `{due:010}:{org}:{bucket}:{group:05}`: in the order of time.
pub(super) fn hint_key(due: Timestamp, org: &OrgId, bucket: Bucket, group: u32) -> String {
    format!("{:010}:{}", due.as_second().max(0), hint_tail(&ledger::partition(org, bucket), group))
}

fn hint_tail(partition: &str, group: u32) -> String {
    format!("{partition}:{group:05}")
}

/// What a hint points to: organization, bucket, group.
pub(super) fn read_hint(key: &str) -> Option<(OrgId, Bucket, u32)> {
    let mut parts = key.splitn(4, ':');
    let (_due, org, bucket, group) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some((org.parse().ok()?, Bucket(u8::from_str_radix(bucket, 16).ok()?), group.parse().ok()?))
}

async fn move_hint(app: &App, old: Option<&str>, new: &str) -> Result<(), StoreError> {
    if old == Some(new) {
        return Ok(());
    }
    let columns = vec![("v".into(), crate::ports::Value::Int(rows::VERSION))];
    let mut ops = vec![Op::Upsert(WriteRow { key: new.to_owned(), columns })];
    ops.extend(old.map(|key| Op::Delete { key: key.to_owned(), etag: None }));
    match app.tables.commit(Batch { table: Table::Schedule, partition: HINTS.into(), ops, witness: None }).await? {
        Commit::Done => Ok(()),
        Commit::Conflict { .. } | Commit::Unknown => {
            Err(StoreError::Unavailable("the hint could not be written".into()))
        }
    }
}
