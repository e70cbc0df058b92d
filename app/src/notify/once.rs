use domain::ids::OrgId;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::registry;
use super::secret::hex;
use crate::ports::{Batch, Etag, Op, StoreError, Table};
use crate::{App, Error, UserError, UserErrorCode, rows};

/// The same id gives the same answer for so long.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// An id has at most so many characters.
const LONGEST: usize = 200;

/// A request that a client may repeat without doing it twice.
pub(super) struct Request<'a> {
    app: &'a App,
    org: &'a OrgId,
    /// Its row; `None`: the client gave no id, so it is new each time.
    key: Option<String>,
    stored: Option<(Remembered, Etag)>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Remembered {
    at: Timestamp,
    answer: serde_json::Value,
}

impl<'a> Request<'a> {
    /// Looks up what was answered to `what` with this id.
    pub(super) async fn of(app: &'a App, org: &'a OrgId, what: &str, id: Option<&str>) -> Result<Self, Error> {
        let Some(id) = id else { return Ok(Self { app, org, key: None, stored: None }) };
        if id.is_empty() || id.chars().count() > LONGEST {
            let why = format!("a clientRequestId has 1 to {LONGEST} characters");
            return Err(UserError::of(UserErrorCode::Invalid, "clientRequestId", why).into());
        }
        let key = format!("request:{what}:{}", hex(&Sha256::digest(id)[..16]));
        let found = app.tables.get(Table::Accounts, &registry::partition(org), &key).await?;
        let stored = found.map(|row| Ok::<_, StoreError>((rows::decode(&row)?, row.etag))).transpose()?;
        Ok(Self { app, org, key: Some(key), stored })
    }

    /// What was answered, not longer than 24 h ago.
    pub(super) fn answer<T: DeserializeOwned>(&self) -> Option<T> {
        let (remembered, _) = self.stored.as_ref()?;
        let recent = self.app.now().duration_since(remembered.at) < REMEMBERED;
        recent.then(|| serde_json::from_value(remembered.answer.clone()).ok()).flatten()
    }

    /// What tells this request from every other, also when it is repeated after a crash.
    pub(super) fn name(&self) -> String {
        self.key.clone().unwrap_or_else(|| self.app.ulid())
    }

    /// The row that remembers the answer, for the batch that makes it true.
    pub(super) fn row<T: Serialize>(&self, answer: &T) -> Result<Option<Op>, StoreError> {
        let Some(key) = &self.key else { return Ok(None) };
        let answer = serde_json::to_value(answer).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let row = rows::encode(key.as_str(), &Remembered { at: self.app.now(), answer })?;
        Ok(Some(match &self.stored {
            // Two at once must not both succeed.
            Some((_, etag)) => Op::Replace(row, etag.clone()),
            None => Op::Insert(row),
        }))
    }

    /// Remembers the answer to something that can be done again without harm.
    pub(super) async fn remember<T: Serialize>(&self, answer: &T) -> Result<(), Error> {
        let Some(op) = self.row(answer)? else { return Ok(()) };
        let partition = registry::partition(self.org);
        self.app.tables.commit(Batch { table: Table::Accounts, partition, ops: vec![op], witness: None }).await?;
        Ok(())
    }
}
