use domain::actor::ActorKind;
use domain::event::Draft;

use super::commit::Decision;
use crate::ports::{Op, Value};

/// A batch holds whole decisions, at most so many rows with the head and the directory's chunks.
pub(super) const ROWS: usize = 90;

/// Bytes of the rows that decisions bring along. A batch may have 4 MiB on the wire, where bytes are text and every text
/// is wrapped; findings, events and chunks are far smaller than the rest.
const BYTES: usize = 2 * 1024 * 1024;

/// How many decisions from the front fit one batch; at least one.
pub(super) fn fitting(decisions: &[Decision]) -> usize {
    let mut rows = 1; // the head
    let mut bytes = 0;
    let mut taken = 0;
    for decision in decisions {
        rows += weight(decision);
        bytes += decision.ops.iter().map(size).sum::<usize>();
        if taken > 0 && (rows > ROWS || bytes > BYTES) {
            break;
        }
        taken += 1;
    }
    taken
}

fn size(op: &Op) -> usize {
    let (Op::Insert(row) | Op::Replace(row, _) | Op::Upsert(row)) = op else { return 0 };
    let of = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len() * 4 / 3,
        Value::Int(_) | Value::Bool(_) => 8,
    };
    row.columns.iter().map(|(_, value)| of(value)).sum()
}

/// Rows of a decision: its own; event and outbox row for each event, and an entry of the audit log if somebody caused it;
/// and for each finding its row and at worst a chunk of its own.
fn weight(decision: &Decision) -> usize {
    let rows = |draft: &Draft| if draft.actor.kind == ActorKind::System { 2 } else { 3 };
    let findings = 2 * (decision.entries.len() + decision.gone.len());
    decision.ops.len() + decision.drafts.iter().map(rows).sum::<usize>() + findings
}
