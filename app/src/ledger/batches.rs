use domain::actor::ActorKind;
use domain::event::Draft;

use super::commit::Decision;

/// A batch holds whole decisions, at most so many rows with the head and the directory's chunks.
pub(super) const ROWS: usize = 90;

/// How many decisions from the front fit one batch; at least one.
pub(super) fn fitting(decisions: &[Decision]) -> usize {
    let mut rows = 1; // the head
    let mut taken = 0;
    for decision in decisions {
        rows += weight(decision);
        if taken > 0 && rows > ROWS {
            break;
        }
        taken += 1;
    }
    taken
}

/// Rows of a decision: its own; event and outbox row for each event, and an entry of the audit log if somebody caused it;
/// and for each finding its row and at worst a chunk of its own.
fn weight(decision: &Decision) -> usize {
    let rows = |draft: &Draft| if draft.actor.kind == ActorKind::System { 2 } else { 3 };
    let findings = 2 * (decision.entries.len() + decision.gone.len());
    decision.ops.len() + decision.drafts.iter().map(rows).sum::<usize>() + findings
}
