use app::directory::{Direction, Order};
use app::findings::{self, FindingFilter, TriageRequest};
use domain::finding::FindingState;

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
