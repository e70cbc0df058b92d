//! People are told of a vulnerability once, by what is known of it: not before anybody was asked how bad it is, and not
//! later than that takes.

use app::ports::{CvssScore, EpssScore, VulnerabilityFacts};
use domain::asset::Asset;
use domain::event::EventType;
use domain::finding::Finding;
use domain::observation::VulnerabilityClaim;
use domain::severity::Severity;
use jiff::civil::date;

use super::plant::{Plant, cve};

const EXPLOITED: &str = "CVE-2021-36260";
/// CVEs that may be asked about in a minute, at two publishers.
const IN_A_MINUTE: usize = 40;

fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("CVE-2019-{}", 10_000 + n)).collect()
}

/// As a source without a key tells: CVEs by name.
async fn server(plant: &Plant, ip: &str, named: &[String]) -> Asset {
    let claims: Vec<(&str, bool, f64)> = named.iter().map(|id| (id.as_str(), false, 0.0)).collect();
    plant.claims(ip, &claims, |_| VulnerabilityClaim::default());
    plant.asset(ip).await
}

fn tells(plant: &Plant, id: &str, score: f64) {
    let epss = EpssScore { cve: cve(id), probability: 0.4, percentile: 0.9, date: Some(date(2026, 3, 2)) };
    plant.library.tells(VulnerabilityFacts {
        cve: cve(id),
        summary: None,
        cvss: vec![CvssScore { version: "3.1".into(), score }],
        epss: Some(epss),
        known_exploited: false,
        ransomware: false,
        proposed_action: None,
        references: Vec::new(),
        cpes: Vec::new(),
        published_at: None,
    });
}

/// Events that say otherwise of a finding than was said when it was opened.
async fn taken_back(plant: &Plant) -> Vec<EventType> {
    let says_so = |kind: &EventType| {
        use EventType::{FindingAddedToKev, FindingReopened, FindingResolved, FindingSeverityChanged, FindingUpdated};
        [FindingAddedToKev, FindingReopened, FindingResolved, FindingSeverityChanged, FindingUpdated].contains(kind)
    };
    plant.events().await.into_iter().map(|event| event.kind).filter(says_so).collect()
}

async fn about_cves(plant: &Plant) -> Vec<Finding> {
    plant.findings().await.into_iter().filter(|finding| !finding.vulnerabilities.is_empty()).collect()
}

#[tokio::test]
async fn the_first_decision_is_made_by_the_facts_and_nothing_is_taken_back() {
    let plant = Plant::new().await;
    let named = [names(0..6), vec![EXPLOITED.to_owned()]].concat();
    for id in &named {
        tells(&plant, id, 9.8);
    }
    plant.library.lists(&cve(EXPLOITED), date(2026, 2, 1));
    server(&plant, "8.8.8.8", &named).await;
    plant.tick().await;
    let opened = about_cves(&plant).await;
    assert_eq!(opened.len(), 2, "the one that is exploited, and one for all others");
    assert!(opened.iter().all(|finding| finding.severity == Severity::Critical), "{opened:#?}");
    plant.ticks(5).await;
    assert_eq!(taken_back(&plant).await, []);
    assert_eq!(about_cves(&plant).await, opened);
}

#[tokio::test]
async fn what_cannot_be_asked_about_at_once_opens_when_all_of_it_is_known_and_what_is_exploited_at_once() {
    let plant = Plant::new().await;
    let many = names(0..100);
    let named = [many.clone(), vec![EXPLOITED.to_owned()]].concat();
    for id in &named {
        tells(&plant, id, 5.0);
    }
    // The worst is the last that is asked about.
    tells(&plant, &many[99], 9.8);
    plant.library.lists(&cve(EXPLOITED), date(2026, 2, 1));
    server(&plant, "8.8.8.8", &named).await;
    let mut asked = 0;
    for minute in 0..4 {
        plant.tick().await;
        let now = plant.library.asked();
        assert!(now - asked <= 2 * IN_A_MINUTE + 2, "minute {minute}: {} questions", now - asked);
        asked = now;
        let found = about_cves(&plant).await;
        assert!(found.iter().any(|finding| finding.cve == Some(cve(EXPLOITED))), "at once");
        let fold = found.iter().find(|finding| finding.cve.is_none());
        assert_eq!(fold.is_some(), minute == 3, "minute {minute}");
        assert!(fold.is_none_or(|fold| fold.severity == Severity::Critical && fold.vulnerabilities.len() == 100));
        plant.later(1);
    }
    plant.ticks(5).await;
    assert_eq!(taken_back(&plant).await, []);
}

#[tokio::test]
async fn of_what_nobody_knows_anything_opens_in_the_next_minutes() {
    let plant = Plant::new().await;
    server(&plant, "8.8.8.8", &names(0..60)).await;
    plant.tick().await;
    plant.ticks(2).await;
    let found = about_cves(&plant).await;
    assert_eq!(
        found.iter().map(|f| (f.severity, f.vulnerabilities.len())).collect::<Vec<_>>(),
        [(Severity::Medium, 60)]
    );
}

#[tokio::test]
async fn while_the_publisher_is_down_everything_opens_at_once_by_what_is_known() {
    let plant = Plant::new().await;
    plant.library.is_down(true);
    for id in names(0..100) {
        tells(&plant, &id, 9.8);
    }
    server(&plant, "8.8.8.8", &names(0..100)).await;
    server(&plant, "9.9.9.9", &names(50..60)).await;
    plant.tick().await;
    let found = about_cves(&plant).await;
    assert_eq!(found.iter().map(|f| (f.severity, f.vulnerabilities.len())).collect::<Vec<_>>().len(), 2);
    assert!(found.iter().all(|finding| finding.severity == Severity::Medium));
    assert!(plant.library.asked() <= 10, "who does not answer is left alone: {}", plant.library.asked());
    plant.library.is_down(false);
    plant.later(10);
    plant.ticks(6).await;
    let now = about_cves(&plant).await;
    assert!(now.iter().all(|finding| finding.severity == Severity::Critical && finding.state.is_active()), "{now:#?}");
    assert_eq!(now.len(), 2);
}

#[tokio::test]
async fn nothing_waits_for_longer_than_half_an_hour() {
    let plant = Plant::new().await;
    let many = names(0..2_000);
    // Forty a minute: the last of them would be known after fifty minutes.
    for (n, several) in many.chunks(500).enumerate() {
        server(&plant, &format!("8.8.8.{n}"), several).await;
    }
    plant.tick().await;
    plant.ticks(32).await;
    let named: usize = about_cves(&plant).await.iter().map(|finding| finding.vulnerabilities.len()).sum();
    assert_eq!(named, 2_000);
}
