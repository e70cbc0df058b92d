//! Every count equals what listing gives, at every moment: after each step, also after one that broke off.

use app::directory::Counts;
use app::findings::{self, FindingFilter};
use app::{assets, directory::AssetSummary};
use domain::finding::{Finding, FindingState};
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::moves::{Step, Trouble, troubled_script};
use crate::plant::Plant;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_count_is_what_listing_gives_at_every_moment(script in troubled_script()) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut plant = Plant::new().await;
            for (at, (step, trouble)) in script.iter().enumerate() {
                plant.undergo(step, trouble.as_ref()).await;
                counts_are_true(&plant, &After { at, step, trouble: trouble.as_ref() }).await;
            }
        });
    }
}

/// When it was looked.
#[derive(Debug)]
#[expect(dead_code, reason = "its Debug says what a failure is about")]
struct After<'a> {
    at: usize,
    step: &'a Step,
    trouble: Option<&'a Trouble>,
}

async fn counts_are_true(plant: &Plant, after: &After<'_>) {
    let (app, caller) = (&plant.bench.app, &plant.caller);
    let all = plant.findings().await;
    let listed = counted(&all);

    let organization = findings::counts(app, caller, &FindingFilter::default()).await.unwrap();
    assert_eq!(organization, Some(listed), "{after:?}");
    let states = FindingFilter { states: Some(FindingState::ALL.to_vec()), ..FindingFilter::default() };
    assert_eq!(findings::counts(app, caller, &states).await.unwrap(), Some(listed), "{after:?}");

    let overview = findings::overview(app, caller, Timestamp::UNIX_EPOCH).await.unwrap();
    let active: Vec<&Finding> = all.iter().filter(|finding| finding.state.is_active()).collect();
    assert_eq!(overview.counts, listed, "{after:?}");
    assert_eq!(overview.new_findings, all.len(), "{after:?}");
    assert_eq!(overview.risk, active.iter().map(|finding| finding.risk_score).max().unwrap_or(0), "{after:?}");
    for (port, count) in &overview.top_ports {
        let on_it = active.iter().filter(|finding| finding.port == Some(*port)).count();
        assert_eq!(*count, on_it, "port {port}, {after:?}");
    }

    for id in &plant.assets {
        let own: Vec<Finding> = all.iter().filter(|finding| finding.asset == *id).cloned().collect();
        let risk = own.iter().filter(|f| f.state.is_active()).map(|f| f.risk_score).max().unwrap_or(0);
        let summary = assets::asset(app, caller, id).await.unwrap().unwrap().summary;
        assert_eq!(summary, AssetSummary { counts: counted(&own), risk }, "{id}, {after:?}");
        let filter = FindingFilter { asset_ids: Some(vec![id.clone()]), ..FindingFilter::default() };
        assert_eq!(findings::counts(app, caller, &filter).await.unwrap(), Some(counted(&own)), "{id}, {after:?}");
    }
}

fn counted(findings: &[Finding]) -> Counts {
    let mut counts = Counts::default();
    for finding in findings {
        counts.add(finding.state, finding.severity);
    }
    counts
}
