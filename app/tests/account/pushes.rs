use app::monitor::{Posted, Refused, Taken, push, state};
use domain::event::EventType;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::plant::Plant;

/// A device that shows telnet, polled and watched by an alert.
async fn watched() -> (Plant, String, String) {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.shows("8.8.8.8", &[(23, "telnet")]);
    plant.tick().await;
    let url = plant.account.book().notifiers[0].args["url"].clone();
    let alert = plant.account.book().alerts[0].id.clone();
    (plant, url.rsplit('/').next().unwrap().to_owned(), alert)
}

fn banner(plant: &Plant, port: u16, module: &str, alert: &str) -> Value {
    let id = format!("banner-{port}");
    json!({"ip": "8.8.8.8", "port": port, "module": module, "at": plant.now(), "id": id, "alert": alert, "trigger": "iot"})
}

async fn post(plant: &Plant, token: &str, body: &Value) -> Result<Taken, Refused> {
    let body = body.to_string();
    push(&plant.bench, Posted { token, body: body.as_bytes(), ..Posted::default() }).await
}

#[tokio::test]
async fn a_new_service_is_a_finding_at_once_and_polling_goes_on_as_it_would_have() {
    let (plant, token, alert) = watched().await;
    plant.later(10);
    assert_eq!(post(&plant, &token, &banner(&plant, 502, "modbus", &alert)).await.unwrap(), Taken::Judged);
    assert_eq!(plant.open_ports().await, [23, 502]);
    let events = app::findings::events_page(
        &plant.bench,
        &plant.caller,
        &app::findings::EventFilter::default(),
        (None, 100, false),
    )
    .await
    .unwrap()
    .items;
    assert!(events.iter().any(|e| e.kind == EventType::FindingOpened && !e.first_poll && e.at == plant.now()));
    let next = app::poll::next_due(&plant.bench, &plant.caller.org).await.unwrap().unwrap();
    assert_eq!(next.duration_since(plant.now()), SignedDuration::from_mins(50), "the poll is due when it was");
    assert!(state(&plant.bench, &plant.caller.org).await.unwrap().1.taken_at.is_some());
}

#[tokio::test]
async fn a_push_closes_nothing_and_a_poll_mends_what_pushes_missed() {
    let (plant, token, alert) = watched().await;
    // It tells of one service alone, however often.
    for minute in 1..5 {
        plant.later(minute);
        post(&plant, &token, &banner(&plant, 502, "modbus", &alert)).await.unwrap();
    }
    assert_eq!(plant.open_ports().await, [23, 502]);
    // No push told of VNC.
    plant.later(60);
    plant.shows("8.8.8.8", &[(23, "telnet"), (502, "modbus"), (5900, "vnc")]);
    plant.later(24 * 8 * 60);
    plant.tick().await;
    assert_eq!(plant.open_ports().await, [23, 502, 5900]);
}

#[tokio::test]
async fn a_repeat_changes_nothing_and_a_replay_opens_nothing_again() {
    let (plant, token, alert) = watched().await;
    let body = banner(&plant, 502, "modbus", &alert);
    assert_eq!(post(&plant, &token, &body).await.unwrap(), Taken::Judged);
    let before = plant.findings().await;
    plant.later(1);
    assert_eq!(post(&plant, &token, &body).await.unwrap(), Taken::Repeated);
    assert_eq!(plant.findings().await, before);
    plant.later(8 * 24 * 60);
    let stale = post(&plant, &token, &body).await;
    assert!(matches!(stale, Err(Refused::Unusable("the banner is of another time"))), "{stale:?}");
    let mut future = body.clone();
    future["at"] = json!(plant.now() + SignedDuration::from_hours(2));
    assert!(matches!(post(&plant, &token, &future).await, Err(Refused::Unusable(_))));
}

#[tokio::test]
async fn forgeries_are_refused_and_told() {
    let (plant, token, alert) = watched().await;
    let body = banner(&plant, 502, "modbus", &alert);
    let text = body.to_string();
    let good = Posted { token: &token, body: text.as_bytes(), ..Posted::default() };
    for token in ["", "short", &"x".repeat(43), &token[..42]] {
        assert!(matches!(push(&plant.bench, Posted { token, ..good }).await, Err(Refused::Unknown)), "{token}");
    }
    let forged = push(&plant.bench, Posted { signature: Some("wrong"), ..good }).await;
    assert!(matches!(forged, Err(Refused::Forged(_))));
    let others = banner(&plant, 502, "modbus", "SOMEBODYS");
    assert!(matches!(post(&plant, &token, &others).await, Err(Refused::Forged(_))));
    let two = push(&plant.bench, Posted { alert: Some("SOMEBODYS"), ..good }).await;
    assert!(matches!(two, Err(Refused::Forged(_))));
    let garbage = push(&plant.bench, Posted { body: b"{", ..good }).await;
    assert!(matches!(garbage, Err(Refused::Unusable(_))));
    assert_eq!(plant.open_ports().await, [23]);
    let told = state(&plant.bench, &plant.caller.org).await.unwrap().1;
    assert_eq!(told.refused.as_deref(), Some("the signature is not of this organization's Shodan key"));
    let signed = Posted { signature: Some("signed"), alert: Some(&alert), ..good };
    assert_eq!(push(&plant.bench, signed).await.unwrap(), Taken::Judged);
}

#[tokio::test]
async fn what_is_not_watched_or_not_polled_yet_is_left_to_polls() {
    let (plant, token, alert) = watched().await;
    let mut strange = banner(&plant, 502, "modbus", &alert);
    strange["ip"] = json!("1.1.1.1");
    assert_eq!(post(&plant, &token, &strange).await.unwrap(), Taken::NotOurs);
    plant.watch("9.9.9.9").await;
    let mut early = banner(&plant, 502, "modbus", &alert);
    early["ip"] = json!("9.9.9.9");
    assert_eq!(post(&plant, &token, &early).await.unwrap(), Taken::NotOurs);
    let mut test = banner(&plant, 502, "modbus", &alert);
    test["alert"] = Value::Null;
    assert_eq!(post(&plant, &token, &test).await.unwrap(), Taken::Test);
    assert_eq!(plant.open_ports().await, [23]);
}

#[tokio::test]
async fn a_crash_while_a_push_is_taken_loses_nothing_that_is_sent_again() {
    for call in 1.. {
        let (plant, token, alert) = watched().await;
        let body = banner(&plant, 502, "modbus", &alert);
        plant.bench.tables.down_at(call);
        let begun = post(&plant, &token, &body).await;
        plant.bench.tables.heal();
        let plant = Plant { bench: plant.bench.restarted(), ..plant };
        post(&plant, &token, &body).await.unwrap();
        assert_eq!(plant.open_ports().await, [23, 502], "call {call}");
        let opened = plant.findings().await.iter().filter(|f| f.port == Some(502)).map(|f| f.reopen_count).max();
        assert_eq!(opened, Some(0), "call {call}");
        if begun.is_ok() {
            break;
        }
    }
}
