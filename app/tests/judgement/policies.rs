use app::judging::{self, NewPolicy};
use app::ports::SourceError;
use app::{Error, UserErrorCode};
use domain::event::EventType;
use domain::finding::{Finding, FindingState, TriageReason, Tripwire};
use domain::policy::TriagePolicy;
use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::json;

use super::plant::{Plant, cve};

const CAMERA: &str = "CVE-2021-36260";

fn wanted(plant: &Plant, findings: serde_json::Value) -> NewPolicy {
    NewPolicy {
        name: "Lab".into(),
        findings,
        state: FindingState::Accepted,
        reason: TriageReason::CompensatingControl,
        note: "Behind a gate.".into(),
        approved_by: None,
        until: plant.now() + SignedDuration::from_hours(24 * 365),
        tripwires: vec![Tripwire::AddedToKev],
        epss_above: None,
    }
}

async fn made(plant: &Plant, findings: serde_json::Value) -> (TriagePolicy, usize) {
    let new = wanted(plant, findings);
    let (policy, matched) = judging::create_policy(&plant.bench, &plant.caller, new, false, None).await.unwrap();
    (policy.unwrap(), matched)
}

fn decided_by<'a>(all: &'a [Finding], policy: &TriagePolicy) -> Vec<&'a Finding> {
    let by = |f: &&Finding| f.triage.as_ref().and_then(|t| t.policy_id()) == Some(policy.id.as_str());
    all.iter().filter(by).collect()
}

#[tokio::test]
async fn a_policy_decides_about_what_is_there_and_what_comes_before_anybody_is_told() {
    let plant = Plant::new().await;
    plant.camera("8.8.8.8", &[(CAMERA, true, 0.02)]).await;
    plant.ticks(3).await;
    let findings = json!({"cve": CAMERA});
    let dry = judging::create_policy(&plant.bench, &plant.caller, wanted(&plant, findings.clone()), true, None).await;
    let (none, would) = dry.unwrap();
    assert!(none.is_none() && would == 1);
    let (policy, matched) = made(&plant, findings).await;
    assert_eq!(matched, 1);
    plant.ticks(1).await;
    assert_eq!(decided_by(&plant.findings().await, &policy).len(), 1);
    assert_eq!(plant.count(EventType::FindingStateChanged).await, 1);
    plant.camera("8.8.4.4", &[(CAMERA, true, 0.02)]).await;
    plant.ticks(2).await;
    let all = plant.findings().await;
    assert!(decided_by(&all, &policy).iter().all(|f| f.state == FindingState::Accepted));
    assert_eq!(decided_by(&all, &policy).len(), 2);
    let born = plant.events().await.into_iter().rfind(|e| e.kind == EventType::FindingOpened).unwrap();
    assert_eq!(born.payload["finding"]["state"], "ACCEPTED", "nobody was told that it is open");
    assert_eq!(born.payload["finding"]["triage"]["policyId"], policy.id.as_str());
}

#[tokio::test]
async fn a_policy_that_ends_lets_go_although_the_source_is_down() {
    let plant = Plant::new().await;
    plant.camera("8.8.8.8", &[(CAMERA, true, 0.02)]).await;
    plant.ticks(3).await;
    let (policy, _) = made(&plant, json!({"cve": CAMERA})).await;
    plant.ticks(1).await;
    plant.script.fails(Some(SourceError::Unavailable("down".into())));
    let ended = judging::end_policy(&plant.bench, &plant.caller, &policy.id, "The gate is gone.").await.unwrap();
    assert_eq!((ended.0.ended_by.is_some(), ended.1), (true, 1));
    plant.ticks(1).await;
    assert_eq!(plant.finding(CAMERA).await.state, FindingState::Open);
    let held = judging::policies(&plant.bench, &plant.caller, Some(plant.now())).await.unwrap();
    assert!(held.is_empty());
    assert_eq!(judging::policies(&plant.bench, &plant.caller, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_tripwire_ends_the_decision_of_a_policy_for_good() {
    let plant = Plant::new().await;
    plant.camera("8.8.8.8", &[(CAMERA, true, 0.02)]).await;
    plant.ticks(3).await;
    made(&plant, json!({"cve": CAMERA})).await;
    plant.ticks(1).await;
    plant.later(24 * 60);
    plant.library.lists(&cve(CAMERA), date(2026, 3, 3));
    plant.ticks(3).await;
    assert_eq!(plant.finding(CAMERA).await.state, FindingState::Open);
    plant.ticks(3).await;
    assert_eq!(plant.count(EventType::TriageEnded).await, 1);
}

#[tokio::test]
async fn a_policy_says_what_a_finding_is_and_never_takes_everything() {
    let plant = Plant::new().await;
    for (findings, code) in [
        (json!({}), UserErrorCode::Required),
        (json!({"states": ["OPEN"]}), UserErrorCode::Invalid),
        (json!({"cve": "nonsense"}), UserErrorCode::Invalid),
    ] {
        let refused = judging::create_policy(&plant.bench, &plant.caller, wanted(&plant, findings), false, None).await;
        let Err(Error::User(faults)) = refused else { panic!("{refused:?}") };
        assert_eq!((faults[0].code, faults[0].field.last().unwrap().as_str()), (code, "findings"));
    }
    let late = NewPolicy { until: plant.now(), ..wanted(&plant, json!({"cve": CAMERA})) };
    let refused = judging::create_policy(&plant.bench, &plant.caller, late, false, None).await;
    assert!(matches!(refused, Err(Error::User(faults)) if faults[0].field.last().unwrap() == "until"));
}
