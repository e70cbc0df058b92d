//! The event log alone tells what was known at every instant, and of this one the same as listing.

use std::collections::BTreeMap;

use app::findings::{self, FindingFilter, FindingSnapshot, ServiceFilter};
use domain::finding::{Finding, FindingState};
use domain::ids::FindingId;
use domain::service::{Service, ServiceState};
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::moves::{Step, Trouble, script, troubled_script};
use crate::plant::Plant;

/// What was known at an instant, as it was listed then.
struct Known {
    findings: BTreeMap<FindingId, Finding>,
    services: Vec<Service>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn replaying_the_log_gives_the_present_and_every_past(script in script()) {
        let steps: Vec<(Step, Option<Trouble>)> = script.into_iter().map(|step| (step, None)).collect();
        lived_through(&steps, true);
    }

    /// Of a past between a crash and its mending the log may know more than was listed.
    #[test]
    fn replaying_the_log_gives_the_present_whatever_broke_off(script in troubled_script()) {
        lived_through(&script, false);
    }
}

fn lived_through(script: &[(Step, Option<Trouble>)], looks_back: bool) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut plant = Plant::new().await;
        let mut pasts: BTreeMap<Timestamp, Known> = BTreeMap::new();
        for (step, trouble) in script {
            plant.undergo(step, trouble.as_ref()).await;
            pasts.insert(plant.bench.now(), known(&plant).await);
        }
        let now = plant.bench.now();
        for (at, known) in pasts.iter().filter(|(at, _)| looks_back || **at == now) {
            agrees(&plant, *at, known, *at == now).await;
        }
    });
}

/// The fields in which two findings differ.
fn differences(one: &Finding, other: &Finding) -> Vec<String> {
    let [one, other] = [one, other].map(|finding| serde_json::to_value(finding).unwrap());
    let fields = one.as_object().unwrap().keys().chain(other.as_object().unwrap().keys());
    fields.filter(|name| one[*name] != other[*name]).map(|n| format!("{n}: {} {}", one[n], other[n])).collect()
}

async fn known(plant: &Plant) -> Known {
    let findings = plant.findings().await.into_iter().map(|finding| (finding.id.clone(), finding)).collect();
    let asked = (None, 1_000, false);
    let services =
        findings::services_page(&plant.bench, &plant.caller, &ServiceFilter::default(), asked).await.unwrap();
    Known { findings, services: services.items.into_iter().map(|(_, service)| service).collect() }
}

async fn snapshots(plant: &Plant, at: Timestamp, filter: &FindingFilter) -> Vec<FindingSnapshot> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let asked = (cursor.as_deref(), 3);
        let page = findings::findings_at(&plant.bench, &plant.caller, at, filter, asked).await.unwrap();
        cursor = page.items.last().map(|(key, _)| key.clone());
        all.extend(page.items.into_iter().map(|(_, snapshot)| snapshot));
        if !page.more {
            assert_eq!(all.len(), page.total);
            return all;
        }
    }
}

async fn agrees(plant: &Plant, at: Timestamp, known: &Known, is_now: bool) {
    let then = snapshots(plant, at, &FindingFilter::default()).await;
    let ids: Vec<&FindingId> = known.findings.keys().collect();
    let mut told: Vec<&FindingId> = then.iter().map(|snapshot| &snapshot.then.id).collect();
    told.sort();
    assert_eq!(told, ids, "at {at}");
    for FindingSnapshot { then, .. } in &then {
        let was = &known.findings[&then.id];
        if is_now {
            assert_eq!(differences(then, was), Vec::<String>::new(), "now");
        }
        assert_eq!(
            (then.state, then.severity, then.resolution, then.due_at, then.reopen_count),
            (was.state, was.severity, was.resolution, was.due_at, was.reopen_count),
            "{} at {at}",
            then.id
        );
        let decision = |finding: &Finding| finding.triage.as_ref().map(|t| (t.id.clone(), t.state, t.until));
        // Events tell a decision while it holds.
        if was.state != FindingState::Open {
            assert_eq!(decision(then), decision(was), "{} at {at}", then.id);
        }
        assert!(then.risk_score.abs_diff(was.risk_score) < 10 && then.last_observed_at <= was.last_observed_at);
    }
    let open = FindingFilter { states: Some(vec![FindingState::Open]), ..FindingFilter::default() };
    let were_open = known.findings.values().filter(|finding| finding.state == FindingState::Open).count();
    assert_eq!(snapshots(plant, at, &open).await.len(), were_open, "filters take what was, at {at}");
    let asked = (None, 1_000);
    let page =
        findings::services_as_of(&plant.bench, &plant.caller, at, &ServiceFilter::default(), asked).await.unwrap();
    let place = |service: &Service| (service.ip(), service.port(), service.transport());
    let living = |services: &mut dyn Iterator<Item = &Service>| {
        let mut places: Vec<_> = services.filter(|s| s.state == ServiceState::Open).map(place).collect();
        places.sort();
        places
    };
    let (told, were) = (living(&mut page.items.iter().map(|(_, s)| s)), living(&mut known.services.iter()));
    assert_eq!(told, were, "services at {at}");
}
