use domain::event::EventType;
use domain::finding::Finding;
use domain::ids::{Bucket, FindingId, UserId};
use domain::lifecycle;

use super::triage::transition;
use crate::access::{Caller, User};
use crate::directory::{Entry, Flags};
use crate::ports::Table;
use crate::{App, Error, ledger};

/// Rows read at once.
const STEP: usize = 100;

/// Gives the findings that are assigned to a person who goes to somebody else, or to nobody. Returns how many are
/// nobody's now. Whether the caller may is decided before. Done twice it does nothing twice.
pub(crate) async fn hand_over(app: &App, caller: &Caller, from: &UserId, to: Option<&User>) -> Result<usize, Error> {
    let heir = to.map(crate::access::actor_of);
    let bucket = Bucket::default();
    let partition = ledger::partition(&caller.org, bucket);
    let (_, snapshot) = app.snapshot(&caller.org, bucket).await?;
    let assigned: Vec<Entry> =
        snapshot.entries().iter().filter(|entry| entry.flags.has(Flags::ASSIGNED)).copied().collect();
    let mut unassigned = 0;
    for several in assigned.chunks(STEP) {
        let ids: Vec<FindingId> = several.iter().map(|entry| entry.id(bucket)).collect();
        let keys: Vec<String> = ids.iter().map(FindingId::row).collect();
        let rows = app.tables.get_many(Table::Exposure, &partition, &keys).await?;
        for (id, row) in ids.iter().zip(rows) {
            let Some(row) = row else { continue };
            if !is_theirs(&super::stored::read_finding(&row)?.finding, from) {
                continue;
            }
            let act = |finding: &Finding, now| {
                let after = Finding { assignee: heir.clone(), ..finding.clone() };
                is_theirs(finding, from)
                    .then(|| lifecycle::amend(finding, after, EventType::FindingAssigned, now, caller.actor.clone()))
                    .flatten()
            };
            let changed = transition(app, caller, id, None, act).await?;
            unassigned += usize::from(changed.is_some_and(|finding| finding.assignee.is_none()));
        }
    }
    Ok(unassigned)
}

fn is_theirs(finding: &Finding, user: &UserId) -> bool {
    finding.assignee.as_ref().is_some_and(|assignee| assignee.id.as_deref() == Some(user.as_str()))
}
