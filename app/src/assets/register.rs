use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::asset::Asset;
use domain::ids::{AssetId, Bucket, OrgId};
use domain::ownership::Owners;
use serde::{Deserialize, Serialize};

use crate::ports::{Batch, Commit, Etag, Op, Row, StoreError, Table, Tables, Value, Witness, WriteRow};
use crate::{App, rows};

/// A chunk of the register's directory holds at most so many bytes.
const CHUNK: usize = 60 * 1024;
const KEY: &str = "!head";
const COMMITS: &str = "commits";

/// The register's head: the versions of its chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    chunks: Vec<u64>,
    #[serde(skip)]
    commits: Vec<String>,
}

/// All assets of an organization at one version of the register, without their notes.
pub struct Register {
    head: Head,
    etag: Option<Etag>,
    chunks: Vec<Chunk>,
    index: Arc<Index>,
}

/// Shared with whoever shows one: an answer names the same few assets many times over.
type Chunk = Arc<Vec<Arc<Asset>>>;

/// What is worked out once per version of the register.
struct Index {
    owners: Owners,
    /// Chunk and place of each asset, by ulid.
    places: HashMap<String, (usize, usize)>,
}

type Cached = (Vec<u64>, Vec<Chunk>, Arc<Index>);
/// The registers that a process has read, by organization.
#[derive(Default)]
pub(crate) struct Registers(Mutex<HashMap<OrgId, Cached>>);

impl Registers {
    fn get(&self, org: &OrgId) -> Option<Cached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(org).cloned()
    }

    fn keep(&self, org: &OrgId, read: Cached) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MANY {
            known.clear();
        }
        known.insert(org.clone(), read);
    }
}

/// A process remembers so many organizations; then it starts anew.
const MANY: usize = 256;

impl Register {
    /// Reads it: one point read when nothing changed since this process read it last.
    pub async fn read(app: &App, org: &OrgId) -> Result<Self, StoreError> {
        let row = app.tables.get(Table::Assets, org.as_str(), KEY).await?;
        let (head, etag) = match row {
            Some(row) => (head_of(&row)?, Some(row.etag)),
            None => (Head::default(), None),
        };
        let registers = app.directories.registers();
        let cached = registers.get(org);
        if let Some((versions, chunks, index)) = &cached
            && versions == &head.chunks
        {
            return Ok(Self { head, etag, chunks: chunks.clone(), index: Arc::clone(index) });
        }
        let (old_versions, old_chunks) = cached.map(|(v, c, _)| (v, c)).unwrap_or_default();
        let stale = |n: usize| old_versions.get(n) != head.chunks.get(n);
        let wanted: Vec<usize> = (0..head.chunks.len()).filter(|n| stale(*n)).collect();
        let keys: Vec<String> = wanted.iter().map(|n| chunk_key(*n)).collect();
        let found =
            if keys.is_empty() { Vec::new() } else { app.tables.get_many(Table::Assets, org.as_str(), &keys).await? };
        let mut chunks = old_chunks;
        chunks.resize(head.chunks.len(), Arc::new(Vec::new()));
        for (number, row) in wanted.into_iter().zip(found) {
            let row = row.ok_or_else(|| StoreError::Corrupt(format!("register chunk {number} of {org} is missing")))?;
            chunks[number] = Arc::new(chunk_of(&row)?);
        }
        let index = Arc::new(Index::of(&chunks));
        registers.keep(org, (head.chunks.clone(), chunks.clone(), Arc::clone(&index)));
        Ok(Self { head, etag, chunks, index })
    }

    /// All assets, retired ones too, in the order in which they were registered.
    pub fn assets(&self) -> impl Iterator<Item = &Asset> {
        self.chunks.iter().flat_map(|c| c.iter().map(|a| &**a))
    }

    /// One asset.
    pub fn find(&self, id: &AssetId) -> Option<&Asset> {
        self.share(id).map(|asset| &**asset)
    }

    /// The same, to be kept.
    pub fn share(&self, id: &AssetId) -> Option<&Arc<Asset>> {
        let (chunk, place) = self.index.places.get(&id.ulid)?;
        self.chunks.get(*chunk)?.get(*place).filter(|a| a.id == *id)
    }

    /// The asset with this ulid.
    pub(crate) fn by_ulid(&self, ulid: &str) -> Option<&Asset> {
        let (chunk, place) = self.index.places.get(ulid)?;
        self.chunks.get(*chunk)?.get(*place).map(|asset| &**asset)
    }

    /// Whose is an address.
    pub fn owners(&self) -> &Owners {
        &self.index.owners
    }

    /// Takes assets (new ones and changed ones) into the register together with further rows, all or nothing.
    /// `Ok(false)`: overtaken, or a row of `ops` met a conflict: read again.
    pub async fn commit(&self, app: &App, org: &OrgId, assets: &[Asset], ops: Vec<Op>) -> Result<Commit, StoreError> {
        self.write(app, org, assets, &[], ops).await
    }

    /// Takes assets out of the register together with further rows, all or nothing. Their own rows are the caller's.
    pub async fn commit_without(
        &self,
        app: &App,
        org: &OrgId,
        gone: &[AssetId],
        ops: Vec<Op>,
    ) -> Result<Commit, StoreError> {
        self.write(app, org, &[], gone, ops).await
    }

    async fn write(
        &self,
        app: &App,
        org: &OrgId,
        assets: &[Asset],
        gone: &[AssetId],
        mut ops: Vec<Op>,
    ) -> Result<Commit, StoreError> {
        let mut head = self.head.clone();
        let mut chunks: HashMap<usize, Vec<Arc<Asset>>> = HashMap::new();
        let mut sizes: HashMap<usize, usize> = HashMap::new();
        for asset in assets {
            ops.push(Op::Upsert(rows::encode(row_key(&asset.id), asset)?));
            let slim = Arc::new(Asset { notes: None, ..asset.clone() });
            let place = self.chunks.iter().position(|c| c.iter().any(|a| a.id == asset.id));
            let pending = chunks.iter().find(|(_, c)| c.iter().any(|a| a.id == asset.id)).map(|(n, _)| *n);
            let number = pending.or(place).unwrap_or_else(|| self.room(&mut head, &chunks, &mut sizes));
            let chunk = chunks.entry(number).or_insert_with(|| {
                head.chunks[number] += 1;
                self.chunks.get(number).map(|c| c.to_vec()).unwrap_or_default()
            });
            match chunk.iter_mut().find(|a| a.id == slim.id) {
                Some(old) => *old = slim,
                None => chunk.push(slim),
            }
        }
        for id in gone {
            let Some((number, _)) = self.index.places.get(&id.ulid) else { continue };
            let chunk = chunks.entry(*number).or_insert_with(|| {
                head.chunks[*number] += 1;
                self.chunks.get(*number).map(|c| c.to_vec()).unwrap_or_default()
            });
            chunk.retain(|a| a.id != *id);
        }
        for (number, chunk) in &chunks {
            ops.push(Op::Upsert(chunk_row(*number, chunk)?));
        }
        let commit = app.ulid();
        head.commits.insert(0, commit.clone());
        head.commits.truncate(16);
        let row = rows::encode_with(KEY, &head, vec![(COMMITS.into(), Value::Text(head.commits.join(" ")))])?;
        ops.push(match &self.etag {
            Some(etag) => Op::Replace(row, etag.clone()),
            None => Op::Insert(row),
        });
        let witness = Some(Witness { row: KEY.into(), column: COMMITS.into(), id: commit });
        app.tables.commit(Batch { table: Table::Assets, partition: org.to_string(), ops, witness }).await
    }

    /// The last chunk, or a new one when it is full.
    fn room(
        &self,
        head: &mut Head,
        pending: &HashMap<usize, Vec<Arc<Asset>>>,
        sizes: &mut HashMap<usize, usize>,
    ) -> usize {
        if let Some(last) = head.chunks.len().checked_sub(1) {
            let assets = pending.get(&last).map_or_else(|| self.chunks.get(last).map_or(0, |c| size(c)), |c| size(c));
            sizes.insert(last, assets);
            if assets < CHUNK - 6 * 1024 {
                return last;
            }
        }
        head.chunks.push(0);
        head.chunks.len() - 1
    }
}

impl Index {
    fn of(chunks: &[Chunk]) -> Self {
        let mut places = HashMap::new();
        for (number, chunk) in chunks.iter().enumerate() {
            places.extend(chunk.iter().enumerate().map(|(place, a)| (a.id.ulid.clone(), (number, place))));
        }
        Self { owners: Owners::of(chunks.iter().flat_map(|c| c.iter().map(|a| &**a))), places }
    }
}

fn size(assets: &[Arc<Asset>]) -> usize {
    serde_json::to_vec(assets).map_or(CHUNK, |v| v.len())
}

fn head_of(row: &Row) -> Result<Head, StoreError> {
    let mut head: Head = rows::decode(row)?;
    if let Some(Value::Text(commits)) = row.column(COMMITS) {
        head.commits = commits.split(' ').filter(|c| !c.is_empty()).map(str::to_owned).collect();
    }
    Ok(head)
}

/// The key of an asset's row.
pub(crate) fn row_key(id: &AssetId) -> String {
    format!("a|{}", id.ulid)
}

fn chunk_key(number: usize) -> String {
    format!("i|{number:05}")
}

fn chunk_row(number: usize, assets: &[Arc<Asset>]) -> Result<WriteRow, StoreError> {
    rows::encode(chunk_key(number), &assets)
}

fn chunk_of(row: &Row) -> Result<Vec<Arc<Asset>>, StoreError> {
    rows::decode(row)
}

/// Reads one asset with its notes.
pub(crate) async fn read_asset(tables: &dyn Tables, org: &OrgId, id: &AssetId) -> Result<Option<Asset>, StoreError> {
    let row = tables.get(Table::Assets, org.as_str(), &row_key(id)).await?;
    let asset: Option<Asset> = row.as_ref().map(rows::decode).transpose()?;
    Ok(asset.filter(|a| a.id == *id))
}

/// The bucket that new assets go to.
pub(crate) const BUCKET: Bucket = Bucket(0);
