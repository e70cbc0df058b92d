//! What the program could not do is said, not silent: messages that the host gave up on become states of deliveries,
//! and messages that nobody can understand do no harm.

use app::ports::{Queue, QueueName};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::world::{Mode, Wishes, World};

const AT_ONCE: (&str, &str) = ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:01");

#[tokio::test]
async fn what_the_host_gave_up_on_is_told_or_shown_as_exhausted() {
    let wishes = Wishes { settings: vec![AT_ONCE], ..Wishes::default() };
    let Some(world) = World::registered(Mode::Azure, wishes).await else { return };
    let azure = world.host().unwrap();
    world.webhook().await;

    // The first event's receiver refuses, so that a retry waits; the second event was not even routed.
    world.receiver.answers(500);
    world.watch("Refused", "198.51.100.10").await;
    assert_eq!(azure.pump().await.delivered, 1);
    world.receiver.answers(204);
    world.watch("Unrouted", "198.51.100.11").await;

    // The program does not come up: the host tries both messages five times and gives up.
    world.kill().await;
    let end = Instant::now() + Duration::from_mins(1);
    let mut poisoned = 0;
    while poisoned < 2 {
        assert!(Instant::now() < end, "the host never gives up");
        let pumped = azure.pump().await;
        assert_eq!(pumped.delivered, 0);
        poisoned += pumped.poisoned;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(azure.queue.depth(QueueName::Notifications).await.unwrap(), 0);
    assert_eq!(azure.queue.depth(QueueName::NotificationsPoison).await.unwrap(), 2);
    assert_eq!(world.receiver.got().len(), 1);

    world.restart().await;
    azure.host.timer("poll").await.unwrap();
    assert_eq!(azure.queue.depth(QueueName::NotificationsPoison).await.unwrap(), 0);
    let log = world.log().await.join("\n");
    for word in [" poison ", " exhausted"] {
        assert!(log.contains(word), "alerts look for {word:?}: {log}");
    }
    let refused = delivery_of(&world, "Refused").await;
    assert_eq!((&refused["state"], &refused["attempts"]), (&json!("EXHAUSTED"), &json!([{"statusCode": 500}])));
    assert!(refused["nextAttemptAt"].is_null(), "{refused}");
    let unrouted = delivery_of(&world, "Unrouted").await;
    assert_eq!((&unrouted["state"], &unrouted["attempts"]), (&json!("DELIVERED"), &json!([{"statusCode": 204}])));

    // By hand it goes on, under the same id.
    let again = "mutation($id: ID!) { redeliver(input: {deliveryId: $id}) { delivery { state } userErrors { code } } }";
    let again = world.change(again, json!({"id": refused["id"]})).await;
    assert_eq!(again["delivery"]["state"], "DELIVERED");
    let ids: Vec<String> =
        world.receiver.got().iter().filter(|r| names(&r.event(), "Refused")).map(|r| r.id().to_owned()).collect();
    assert_eq!(ids, [refused["id"].as_str().unwrap(); 2]);
}

#[tokio::test]
async fn on_one_machine_garbage_in_the_queues_does_no_harm() {
    garbage_in_the_queues_does_no_harm(Mode::Machine).await;
}

#[tokio::test]
async fn on_azure_garbage_in_the_queues_does_no_harm() {
    garbage_in_the_queues_does_no_harm(Mode::Azure).await;
}

async fn garbage_in_the_queues_does_no_harm(mode: Mode) {
    let Some(world) = World::registered(mode, Wishes::default()).await else { return };
    world.webhook().await;
    let stranger = "org_01J8ZQ4W3E9V6T5R2P1N0M8K7H";
    let delivery = format!("delivery_{}", "0".repeat(26));
    let garbage = [
        "no JSON at all".to_owned(),
        // Its keys are written over the host's own metadata of the message.
        r#"{"DequeueCount":"many","Id":{"a":1},"sys":null,"msg":"[1]"}"#.to_owned(),
        "[9,\"from\",\"the\",\"future\"]".to_owned(),
        format!(r#"[1,"route","{stranger}","00",1]"#),
        format!(r#"[1,"attempt","{stranger}","{delivery}",1]"#),
        "[".repeat(10_000),
        "\u{1F600}\"\\\u{7f}".to_owned(),
    ];
    let bodies: Vec<&str> = garbage.iter().map(String::as_str).collect();
    for queue in [QueueName::Notifications, QueueName::NotificationsPoison] {
        world.slip_in(queue, &bodies).await;
    }
    world.watch("Gate camera", "198.51.100.10").await;
    // On Azure no message may fail meanwhile: the world sees to that.
    world
        .until("the event behind the garbage", async || world.receiver.was_told("asset.created", "").then_some(()))
        .await;
    world
        .until("the queue to empty", async || {
            let depth = world.ask("{ monitorStatus { queueDepth } }", json!({})).await;
            (depth["monitorStatus"]["queueDepth"] == 0).then_some(())
        })
        .await;
    assert!(world.receiver.got().iter().all(|received| names(&received.event(), "Gate camera")));
}

/// The delivery of the event that an asset of this name was registered.
async fn delivery_of(world: &World, name: &str) -> Value {
    let fields = "id state nextAttemptAt attempts { statusCode } events { type asset { name } }";
    let deliveries = world.all("deliveries(", fields).await;
    let is_it = |delivery: &&Value| {
        let event = &delivery["events"][0];
        event["type"] == "ASSET_CREATED" && event["asset"]["name"] == name
    };
    deliveries.iter().find(is_it).unwrap_or_else(|| panic!("{deliveries:#?}")).clone()
}

fn names(event: &Value, asset: &str) -> bool {
    event["data"]["asset"]["name"] == asset
}
