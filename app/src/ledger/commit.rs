use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;

use domain::event::{Draft, Event};
use domain::finding::Finding;
use domain::ids::{Bucket, EventId, FindingId, OrgId};
use domain::payload::{self, Frame};
use thiserror::Error;

use super::batches::fitting;
use super::head::Head;
use crate::agenda::{self, Mark};
use crate::audit;
use crate::directory::{CAPACITY, Directories, Entry, encode};
use crate::ports::{Batch, Columns, Commit, Etag, Op, StoreError, Table, Value, WriteRow};
use crate::{App, rows};

/// A finding on its way into the ledger: its row and its directory entry are written here.
#[derive(Clone, Debug)]
pub struct Entered {
    /// As it is now.
    pub finding: Finding,
    /// Its state and severity as they were counted before; `None`: it is new.
    pub counted: Option<(domain::finding::FindingState, domain::severity::Severity)>,
    /// The chunk that holds its entry; `None`: it has none yet.
    pub chunk: Option<u16>,
}

/// A finding on its way out of the ledger.
#[derive(Clone, Debug)]
pub struct Gone {
    /// Which.
    pub id: FindingId,
    /// Its state and severity as they were counted.
    pub counted: (domain::finding::FindingState, domain::severity::Severity),
    /// The chunk that holds its entry.
    pub chunk: Option<u16>,
}

/// One finding or service with everything that must be stored with it.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Rows of its own.
    pub ops: Vec<Op>,
    /// Findings.
    pub entries: Vec<Entered>,
    /// Its events.
    pub drafts: Vec<Draft>,
    /// Findings that are no more.
    pub gone: Vec<Gone>,
}

/// Why a commit did not happen.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Somebody else committed in between: read again, decide again.
    #[error("overtaken by another commit")]
    Overtaken,
    /// Nothing told whether it was applied: read again, decide again.
    #[error("the answer got lost")]
    Unknown,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for crate::Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            CommitError::Overtaken | CommitError::Unknown => Self::Busy,
        }
    }
}

/// A bucket as it was when its head was read. Decide by what is read after opening; then commit.
pub struct Session<'a> {
    app: &'a App,
    org: &'a OrgId,
    organization: &'a str,
    bucket: Bucket,
    partition: String,
    head: Head,
    etag: Option<Etag>,
}

impl App {
    /// Opens a bucket's ledger. `organization` is the name that events carry.
    pub async fn open_ledger<'a>(
        &'a self,
        org: &'a OrgId,
        organization: &'a str,
        bucket: Bucket,
    ) -> Result<Session<'a>, StoreError> {
        let partition = super::partition(org, bucket);
        let (head, etag) = Head::read(&*self.tables, &partition).await?;
        Ok(Session { app: self, org, organization, bucket, partition, head, etag })
    }
}

impl Session<'_> {
    /// The head as it was read.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The partition.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Commits decisions in as many batches as they need, the last decision in the last batch, and hands their
    /// events to the queue: those of one batch while the next is being stored. After an error nothing of the failed
    /// batch is stored; earlier ones are.
    pub async fn commit(&mut self, decisions: Vec<Decision>) -> Result<Vec<Event>, CommitError> {
        if decisions.iter().any(|d| !d.drafts.is_empty()) {
            self.app.mark_dirty(self.org, self.bucket).await?;
        }
        let (app, org) = (self.app, self.org);
        let mut events: Vec<Event> = Vec::new();
        let mut handed = 0;
        let mut rest = decisions.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest));
            let first = rest.len() == decisions.len();
            let storing = async {
                if !first {
                    self.read_on().await?;
                }
                self.commit_batch(now).await
            };
            let (stored, ()) = tokio::join!(storing, app.queue_routing(org, &events[handed..]));
            handed = events.len();
            events.extend(stored?);
            rest = later;
        }
        app.queue_routing(org, &events[handed..]).await;
        Ok(events)
    }

    /// The head again, if nobody committed after us.
    async fn read_on(&mut self) -> Result<(), CommitError> {
        let ours = self.head.commits.first().cloned();
        let (head, etag) = Head::read(&*self.app.tables, &self.partition).await?;
        if head.commits.first() != ours.as_ref() {
            return Err(CommitError::Overtaken);
        }
        (self.head, self.etag) = (head, etag);
        Ok(())
    }

    async fn commit_batch(&mut self, decisions: &[Decision]) -> Result<Vec<Event>, CommitError> {
        let commit = self.app.ulid();
        let mut head = self.head.clone();
        let mut ops: Vec<Op> = decisions.iter().flat_map(|d| d.ops.iter().cloned()).collect();
        let chunks = self.enter(&mut head, decisions, &mut ops).await?;
        let mut events = Vec::new();
        for draft in decisions.iter().flat_map(|d| &d.drafts) {
            head.events += 1;
            let event = self.event(draft, head.events);
            let row = event.id.row();
            ops.push(Op::Insert(rows::encode(row.as_str(), &event)?));
            ops.push(Op::Insert(WriteRow { key: row.replacen('e', "o", 1), columns: outbox_columns(self.app) }));
            if let Some(entry) = audit::Entry::of_event(self.app, &event)? {
                ops.push(entry.op()?);
            }
            events.push(event);
        }
        for (number, chunk) in &chunks {
            let version = head.chunks.get(usize::from(*number)).copied().unwrap_or(0);
            ops.push(Op::Upsert(chunk_row(*number, version, chunk)));
        }
        let row = head.row_after(&commit)?;
        ops.push(match &self.etag {
            Some(etag) => Op::Replace(row, etag.clone()),
            None => Op::Insert(row),
        });
        let batch = Batch {
            table: Table::Exposure,
            partition: self.partition.clone(),
            ops,
            witness: Some(Head::witness(&commit)),
        };
        match self.app.tables.commit(batch).await? {
            Commit::Done => {}
            Commit::Conflict { .. } => return Err(CommitError::Overtaken),
            Commit::Unknown => return Err(CommitError::Unknown),
        }
        for (number, chunk) in chunks {
            let version = head.chunks.get(usize::from(number)).copied().unwrap_or(0);
            self.app.directories.remember(&self.partition, number, version, Arc::new(chunk));
        }
        self.head = head;
        Ok(events)
    }

    /// Takes the findings into head and directory: their rows, their counts, the chunks that changed.
    async fn enter(
        &self,
        head: &mut Head,
        decisions: &[Decision],
        ops: &mut Vec<Op>,
    ) -> Result<BTreeMap<u16, Vec<Entry>>, StoreError> {
        let mut changed: BTreeMap<u16, Vec<Entry>> = BTreeMap::new();
        for entered in decisions.iter().flat_map(|d| &d.entries) {
            let number = match entered.chunk {
                Some(number) => number,
                None => chunk_with_room(head),
            };
            let entry = Entry::of(&entered.finding);
            let chunk = self.chunk(head, &mut changed, number).await?;
            if let Some(old) = chunk.iter_mut().find(|e| e.is(&entry)) {
                *old = entry;
            } else {
                chunk.push(entry);
                head.lengths[usize::from(number)] += 1;
            }
            if let Some((state, severity)) = entered.counted {
                head.counts.remove(state, severity);
            }
            head.counts.add(entered.finding.state, entered.finding.severity);
            ops.push(Op::Upsert(finding_row(&entered.finding, number)?));
        }
        for gone in decisions.iter().flat_map(|d| &d.gone) {
            if let Some(number) = gone.chunk {
                let chunk = self.chunk(head, &mut changed, number).await?;
                let before = chunk.len();
                chunk.retain(|e| e.id(self.bucket) != gone.id);
                let length = &mut head.lengths[usize::from(number)];
                *length = length.saturating_sub(u32::try_from(before - chunk.len()).unwrap_or(0));
            }
            head.counts.remove(gone.counted.0, gone.counted.1);
            ops.push(Op::Delete { key: gone.id.row(), etag: None });
        }
        Ok(changed)
    }

    /// A chunk that this batch changes, as it stands so far.
    async fn chunk<'c>(
        &self,
        head: &mut Head,
        changed: &'c mut BTreeMap<u16, Vec<Entry>>,
        number: u16,
    ) -> Result<&'c mut Vec<Entry>, StoreError> {
        Ok(match changed.entry(number) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(slot) => {
                let read = if usize::from(number) < self.head.chunks.len() {
                    let directories = &self.app.directories;
                    let tables = &*self.app.tables;
                    let found = directories.chunks(tables, &self.partition, &self.head.chunks, &[number]).await?;
                    found.first().map(|c| c.to_vec()).unwrap_or_default()
                } else {
                    Vec::new()
                };
                head.chunks[usize::from(number)] += 1;
                slot.insert(read)
            }
        })
    }

    fn event(&self, draft: &Draft, number: u64) -> Event {
        let id = EventId { bucket: self.bucket, number };
        let sequence = format!("{}{number:013}", self.bucket);
        let frame = Frame {
            organization: (self.org.as_str(), self.organization),
            sequence: &sequence,
            public_url: &self.app.settings.public_url,
        };
        Event {
            id,
            kind: draft.kind,
            at: self.app.now(),
            subjects: draft.subjects.clone(),
            actor: draft.actor.clone(),
            changes: draft.changes.clone(),
            first_poll: draft.first_poll,
            payload: payload::data(draft, frame),
        }
    }
}

impl App {
    /// The tick drains the outboxes that are marked; so the mark is there before the outbox row.
    pub(crate) async fn mark_dirty(&self, org: &OrgId, bucket: Bucket) -> Result<(), StoreError> {
        let key = Mark::Dirty.key(&super::partition(org, bucket));
        agenda::write(self, vec![Op::Upsert(agenda::reminder(self, key))]).await
    }
}

fn outbox_columns(app: &App) -> Columns {
    vec![("v".into(), Value::Int(rows::VERSION)), ("at".into(), Value::Int(app.now().as_millisecond()))]
}

/// A finding's row names the chunk of its entry, so that a change touches that chunk alone.
fn finding_row(finding: &Finding, chunk: u16) -> Result<WriteRow, StoreError> {
    rows::encode_with(finding.id.row(), finding, vec![("chunk".into(), Value::Int(i64::from(chunk)))])
}

fn chunk_row(number: u16, version: u64, entries: &[Entry]) -> WriteRow {
    let columns = vec![
        ("v".into(), Value::Int(rows::VERSION)),
        ("version".into(), Value::Int(i64::try_from(version).unwrap_or(i64::MAX))),
        ("entries".into(), Value::Bytes(encode(entries))),
    ];
    WriteRow { key: Directories::row(number), columns }
}

fn chunk_with_room(head: &mut Head) -> u16 {
    let full = head.lengths.last().is_none_or(|n| *n as usize >= CAPACITY);
    if full {
        head.chunks.push(0);
        head.lengths.push(0);
    }
    u16::try_from(head.chunks.len() - 1).unwrap_or(u16::MAX)
}
