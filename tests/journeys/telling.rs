//! A webhook receiver is told: signed, every event once, nothing twice when nothing is new, and what is new when
//! something is.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::verifiers::verify_elsewhere;
use crate::world::{KEY, Mode, Wishes, World};

#[tokio::test]
async fn on_one_machine_a_receiver_is_told_of_everything_once() {
    a_receiver_is_told_of_everything_once(Mode::Machine).await;
}

#[tokio::test]
async fn on_azure_a_receiver_is_told_of_everything_once() {
    a_receiver_is_told_of_everything_once(Mode::Azure).await;
}

async fn a_receiver_is_told_of_everything_once(mode: Mode) {
    let Some(world) = World::registered(mode, Wishes::default()).await else { return };
    let (channel, secret) = world.webhook().await;
    let camera = world.watch("Gate camera", "198.51.100.10").await;
    world.until("the first poll at the receiver", async || told(&world, "asset.first_polled")).await;
    agree(&world, &channel).await;
    for kind in ["asset.created", "service.opened", "finding.opened"] {
        assert!(told(&world, kind).is_some(), "{kind} is missing");
    }
    let findings = world.all("findings(", "id").await.len();
    let opened = world.receiver.got().iter().filter(|r| r.event()["type"] == "finding.opened").count();
    assert_eq!(opened, findings);

    // Asked again, Shodan says the same: nobody is told.
    let before = world.receiver.got().len();
    world.poll_again(&camera).await;
    world.poll_again(&camera).await;
    agree(&world, &channel).await;
    assert_eq!(world.receiver.got().len(), before);

    // Telnet opens.
    let mut banners = world.simulator.banners("198.51.100.10".parse().unwrap());
    banners.push(world.simulator.banners("198.51.100.11".parse().unwrap()).remove(0));
    banners.last_mut().unwrap()["ip_str"] = "198.51.100.10".into();
    assert_eq!(banners.last().unwrap()["port"], 23);
    world.now_answers("198.51.100.10", banners);
    world.poll_again(&camera).await;
    world
        .until("Telnet at the receiver", async || {
            world.receiver.was_told("finding.opened", "\"port\":23").then_some(())
        })
        .await;
    agree(&world, &channel).await;

    let got = world.receiver.got();
    let verifier = Webhook::new(&secret).unwrap();
    for request in &got {
        verifier.verify(&request.body, &request.headers).unwrap();
    }
    verify_elsewhere(&secret, &got);
    let log = world.log().await.join("\n");
    assert!(!log.contains(KEY) && !log.contains(&secret), "a secret stands in the log");
}

fn told(world: &World, kind: &str) -> Option<()> {
    world.receiver.was_told(kind, "").then_some(())
}

/// The log of events, the log of deliveries and the receiver tell one story.
async fn agree(world: &World, channel: &str) {
    let deliveries = world
        .until("every delivery to be made", async || {
            let filter = format!("deliveries(filter: {{channelId: {channel:?}}},");
            let deliveries = world.all(&filter, "id state attempts { statusCode } events { sequence }").await;
            let events = world.all("events(", "sequence").await.len();
            let made = deliveries.iter().all(|delivery| delivery["state"] == "DELIVERED");
            (made && deliveries.len() + before_the_channel(world, channel).await == events).then_some(deliveries)
        })
        .await;
    let got = world.receiver.got();
    let ids: BTreeSet<&str> = got.iter().map(crate::world::Received::id).collect();
    assert_eq!(ids.len(), got.len(), "an event came twice");
    for delivery in &deliveries {
        let sequence = &delivery["events"][0]["sequence"];
        let of_it: Vec<_> = got.iter().filter(|r| r.id() == delivery["id"]).collect();
        assert_eq!(of_it.len(), 1, "{delivery}");
        assert_eq!(of_it[0].event()["data"]["sequence"], *sequence);
        assert_eq!(delivery["attempts"], json!([{"statusCode": 204}]));
    }
    assert_eq!(deliveries.len(), got.len());
}

/// What happened before the channel was there is not sent.
async fn before_the_channel(world: &World, channel: &str) -> usize {
    let query = "query($id: ID!) { notificationChannel(id: $id) { createdAt } }";
    let created: Value = world.ask(query, json!({"id": channel})).await["notificationChannel"]["createdAt"].take();
    let events = format!("events(filter: {{until: {created}}},");
    world.all(&events, "id").await.len()
}
