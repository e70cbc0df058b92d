//! Killed without a word in the middle of whatever it does, again and again, the program loses nothing: every event
//! reaches the receiver under one id, and at the end API and receiver tell the same story.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use app::ports::Ids;
use app::testing::SeededIds;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::world::{Mode, Wishes, World, total};

/// When it is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many milliseconds after it was asked to do something, whatever it does then.
    After(u64),
    /// So many milliseconds after it asked a source: while it judges and stores the answer.
    AfterAsking(u64),
    /// While a receiver has its request and has not answered.
    WhileTelling,
}

/// How long it takes to be done with what a crash left: a lease on an attempt that was cut off lasts a minute, and what
/// is not done is late after two.
pub(crate) const RECOVERY: Duration = Duration::from_secs(160);
pub(crate) const QUICK: (&str, &str) = ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:02");

/// Both modes in one test: it mostly waits for leases to end, and two at once wait no longer than one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_it_loses_nothing_in_either_mode() {
    tokio::join!(killed_again_and_again(Mode::Machine, 11), killed_again_and_again(Mode::Azure, 23));
}

async fn killed_again_and_again(mode: Mode, seed: u64) {
    let wishes = Wishes { settings: vec![QUICK], ..Wishes::default() };
    let Some(world) = World::registered(mode, wishes).await else { return };
    let (channel, _) = world.webhook().await;
    let random = SeededIds::new(seed);
    let mut wanted = BTreeSet::new();
    for (number, moment) in moments(&random).into_iter().enumerate() {
        // Work for the timer and the queue: a new device, once a network with thirty.
        let target = if number == 3 { "203.0.113.0/24".to_owned() } else { format!("198.51.100.{}", 10 + number) };
        tokio::join!(register(&world, &target), kill(&world, moment));
        world.restart().await;
        // Whoever got no answer asks again.
        assert_eq!(register(&world, &target).await, Some(()), "{target} cannot be registered");
        wanted.insert(target);
    }
    world.within(RECOVERY, "everything to be told", async || everything_is_told(&world, &channel).await).await;
    nothing_is_there_twice(&world, &wanted).await;
}

/// Those that take longest to recover from come first.
fn moments(random: &SeededIds) -> Vec<Moment> {
    let mut moments = vec![Moment::WhileTelling; 2];
    for _ in 0..4 {
        moments.push(Moment::AfterAsking(below(random, 60)));
        moments.push(Moment::After(below(random, 700)));
    }
    moments
}

async fn kill(world: &World, moment: Moment) {
    let asked = |world: &World| world.simulator.requests();
    let (before, told) = (asked(world), world.receiver.got().len());
    world.receiver.hold(matches!(moment, Moment::WhileTelling));
    let come = async {
        match moment {
            Moment::After(millis) => sleep(Duration::from_millis(millis)).await,
            Moment::AfterAsking(millis) => {
                once(|| asked(world) != before).await;
                sleep(Duration::from_millis(millis)).await;
            }
            Moment::WhileTelling => once(|| world.receiver.got().len() > told).await,
        }
    };
    world.meanwhile(come).await;
    world.kill().await;
    world.receiver.hold(false);
}

async fn once(come: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !come() {
        assert!(Instant::now() < patience, "the moment never comes");
        sleep(Duration::from_millis(1)).await;
    }
}

/// Registers an asset, or finds it registered. `None`: there was no answer.
pub(crate) async fn register(world: &World, target: &str) -> Option<()> {
    let create = "mutation($target: String!) { createAsset(input: {target: $target}) {
        asset { id } userErrors { code } } }";
    let answer = world.try_ask(create, json!({"target": target})).await?;
    let made = &answer["data"]["createAsset"];
    let there = made["asset"]["id"].is_string() || made["userErrors"][0]["code"] == "TAKEN";
    there.then_some(())
}

async fn everything_is_told(world: &World, channel: &str) -> Option<()> {
    let assets = world.all("assets(", "monitoring { status }").await;
    let deliveries = world.all(&format!("deliveries(filter: {{channelId: {channel:?}}},"), "id state").await;
    let events = world.all("events(", "sequence").await;
    let polled = assets.iter().all(|asset| asset["monitoring"]["status"] != "WAITING");
    let delivered = deliveries.iter().all(|delivery| delivery["state"] == "DELIVERED");
    (polled && delivered && deliveries.len() == events.len()).then_some(())
}

async fn nothing_is_there_twice(world: &World, wanted: &BTreeSet<String>) {
    let events = world.all("events(", "sequence type asset { target } finding { id }").await;
    let deliveries = world.all("deliveries(", "id events { sequence }").await;
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let got = world.receiver.got();
    assert!(got.len() > deliveries.len(), "no kill cut an attempt off");
    for received in got {
        let sequence = received.event()["data"]["sequence"].as_str().unwrap().to_owned();
        ids.entry(sequence).or_default().insert(received.id().to_owned());
    }
    let in_log: BTreeMap<String, BTreeSet<String>> =
        deliveries.iter().map(|d| (text(&d["events"][0]["sequence"]), BTreeSet::from([text(&d["id"])]))).collect();
    assert_eq!(ids, in_log, "the receiver and the log of deliveries disagree");
    let told: BTreeSet<String> = events.iter().map(|event| text(&event["sequence"])).collect();
    assert_eq!(told, ids.keys().cloned().collect());

    let of = |kind: &str, pointer: &str| -> Vec<String> {
        let mut found: Vec<String> =
            events.iter().filter(|e| e["type"] == kind).map(|e| text(e.pointer(pointer).unwrap())).collect();
        found.sort_unstable();
        found
    };
    let wanted: Vec<String> = wanted.iter().cloned().collect();
    for kind in ["ASSET_CREATED", "ASSET_FIRST_POLLED"] {
        assert_eq!(of(kind, "/asset/target"), wanted, "{kind}");
    }
    let mut findings: Vec<String> = world.all("findings(", "id").await.iter().map(|f| text(&f["id"])).collect();
    findings.sort_unstable();
    assert!(findings.len() > 30, "too little happened: {}", findings.len());
    assert_eq!(of("FINDING_OPENED", "/finding/id"), findings);
    let severities = "{ critical high medium low info }";
    let counts = format!("{{ findings {{ counts {{ open {severities} resolved {severities} }} }} }}");
    assert_eq!(total(&world.ask(&counts, json!({})).await["findings"]["counts"]), findings.len() as u64);
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

pub(crate) fn below(random: &SeededIds, end: u64) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_be_bytes(bytes) % end
}
