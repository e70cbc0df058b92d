use app::access::{OrganizationPatch, set_shodan_key, update_organization};
use app::assets::{self, Selection};
use app::monitor::{MonitorState, state};
use app::ports::{Alert, AlertTrigger, Notifier, SourceError};

use super::plant::Plant;

async fn known(plant: &Plant) -> MonitorState {
    state(&plant.bench, &plant.caller.org).await.unwrap().0
}

/// What is watched at the account by alerts of ours, sorted.
fn watched(plant: &Plant) -> Vec<String> {
    let book = plant.account.book();
    let ours = book.alerts.iter().filter(|alert| alert.name.starts_with("iotmonitor "));
    let mut networks: Vec<String> = ours.flat_map(|alert| alert.networks.clone()).collect();
    networks.sort();
    networks
}

fn changes(plant: &Plant) -> Vec<String> {
    std::mem::take(&mut plant.account.book().changes)
}

#[tokio::test]
async fn alerts_follow_the_assets() {
    let plant = Plant::new().await;
    plant.watch("8.8.4.0/24").await;
    plant.watch("8.8.4.4").await;
    let device = plant.watch("8.8.8.8").await;
    plant.tick().await;
    assert_eq!(watched(&plant), ["8.8.4.0/24", "8.8.8.8/32"], "the device in the network is watched with it");
    let first = changes(&plant);
    assert_eq!(first.len(), 7, "a notifier, and each of two alerts made, enabled, attached: {first:?}");
    let alerts = plant.account.book().alerts.clone();
    assert!(alerts.iter().all(|alert| alert.notifiers.len() == 1));
    let triggers: Vec<&str> = alerts[0].triggers.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(triggers, ["iot", "malware", "new_service"], "those that Shodan has, and not any");
    let url = plant.account.book().notifiers[0].args["url"].clone();
    assert!(url.starts_with("https://iot.example.com/hooks/shodan/") && url.len() == 80, "{url}");
    assert!(!format!("{:?}", plant.bench.tables.everything()).contains(&url[37..]), "the token is sealed");
    assert_eq!((known(&plant).await.alerts.len(), known(&plant).await.addresses), (2, 257));
    // Nothing changed: nothing is asked.
    let calls = plant.account.book().calls;
    plant.pass(30).await;
    assert_eq!(plant.account.book().calls, calls);
    // A change is carried over.
    plant.watch("9.9.9.9").await;
    assets::retire(&plant.bench, &plant.caller, Selection::Ids(vec![device.id]), 1, "sold").await.unwrap();
    plant.pass(6).await;
    assert_eq!(watched(&plant), ["8.8.4.0/24", "9.9.9.9/32"]);
    assert_eq!(changes(&plant).len(), 1, "one alert was edited");
}

#[tokio::test]
async fn what_others_made_is_left_alone() {
    let plant = Plant::new().await;
    let theirs = Alert {
        id: "THEIRS".into(),
        name: "iotmonitor".into(),
        networks: vec!["8.8.8.8".into()],
        created: None,
        expires: None,
        triggers: vec![AlertTrigger { name: "any".into(), ignored: Vec::new() }],
        notifiers: vec!["default".into()],
    };
    let mail = Notifier {
        id: "hook".into(),
        provider: "webhook".into(),
        description: Some("our SIEM".into()),
        args: [("url".to_owned(), "https://siem.example".to_owned())].into(),
    };
    plant.account.book().alerts.push(theirs.clone());
    plant.account.book().notifiers.push(mail.clone());
    plant.watch("8.8.8.8").await;
    plant.tick().await;
    let patch = OrganizationPatch { shodan_monitor: Some(false), ..OrganizationPatch::default() };
    update_organization(&plant.bench, &plant.caller, &patch).await.unwrap();
    plant.pass(6).await;
    assert_eq!(plant.account.book().alerts, [theirs], "ours have gone, and only ours");
    assert_eq!(plant.account.book().notifiers, [mail]);
    let calls = plant.account.book().calls;
    plant.pass(24 * 61).await;
    assert_eq!(plant.account.book().calls, calls, "what is switched off asks nothing");
}

#[tokio::test]
async fn a_crash_or_an_error_at_any_call_is_made_up_for_and_nothing_is_made_twice() {
    for (call, done) in (1..16).flat_map(|call| [(call, false), (call, true)]) {
        let plant = Plant::new().await;
        plant.watch("8.8.4.0/24").await;
        plant.watch("8.8.8.8").await;
        plant.account.fail_at(call, SourceError::Unavailable("time-out".into()), done);
        plant.pass(40).await;
        let book = plant.account.book();
        assert_eq!(book.alerts.len(), 2, "call {call}, done {done}: {:?}", book.changes);
        assert!(book.alerts.iter().all(|a| a.triggers.len() == 3 && a.notifiers.len() == 1), "call {call}, {done}");
        assert_eq!(book.notifiers.len(), 1, "call {call}, done {done}");
    }
    for call in 1..40 {
        let plant = Plant::new().await;
        plant.watch("8.8.8.8").await;
        plant.bench.tables.down_at(call);
        let _ = app::poll::tick(&plant.bench).await;
        plant.bench.tables.heal();
        plant.pass(20).await;
        let book = plant.account.book();
        assert_eq!((book.alerts.len(), book.notifiers.len()), (1, 1), "call {call}: {:?}", book.changes);
    }
}

#[tokio::test]
async fn many_changes_are_made_a_few_a_minute() {
    let plant = Plant::new().await;
    for n in 0..30 {
        plant.watch(&format!("9.9.{n}.0/28")).await;
    }
    plant.tick().await;
    assert_eq!(changes(&plant).len(), 20);
    plant.pass(1).await;
    assert_eq!(changes(&plant).len(), 20);
    plant.pass(5).await;
    assert_eq!(watched(&plant).len(), 30);
    assert!(plant.account.book().alerts.iter().all(|alert| alert.notifiers.len() == 1));
}

#[tokio::test]
async fn what_the_plan_does_not_watch_is_told() {
    let plant = Plant::new().await;
    plant.account.book().monitored_left = Some(20);
    plant.watch("8.8.4.0/24").await;
    plant.watch("8.8.8.0/28").await;
    plant.watch("9.9.9.9").await;
    plant.tick().await;
    assert_eq!(watched(&plant), ["8.8.8.0/28", "9.9.9.9/32"]);
    assert_eq!(known(&plant).await.left_out, ["8.8.4.0/24"]);
}

#[tokio::test]
async fn trouble_at_the_account_is_told_and_tried_again() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.account.fail_at(1, SourceError::BadKey, false);
    plant.tick().await;
    assert_eq!(known(&plant).await.error.as_deref(), Some("Shodan: the key is not accepted"));
    plant.pass(20).await;
    assert_eq!((known(&plant).await.error, watched(&plant).len()), (None, 1));
}

#[tokio::test]
async fn only_an_account_of_ones_own_is_touched_and_only_where_shodan_can_reach_us() {
    let shared = Plant::without_key().await;
    shared.watch("8.8.8.8").await;
    shared.pass(6).await;
    assert_eq!(shared.account.book().calls, 0);
    let mut here = Plant::without_key().await;
    here.bench.app.settings.public_url = "http://127.0.0.1:7071".into();
    set_shodan_key(&here.bench, &here.caller, Some("OWNKEY")).await.unwrap();
    here.watch("8.8.8.8").await;
    here.pass(6).await;
    assert_eq!(here.account.book().calls, 0);
    assert!(known(&here).await.error.unwrap().contains("https"));
}
