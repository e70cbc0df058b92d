//! Requests that a client sends again because it did not get the answer: `clientRequestId` makes them harmless.
//!
//! What was answered is a row in the partition of what the request made, in the same batch: so there is never the one
//! without the other, whatever crashes. Within 24 h the same id gives the first answer again and does nothing twice.
//! Never here: what is repeated by a schedule of ours; that has ids of its own.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::Caller;
use crate::ports::{Batch, Etag, Op, RowRange, StoreError, Table};
use crate::{App, Error, UserError, UserErrorCode, rows};

/// An answer is remembered for so long.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// The keys of the rows begin with this.
pub(crate) const PREFIX: &str = "request:";

const LONGEST: usize = 128;
const FIELD: &str = "clientRequestId";

/// A request with the name that its client gave it. Two clients may give the same name without meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRequest {
    key: String,
    input: String,
}

/// What is stored of an answer.
#[derive(Serialize, Deserialize)]
struct Answered<T> {
    at: Timestamp,
    input: String,
    answer: T,
}

/// Was a request answered before?
pub(crate) enum Before<T> {
    /// Yes, so.
    Answered(T),
    /// No: the answer belongs into this row.
    Not(Slot),
}

/// The row for an answer.
pub(crate) struct Slot {
    request: ClientRequest,
    /// Of an answer that is too old to count.
    expired: Option<Etag>,
}

impl ClientRequest {
    /// The request `id` (1 to 128 characters) of a caller, for one operation with one input.
    pub fn new(caller: &Caller, operation: &str, id: &str, input: &impl Debug) -> Result<Self, UserError> {
        if id.is_empty() || id.chars().count() > LONGEST {
            let message =
                format!("1 to {LONGEST} characters, such as a UUID; the same for a repeat, another for anything else");
            return Err(UserError::of(UserErrorCode::Invalid, FIELD, message));
        }
        let actor = caller.actor.id.as_deref().unwrap_or_default();
        let key = digest(format!("{actor}\0{operation}\0{id}").as_bytes());
        Ok(Self { key, input: digest(format!("{input:?}").as_bytes()) })
    }

    /// A part of it that is stored by itself.
    pub(crate) fn part(&self, number: usize) -> Self {
        Self { key: format!("{}.{number:04}", self.key), input: self.input.clone() }
    }

    /// Looks up the first answer. The same name for another input is a mistake of the client's that must not go
    /// unnoticed.
    pub(crate) async fn before<T: DeserializeOwned>(
        &self,
        app: &App,
        table: Table,
        partition: &str,
    ) -> Result<Before<T>, Error> {
        let Some(row) = app.tables.get(table, partition, &self.row()).await? else {
            return Ok(Before::Not(Slot { request: self.clone(), expired: None }));
        };
        let first: Answered<T> = rows::decode(&row)?;
        if app.now().duration_since(first.at) >= REMEMBERED {
            return Ok(Before::Not(Slot { request: self.clone(), expired: Some(row.etag) }));
        }
        if first.input != self.input {
            let message =
                "this clientRequestId was used for another input less than 24 h ago: give each request one of its own";
            return Err(UserError::of(UserErrorCode::Conflict, FIELD, message).into());
        }
        Ok(Before::Answered(first.answer))
    }

    /// The key of its row.
    pub(crate) fn row(&self) -> String {
        format!("{PREFIX}{}", self.key)
    }
}

impl Slot {
    /// Stores the answer, together with what was made. It meets a conflict when a repeat was faster.
    pub(crate) fn fill<T: Serialize>(&self, app: &App, answer: &T) -> Result<Op, StoreError> {
        let answered = Answered { at: app.now(), input: self.request.input.clone(), answer };
        let row = rows::encode(self.request.row(), &answered)?;
        Ok(match &self.expired {
            Some(etag) => Op::Replace(row, etag.clone()),
            None => Op::Insert(row),
        })
    }
}

/// When a row of this prefix was answered; for the purge.
pub(crate) fn answered_at(row: &crate::ports::Row) -> Result<Timestamp, StoreError> {
    Ok(rows::decode::<Answered<serde::de::IgnoredAny>>(row)?.at)
}

/// Forgets some of the old answers in a partition that no timer goes through.
pub(crate) async fn forget_old(app: &App, table: Table, partition: &str) -> Result<(), StoreError> {
    let page = app.tables.range(table, partition, RowRange::prefix(PREFIX, 50)).await?;
    let mut ops = Vec::new();
    for row in &page.rows {
        if app.now().duration_since(answered_at(row)?) >= REMEMBERED {
            ops.push(Op::Delete { key: row.key.clone(), etag: None });
        }
    }
    if ops.is_empty() {
        return Ok(());
    }
    app.tables.commit(Batch { table, partition: partition.to_owned(), ops, witness: None }).await.map(|_| ())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|b| format!("{b:02x}")).collect()
}
