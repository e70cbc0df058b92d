use app::directory::{Direction, Order};
use app::findings::{self, FindingFilter, TriageRequest};
use domain::finding::FindingState;
use domain::rule::Category;
use domain::severity::Severity;

use super::plant::{Plant, host};

async fn states(plant: &Plant) -> Vec<FindingState> {
    let (filter, order) = (FindingFilter::default(), (Order::Risk, Direction::Descending));
    let page = findings::page(&plant.bench, &plant.caller, &filter, order, (None, 50, false)).await.unwrap();
    page.items.iter().map(|l| l.finding.state).collect()
}

#[tokio::test]
async fn a_page_that_was_shown_costs_one_read_until_something_changes() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet"), (502, "modbus")]));
    plant.tick().await;
    let first = states(&plant).await;
    assert!(first.len() >= 2 && first.iter().all(|s| *s == FindingState::Open));
    let before = plant.bench.tables.calls();
    assert_eq!(states(&plant).await, first);
    assert_eq!(plant.bench.tables.calls() - before, 1);

    let ids: Vec<_> = plant.findings(&FindingFilter::default()).await.into_iter().map(|f| f.id).collect();
    let request = TriageRequest {
        ids: ids[..1].to_vec(),
        state: FindingState::Acknowledged,
        reason: None,
        note: None,
        until: None,
        tripwires: None,
        approved_by: None,
        epss_above: None,
    };
    findings::triage(&plant.bench, &plant.caller, &request).await.unwrap();
    assert_eq!(states(&plant).await.iter().filter(|s| **s == FindingState::Acknowledged).count(), 1);
}

#[tokio::test]
async fn what_is_counted_is_what_would_be_listed_whether_or_not_it_takes_a_look_at_each() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet"), (502, "modbus"), (80, "http")]));
    plant.tick().await;
    let ids: Vec<_> = plant.findings(&FindingFilter::default()).await.into_iter().map(|f| f.id).collect();
    let request = TriageRequest {
        ids: ids[..1].to_vec(),
        state: FindingState::Acknowledged,
        reason: None,
        note: None,
        until: None,
        tripwires: None,
        approved_by: None,
        epss_above: None,
    };
    findings::triage(&plant.bench, &plant.caller, &request).await.unwrap();
    let mut seen = 0;
    for (state, severity) in FindingState::ALL.into_iter().flat_map(|s| Severity::ALL.into_iter().map(move |v| (s, v)))
    {
        // The second asks for a category too, which only the entries can tell.
        let by_sums = FindingFilter {
            states: Some(vec![state]),
            severities: Some(vec![severity, Severity::Info]),
            ..FindingFilter::default()
        };
        let by_entries = FindingFilter { categories: Some(Category::ALL.to_vec()), ..by_sums.clone() };
        let listed = plant.findings(&by_sums).await.len();
        for filter in [by_sums, by_entries] {
            let counts = findings::counts(&plant.bench, &plant.caller, &filter).await.unwrap().unwrap();
            let counted: u32 = FindingState::ALL.into_iter().map(|s| counts.total(s)).sum();
            assert_eq!(counted as usize, listed, "{filter:?}");
        }
        seen += listed;
    }
    assert!(seen >= ids.len());
}
