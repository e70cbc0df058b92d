use app::poll::{Budget, budget};
use app::{access, poll};

use super::plant::Plant;

async fn known(plant: &Plant) -> Option<Budget> {
    let organization = access::organization(&plant.bench, &plant.caller.org).await.unwrap().unwrap();
    budget(&plant.bench, &organization).await.unwrap()
}

#[tokio::test]
async fn what_is_left_of_the_plan_is_asked_once_an_hour() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    assert_eq!(known(&plant).await, None);
    plant.tick().await;
    let first = known(&plant).await.unwrap();
    assert_eq!((first.plan.as_str(), first.query_credits, first.scan_credits), ("dev", Some(100), None));
    plant.watch("8.8.4.4").await;
    plant.tick().await;
    assert_eq!(known(&plant).await.unwrap().query_credits, Some(100));
    plant.later(2);
    plant.tick().await;
    // Of the 99 that it said, the same tick spent one on a search.
    assert_eq!(known(&plant).await.unwrap().query_credits, Some(98));
}

#[tokio::test]
async fn an_account_is_its_keys_and_is_not_shown_for_another() {
    let mut plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.tick().await;
    assert!(!format!("{:?}", plant.bench.tables.everything()).contains("\"key\""), "the key lies about in the open");
    plant.bench.app.settings.shodan_key = Some("another".into());
    assert_eq!(known(&plant).await, None);
    plant.bench.app.settings.shodan_key = None;
    poll::tick(&plant.bench).await.unwrap();
    assert_eq!(known(&plant).await, None);
}
