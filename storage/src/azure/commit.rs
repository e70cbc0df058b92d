//! Applying a batch, and finding out what became of it when its answer got lost.

use std::time::Duration;

use app::ports::{Batch, Commit, ConflictKind, Etag, Op, Refusal, StoreError, Value, Witness};
use azure_data_tables::IfMatchCondition;

use super::Azure;
use super::entity::Written;
use super::failure::Failure;
use super::tables::{doubled, get, get_many, is_no_row};

/// Tries of one batch whose answer got lost.
const TRIES: u32 = 3;
/// Pause before a try, times the tries so far.
const PAUSE: Duration = Duration::from_millis(200);
/// Matches no row that was ever written: for etags that this store never gave.
const NO_ETAG: &str = "W/\"datetime'1601-01-01T00%3A00%3A00.0000000Z'\"";

/// Applies a batch that the limits let through.
///
/// A batch is sent again only if it cannot be applied twice: with a witness if one of its changes has a condition,
/// without if it only deletes. A conflict of such a repeat is believed only if the witness denies that the batch
/// met its own earlier try.
pub(super) async fn commit(azure: &Azure, batch: &Batch) -> Result<Commit, StoreError> {
    let mut changes: Vec<usize> = (0..batch.ops.len()).collect();
    let mut lost = 0;
    loop {
        if changes.is_empty() {
            return Ok(Commit::Done);
        }
        let Err(failure) = send(azure, batch, &changes).await else { return Ok(Commit::Done) };
        if let Some((at, kind)) = conflict(&failure) {
            let index = at.and_then(|at| changes.get(at).copied());
            if kind == ConflictKind::Missing && drop_missing(azure, batch, &mut changes, index).await? {
                continue;
            }
            if lost == 0 {
                return Ok(Commit::Conflict { index, kind });
            }
            return Ok(match testimony(azure, batch).await {
                Some(true) => Commit::Done,
                Some(false) => Commit::Conflict { index, kind },
                None => Commit::Unknown,
            });
        }
        if lost == 0 && !failure.is_ambiguous() {
            return Err(failure.of_write(Refusal::Batch("Azure Storage refuses it")));
        }
        lost += 1;
        tracing::warn!(?failure, table = batch.table.as_str(), lost, "the answer to a batch got lost");
        if testimony(azure, batch).await == Some(true) {
            return Ok(Commit::Done);
        }
        if lost == TRIES || !is_repeatable(batch) {
            return Ok(Commit::Unknown);
        }
        tokio::time::sleep(PAUSE * lost).await;
    }
}

async fn send(azure: &Azure, batch: &Batch, changes: &[usize]) -> Result<(), Failure> {
    let partition = azure.writes.table_client(batch.table.as_str()).partition_key_client(doubled(&batch.partition));
    let mut transaction = partition.transaction();
    for change in changes {
        let entity = |row| Written { partition: &batch.partition, row };
        let op = &batch.ops[*change];
        let key = doubled(op.key());
        transaction = match op {
            Op::Insert(row) => transaction.insert(entity(row))?,
            Op::Replace(row, etag) => transaction.update(key, entity(row), Some(condition(etag)))?,
            Op::Upsert(row) => transaction.insert_or_replace(key, entity(row))?,
            Op::Delete { etag, .. } => transaction.delete(key, etag.as_ref().map(condition))?,
        };
    }
    let answers = transaction.await?.operation_responses.len();
    if answers == changes.len() {
        Ok(())
    } else {
        Err(Failure::Lost(format!("{answers} answers to {} changes", changes.len())))
    }
}

/// What Azure calls a conflict: where (in what was sent), and what it met.
fn conflict(failure: &Failure) -> Option<(Option<usize>, ConflictKind)> {
    let Failure::Answered { status, code, index } = failure else { return None };
    let kind = match (code.as_str(), status) {
        ("EntityAlreadyExists", _) | ("", 409) => ConflictKind::Exists,
        ("UpdateConditionNotSatisfied" | "ConditionNotMet", _) | ("", 412) => ConflictKind::Changed,
        _ if is_no_row(failure) => ConflictKind::Missing,
        _ => return None,
    };
    Some((*index, kind))
}

/// Azure fails a whole batch that deletes a row that is not there. Where any version was to be deleted, that is no
/// conflict: such changes are left out, and the rest is sent again. Says whether there were any.
async fn drop_missing(
    azure: &Azure,
    batch: &Batch,
    changes: &mut Vec<usize>,
    at: Option<usize>,
) -> Result<bool, StoreError> {
    let any_version = |change: &usize| matches!(batch.ops[*change], Op::Delete { etag: None, .. });
    if at.is_some_and(|at| !any_version(&at)) {
        return Ok(false);
    }
    let deletes: Vec<usize> = changes.iter().copied().filter(any_version).collect();
    let keys: Vec<String> = deletes.iter().map(|change| batch.ops[*change].key().to_owned()).collect();
    let rows = get_many(azure, batch.table, &batch.partition, &keys).await?;
    let missing: Vec<usize> =
        deletes.into_iter().zip(rows).filter(|(_, row)| row.is_none()).map(|(change, _)| change).collect();
    let before = changes.len();
    // The change at fault goes too, even if somebody made the row anew since: it was gone when it was to be deleted.
    changes.retain(|change| !missing.contains(change) && Some(*change) != at);
    Ok(changes.len() < before)
}

/// Does the witness say that the batch was applied? `None`: there is none, or it cannot be read.
async fn testimony(azure: &Azure, batch: &Batch) -> Option<bool> {
    let Witness { row, column, id } = batch.witness.as_ref()?;
    match get(azure, batch.table, &batch.partition, row).await {
        Ok(row) => Some(match row.as_ref().and_then(|row| row.column(column)) {
            Some(Value::Text(text)) => text.contains(id.as_str()),
            _ => false,
        }),
        Err(error) => {
            tracing::warn!(%error, "the witness of a batch cannot be read");
            None
        }
    }
}

fn is_repeatable(batch: &Batch) -> bool {
    let has_condition = |op: &Op| match op {
        Op::Insert(_) | Op::Replace(..) => true,
        Op::Delete { etag, .. } => etag.is_some(),
        Op::Upsert(_) => false,
    };
    if batch.witness.is_some() {
        batch.ops.iter().any(has_condition)
    } else {
        batch.ops.iter().all(|op| matches!(op, Op::Delete { .. }))
    }
}

/// Only what looks like Azure's own etags is sent: `*` would match anything, a line break would end the header.
fn condition(etag: &Etag) -> IfMatchCondition {
    let text = etag.0.as_str();
    let quoted = (text.starts_with("W/\"") || text.starts_with('"')) && text.ends_with('"') && text.len() > 4;
    let own = quoted && text.bytes().all(|byte| byte.is_ascii_graphic());
    IfMatchCondition::Etag((if own { text } else { NO_ETAG }).to_owned().into())
}
