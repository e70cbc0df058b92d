use domain::ids::{Bucket, OrgId};
use serde::{Deserialize, Serialize};

use crate::directory::{Counts, Directories, Snapshot};
use crate::ports::{Etag, Row, StoreError, Table, Tables, Value, WriteRow};
use crate::rows;

/// The row that every commit of a bucket updates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// How many events there are: the number of the last one.
    pub events: u64,
    /// Findings by state and severity.
    pub counts: Counts,
    /// The version of each directory chunk.
    pub chunks: Vec<u64>,
    /// How many entries each chunk holds.
    pub lengths: Vec<u32>,
    /// The last 16 commits, newest first.
    #[serde(skip)]
    pub commits: Vec<String>,
}

const KEY: &str = "!head";
const REMEMBERED: usize = 16;
const COMMITS: &str = "commits";

impl Head {
    /// Reads the head; a bucket without one is empty.
    pub async fn read(tables: &dyn Tables, partition: &str) -> Result<(Self, Option<Etag>), StoreError> {
        match tables.get(Table::Exposure, partition, KEY).await? {
            Some(row) => Ok((Self::of(&row)?, Some(row.etag))),
            None => Ok((Self::default(), None)),
        }
    }

    fn of(row: &Row) -> Result<Self, StoreError> {
        let mut head: Self = rows::decode(row)?;
        if let Some(Value::Text(commits)) = row.column(COMMITS) {
            head.commits = commits.split(' ').filter(|c| !c.is_empty()).map(str::to_owned).collect();
        }
        Ok(head)
    }

    /// The row of the head after a commit.
    pub fn row_after(&mut self, commit: &str) -> Result<WriteRow, StoreError> {
        self.commits.insert(0, commit.to_owned());
        self.commits.truncate(REMEMBERED);
        rows::encode_with(KEY, self, vec![(COMMITS.into(), Value::Text(self.commits.join(" ")))])
    }

    /// Where a lost answer to a commit can be looked up.
    pub fn witness(commit: &str) -> crate::ports::Witness {
        crate::ports::Witness { row: KEY.into(), column: COMMITS.into(), id: commit.into() }
    }
}

impl crate::App {
    /// Head and directory of a bucket, for lists: one point read when nothing changed.
    pub async fn snapshot(&self, org: &OrgId, bucket: Bucket) -> Result<(Head, std::sync::Arc<Snapshot>), StoreError> {
        let partition = super::partition(org, bucket);
        let (head, _) = Head::read(&*self.tables, &partition).await?;
        let directories: &Directories = &self.directories;
        let snapshot = directories.snapshot(&*self.tables, &partition, &head.chunks).await?;
        Ok((head, snapshot))
    }
}
