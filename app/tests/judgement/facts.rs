use app::intelligence::{details, feeds};
use app::ports::{CvssScore, SourceError, SsvcRecord, VulnerabilityFacts};
use app::testing::Fault;
use domain::due::DueBasis;
use domain::event::EventType;
use domain::finding::Finding;
use domain::severity::Severity;
use jiff::SignedDuration;
use jiff::civil::date;

use super::plant::{Plant, cve};

const CAMERA: &str = "CVE-2021-36260";
const OTHER: &str = "CVE-2017-7921";
const HOURS: i64 = 60;

/// A plant with a camera whose facts were asked for once.
async fn watched(claims: &[(&str, bool, f64)]) -> Plant {
    let plant = Plant::new().await;
    plant.camera("8.8.8.8", claims).await;
    plant.ticks(3).await;
    plant
}

fn source_is_down(plant: &Plant) {
    plant.script.fails(Some(SourceError::Unavailable("down".into())));
}

#[tokio::test]
async fn an_entry_in_cisas_catalogue_scores_a_finding_anew_although_shodan_does_not_answer() {
    let plant = watched(&[(CAMERA, true, 0.02)]).await;
    let before = plant.finding(CAMERA).await;
    assert_eq!(before.severity, Severity::Medium);
    source_is_down(&plant);
    plant.library.lists(&cve(CAMERA), date(2026, 3, 2));
    plant.later(3 * HOURS);
    plant.ticks(2).await;
    let after = plant.finding(CAMERA).await;
    assert_eq!(after.severity, Severity::High, "verified and exploited");
    assert!(after.risk_score > before.risk_score);
    assert_eq!(after.id, before.id);
    assert_eq!(plant.count(EventType::FindingAddedToKev).await, 1);
    plant.later(3 * HOURS);
    plant.ticks(3).await;
    assert_eq!(plant.count(EventType::FindingAddedToKev).await, 1, "told once");
}

#[tokio::test]
async fn the_days_count_from_the_day_on_which_cisa_added_it() {
    let plant = Plant::new().await;
    plant.camera("8.8.8.8", &[(CAMERA, true, 0.02)]).await;
    plant.tick().await;
    plant.later(10 * 24 * HOURS);
    plant.library.lists(&cve(CAMERA), date(2026, 3, 10));
    plant.ticks(3).await;
    let finding = plant.finding(CAMERA).await;
    assert_eq!(finding.due_basis, Some(DueBasis::Bod2604));
    let added = "2026-03-10T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    assert_eq!(finding.due_at, Some(added + SignedDuration::from_hours(14 * 24)));
}

#[tokio::test]
async fn what_was_folded_stands_alone_once_it_is_exploited() {
    let plant = watched(&[(CAMERA, false, 0.02), (OTHER, false, 0.02)]).await;
    let folded = |all: &[Finding]| all.iter().filter(|f| f.cve.is_none() && f.state.is_active()).count();
    assert_eq!(folded(&plant.findings().await), 1);
    source_is_down(&plant);
    plant.library.lists(&cve(CAMERA), date(2026, 3, 2));
    plant.later(3 * HOURS);
    plant.ticks(2).await;
    assert!(plant.finding(CAMERA).await.state.is_active());
    let all = plant.findings().await;
    let fold = all.iter().find(|f| f.cve.is_none() && !f.vulnerabilities.is_empty()).unwrap();
    assert_eq!(fold.vulnerabilities.iter().map(|v| v.cve.as_str()).collect::<Vec<_>>(), [OTHER]);
}

#[tokio::test]
async fn a_likelihood_that_passes_a_threshold_is_news_and_one_that_creeps_is_not() {
    let plant = watched(&[(CAMERA, true, 0.02)]).await;
    let told = plant.events().await.len();
    plant.library.scores(&cve(CAMERA), 0.021, date(2026, 3, 3));
    plant.later(25 * HOURS);
    plant.ticks(3).await;
    assert_eq!(plant.events().await.len(), told);
    plant.library.scores(&cve(CAMERA), 0.93, date(2026, 3, 4));
    plant.later(25 * HOURS);
    plant.ticks(3).await;
    let finding = plant.finding(CAMERA).await;
    assert_eq!(finding.vulnerabilities[0].claim.epss, Some(0.93));
    assert_eq!(plant.count(EventType::FindingUpdated).await, 1);
}

#[tokio::test]
async fn what_is_known_of_a_cve_is_asked_for_once_somebody_is_concerned_with_it() {
    let plant = Plant::new().await;
    plant.library.tells(VulnerabilityFacts {
        cve: cve(CAMERA),
        summary: Some("Command injection.".into()),
        cvss: vec![CvssScore { version: "3.1".into(), score: 9.8 }],
        epss: None,
        known_exploited: true,
        ransomware: false,
        proposed_action: None,
        references: vec!["https://vendor.example/1".into()],
        cpes: Vec::new(),
        published_at: Some(plant.now()),
    });
    plant.library.judges(SsvcRecord {
        cve: cve(CAMERA),
        exploitation: None,
        automatable: Some(true),
        total_impact: Some(true),
        decided_at: None,
        cwes: vec!["CWE-78".into()],
    });
    plant.ticks(3).await;
    assert_eq!(plant.library.asked(), 0, "nobody is concerned with anything");
    plant.camera("8.8.8.8", &[(CAMERA, true, 0.02)]).await;
    plant.ticks(3).await;
    let finding = plant.finding(CAMERA).await;
    assert_eq!(finding.severity, Severity::Critical, "by the score that the database tells");
    let told = details(&plant.bench, &plant.caller, &cve(CAMERA)).await.unwrap().unwrap();
    assert_eq!((told.summary.as_deref(), told.cwes), (Some("Command injection."), vec!["CWE-78".to_owned()]));
    let asked = plant.library.asked();
    plant.ticks(5).await;
    assert_eq!(plant.library.asked(), asked, "and not again at once");
}

#[tokio::test]
async fn while_publishers_are_down_the_last_copy_stays_and_its_age_is_told() {
    let plant = watched(&[(CAMERA, true, 0.02)]).await;
    plant.library.lists(&cve(CAMERA), date(2026, 3, 1));
    plant.later(3 * HOURS);
    plant.ticks(2).await;
    plant.library.is_down(true);
    plant.later(48 * HOURS);
    plant.ticks(3).await;
    let [kev, epss, _, _] = feeds(&plant.bench).await.unwrap();
    assert_eq!(kev.1.date, Some(date(2026, 3, 1)));
    assert!(kev.1.message.is_some() && kev.1.succeeded < kev.1.checked && epss.1.message.is_some());
    let asked = plant.library.asked();
    plant.ticks(2).await;
    assert_eq!(plant.library.asked(), asked, "who does not answer is left alone for some minutes");
    let restarted = plant.bench.restarted();
    let book = restarted.book().await.unwrap();
    assert!(book.known_exploited(&cve(CAMERA)).is_some(), "another process knows it too");
}

#[tokio::test]
async fn a_tick_with_nothing_to_do_asks_the_store_three_things() {
    let plant = watched(&[(CAMERA, true, 0.02), (OTHER, false, 0.01)]).await;
    app::notify::drain(&plant.bench, 1000).await.unwrap();
    plant.ticks(20).await;
    for _ in 0..10 {
        plant.later(1);
        let before = plant.bench.tables.calls();
        plant.tick().await;
        assert!(plant.bench.tables.calls() - before <= 3, "{}", plant.bench.tables.calls() - before);
    }
}

#[tokio::test]
async fn a_crash_at_any_moment_neither_loses_the_news_nor_tells_it_twice() {
    for fault in [Fault::Before, Fault::Lost] {
        for call in 1.. {
            let plant = watched(&[(CAMERA, true, 0.02)]).await;
            plant.library.lists(&cve(CAMERA), date(2026, 3, 2));
            plant.later(3 * HOURS);
            let faults = plant.bench.tables.clone();
            let before = faults.calls();
            faults.fail_at(call, fault);
            for _ in 0..2 {
                plant.later(1);
                // A tick that fails is followed by the next.
                let _ = app::poll::tick(&plant.bench).await;
            }
            let done = faults.calls() - before;
            faults.heal();
            plant.ticks(2).await;
            assert_eq!(plant.count(EventType::FindingAddedToKev).await, 1, "{fault:?} at call {call}");
            if call >= done {
                break;
            }
        }
    }
}
