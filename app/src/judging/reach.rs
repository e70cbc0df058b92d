//! How far a policy reaches, counted on what is stored.

use domain::finding::{Finding, FindingState};
use domain::ids::Bucket;
use domain::policy::{FindingMatch, TriagePolicy};
use serde_json::{Map, Value};

use crate::access::Caller;
use crate::assets::Register;
use crate::findings::{alias, read_finding};
use crate::ports::{RowRange, Table};
use crate::{App, Error, ledger};

/// So many pages of a thousand findings are counted.
const PAGES: usize = 20;

/// How many findings that wait for a decision a policy would decide about now; of the first 20 000 findings.
pub(super) async fn would_match(app: &App, caller: &Caller, policy: &TriagePolicy) -> Result<usize, Error> {
    let register = Register::read(app, &caller.org).await?;
    let now = app.now();
    count(app, caller, |finding| {
        finding.state.is_active()
            && register.find(&finding.asset).is_some_and(|asset| policy.applies(finding, asset, now))
    })
    .await
}

/// How many findings a policy has decided about.
pub(super) async fn decided_by(app: &App, caller: &Caller, id: &str) -> Result<usize, Error> {
    let decided = |state| matches!(state, FindingState::Accepted | FindingState::FalsePositive);
    let by = |finding: &Finding| finding.triage.as_ref().is_some_and(|triage| triage.policy_id() == Some(id));
    count(app, caller, |finding| decided(finding.state) && by(finding)).await
}

async fn count(app: &App, caller: &Caller, counts: impl Fn(&Finding) -> bool + Send) -> Result<usize, Error> {
    let partition = ledger::partition(&caller.org, Bucket::default());
    let mut range = RowRange::prefix("f|", 1000);
    let mut found = 0;
    for _ in 0..PAGES {
        let page = app.tables.range(Table::Exposure, &partition, range.clone()).await?;
        for row in page.rows.iter().filter(|row| alias(row).is_none()) {
            found += usize::from(counts(&read_finding(row)?.finding));
        }
        match page.next {
            Some(next) => range.from = next,
            None => break,
        }
    }
    Ok(found)
}

/// The filter of a policy as people wrote it: without what it does not say.
pub fn shown(findings: &FindingMatch) -> Value {
    let fields: Map<String, Value> = match serde_json::to_value(findings) {
        Ok(Value::Object(fields)) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    Value::Object(fields)
}
