//! What comes down a stream of Shodan's: it opens findings at once, closes none, and is opened again whenever it ends.

use std::time::Duration;

use app::access::{OrganizationPatch, set_shodan_key, update_organization};
use app::monitor::{Feed, feeds, listen, state};
use app::ports::SourceError;
use app::testing::Fault;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::account::Line;
use super::plant::Plant;

/// A polled device with telnet, watched by an alert, and the feed of its organization.
async fn watched() -> (Plant, Feed) {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.shows("8.8.8.8", &[(23, "telnet")]);
    plant.tick().await;
    let feed = feeds(&plant.bench).await.unwrap().remove(0);
    (plant, feed)
}

fn banner(plant: &Plant, port: u16, module: &str) -> Line {
    Line::Banner(said(plant, port, module))
}

fn said(plant: &Plant, port: u16, module: &str) -> Value {
    json!({"ip": "8.8.8.8", "port": port, "module": module, "at": plant.now(), "id": format!("banner-{port}")})
}

/// Listens for so long.
async fn listened(plant: &Plant, feed: &Feed, time: Duration) -> bool {
    timeout(time, listen(&plant.bench, feed)).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_banner_is_a_finding_at_once_and_the_same_again_is_nothing() {
    let (plant, feed) = watched().await;
    plant.later(10);
    let lines = [
        Line::Beat,
        banner(&plant, 502, "modbus"),
        Line::Unreadable,
        banner(&plant, 502, "modbus"),
        banner(&plant, 5900, "vnc"),
    ];
    plant.account.book().lines.extend(lines);
    assert!(!listened(&plant, &feed, Duration::from_secs(5)).await, "it goes on");
    assert_eq!(plant.open_ports().await, [23, 502, 5900], "what is not told of is not closed");
    assert!(state(&plant.bench, &plant.caller.org).await.unwrap().1.taken_at.is_some());
    let next = app::poll::next_due(&plant.bench, &plant.caller.org).await.unwrap().unwrap();
    assert_eq!(next.duration_since(plant.now()), jiff::SignedDuration::from_mins(50), "the poll is due when it was");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_or_of_another_time_is_left_alone() {
    let (plant, feed) = watched().await;
    let mut strange = said(&plant, 502, "modbus");
    strange["ip"] = json!("1.1.1.1");
    let mut old = said(&plant, 502, "modbus");
    old["at"] = json!(plant.now() - jiff::SignedDuration::from_hours(8 * 24));
    plant.account.book().lines.extend([Line::Banner(strange), Line::Banner(old), banner(&plant, 5900, "vnc")]);
    listened(&plant, &feed, Duration::from_secs(5)).await;
    assert_eq!(plant.open_ports().await, [23, 5900], "and neither ends the stream");
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_after_every_end_later_and_later() {
    let (plant, feed) = watched().await;
    plant.account.book().lines.extend([Line::Beat, Line::Broken(SourceError::Unavailable("broken off".into()))]);
    listened(&plant, &feed, Duration::from_mins(1)).await;
    assert_eq!(plant.account.book().streams, 2);
    plant.account.book().refuses = Some(SourceError::Unavailable("down".into()));
    let calls = plant.account.book().calls;
    listened(&plant, &feed, Duration::from_hours(1)).await;
    let calls = plant.account.book().calls - calls;
    assert!((12..=20).contains(&calls), "after seconds at first, every five minutes at last: {calls}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_accepted_is_told_and_not_tried_all_the_time() {
    let (plant, feed) = watched().await;
    plant.account.book().refuses = Some(SourceError::BadKey);
    let calls = plant.account.book().calls;
    assert!(!listened(&plant, &feed, Duration::from_hours(1)).await);
    let calls = plant.account.book().calls - calls;
    assert!((3..=4).contains(&calls), "every quarter of an hour, and a little later: {calls}");
    let told = state(&plant.bench, &plant.caller.org).await.unwrap().1;
    assert_eq!(told.refused.as_deref(), Some("the stream: the key is not accepted"));
}

#[tokio::test(start_paused = true)]
async fn what_the_store_does_not_take_is_handed_over_again() {
    for call in 1..40 {
        let (plant, feed) = watched().await;
        plant.account.book().lines.extend([banner(&plant, 502, "modbus")]);
        plant.bench.tables.fail_at(call, Fault::Before);
        listened(&plant, &feed, Duration::from_mins(1)).await;
        plant.bench.tables.heal();
        // Where the opening itself failed, its line waits for the next.
        assert_eq!(plant.open_ports().await, [23, 502], "call {call}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_who_has_a_key_and_wants_it_is_listened_to() {
    let (plant, feed) = watched().await;
    let org = plant.caller.org.clone();
    assert_eq!(feed.org, org);
    set_shodan_key(&plant.bench, &plant.caller, Some("ANOTHERKEY")).await.unwrap();
    let other = feeds(&plant.bench).await.unwrap().remove(0);
    assert!(other != feed, "another key is another stream");
    assert!(listened(&plant, &feed, Duration::from_secs(5)).await, "the old one ends by itself");
    let off = OrganizationPatch { shodan_monitor: Some(false), ..OrganizationPatch::default() };
    update_organization(&plant.bench, &plant.caller, &off).await.unwrap();
    assert_eq!(feeds(&plant.bench).await.unwrap(), []);
    assert!(listened(&plant, &other, Duration::from_secs(5)).await);

    let without = Plant::without_key().await;
    without.watch("8.8.8.8").await;
    without.tick().await;
    assert_eq!(feeds(&without.bench).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_posted_to_has_alerts_all_the_same_where_a_stream_is_kept() {
    for streams in [false, true] {
        let mut plant = Plant::without_key().await;
        plant.bench.app.settings.public_url = "http://10.0.0.5:7071".into();
        plant.bench.app.settings.streams = streams;
        set_shodan_key(&plant.bench, &plant.caller, Some("OWNKEY")).await.unwrap();
        plant.watch("8.8.8.8").await;
        plant.tick().await;
        let alerts = plant.account.book().alerts.len();
        let notifiers = plant.account.book().notifiers.len();
        assert_eq!((alerts, notifiers), (usize::from(streams), 0));
        let error = state(&plant.bench, &plant.caller.org).await.unwrap().0.error;
        assert_eq!(error.is_none(), streams, "{error:?}");
    }
}
