//! Half a minute of chaos and then the reckoning: the program is killed at random, its storage fails, its messages come
//! twice and in another order, and its receivers answer in all the ways that receivers do. Afterwards nothing is lost,
//! nothing is forged, nothing came twice but for a reason and under the same id, the log says what the receivers
//! counted, and no secret stands in anything that was written.
//!
//! Not here: faults of the embedded store, which no door leads to; the use cases meet them in `app`.

mod receivers;
mod reckoning;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use app::testing::SeededIds;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::killing::{QUICK, RECOVERY, below, register};
use crate::world::{Mode, Wishes, World, now};
use receivers::{Mood, Receivers};

/// A retry that one fault put off another may put off again, while a busy machine does everything more slowly.
const PATIENCE: Duration = RECOVERY.saturating_mul(2);
/// What the sweep asked for during a long chaos, and what broke off again, it asks for once more after ten minutes.
const ASKED_AGAIN: Duration = Duration::from_mins(10);

/// A header that a receiver asks for, which is as secret as a password.
const HEADER_SECRET: &str = "Bearer a-token-of-the-receivers-own";

/// A channel to one of the receivers.
struct Channel {
    id: String,
    secret: String,
}

/// What is remembered for the reckoning.
struct Chaos {
    world: World,
    receivers: Receivers,
    /// To each of [`Mood::ALL`].
    channels: Vec<Channel>,
    began: Timestamp,
    kills: Vec<Timestamp>,
    /// What is not so by then is not going to be.
    patience: Duration,
    /// How often a delivery was asked for by hand.
    asked: Mutex<BTreeMap<String, usize>>,
    /// What all the processes wrote.
    written: Vec<String>,
}

/// Both modes in one test, as they mostly wait for leases to end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_minute_of_chaos_loses_forges_and_betrays_nothing_in_either_mode() {
    let lasts = Duration::from_secs(30);
    tokio::join!(chaos(Mode::Machine, 101, lasts), chaos(Mode::Azure, 202, lasts));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a quarter of an hour; run it after a change of how deliveries are stored"]
async fn ten_minutes_of_chaos_lose_forge_and_betray_nothing_in_either_mode() {
    let lasts = Duration::from_mins(10);
    tokio::join!(chaos(Mode::Machine, 303, lasts), chaos(Mode::Azure, 404, lasts));
}

async fn chaos(mode: Mode, seed: u64, lasts: Duration) {
    let wishes = Wishes { settings: vec![QUICK], unreliable_storage: true, ..Wishes::default() };
    let Some(world) = World::registered(mode, wishes).await else { return };
    let receivers = Receivers::start().await;
    let mut channels = Vec::new();
    for receiver in 0..Mood::ALL.len() {
        channels.push(channel(&world, &receivers.url(receiver)).await);
    }
    let (kills, asked, written) = (Vec::new(), Mutex::default(), Vec::new());
    let patience = if lasts < ASKED_AGAIN { PATIENCE } else { PATIENCE + ASKED_AGAIN };
    let mut chaos = Chaos { world, receivers, channels, began: now(), kills, patience, asked, written };
    chaos.rage(&SeededIds::new(seed), Instant::now() + lasts).await;
    chaos.wait_until(async || chaos.is_told().await).await;
    chaos.heal().await;
    chaos.wait_until(async || chaos.send_again().await).await;
    chaos.written.extend(chaos.world.log().await);
    reckoning::reckon(&chaos, mode).await;
}

async fn channel(world: &World, url: &str) -> Channel {
    let create = "mutation($url: Url!, $secret: String!) { createWebhookChannel(input: { name: \"SIEM\", url: $url,
        headers: [{name: \"authorization\", value: $secret}] }) { secret channel { id } userErrors { code message } } }";
    let made = world.change(create, json!({"url": url, "secret": HEADER_SECRET})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Channel { id: text(&made["channel"]["id"]), secret: text(&made["secret"]) }
}

impl Chaos {
    /// Work, faults and kills until the time is over; then everything works.
    async fn rage(&mut self, random: &SeededIds, end: Instant) {
        let mut wanted = Vec::new();
        while Instant::now() < end {
            let number = wanted.len();
            let target = format!("198.51.100.{}", 10 + number % 240);
            self.world.storage_fails(true);
            let work = async {
                self.world.meanwhile(sleep(Duration::from_millis(500 + below(random, 3_000)))).await;
                self.world.stir(random).await;
                self.world.meanwhile(sleep(Duration::from_millis(below(random, 1_000)))).await;
            };
            tokio::join!(register(&self.world, &target), work);
            self.world.kill().await;
            self.kills.push(now());
            self.written.extend(self.world.log().await);
            self.world.storage_fails(false);
            self.world.restart_stirred(random).await;
            wanted.push(target);
        }
        for target in &wanted {
            assert_eq!(register(&self.world, target).await, Some(()), "{target} cannot be registered");
        }
    }

    /// Lets the world turn until this is so.
    async fn wait_until(&self, mut is_so: impl AsyncFnMut() -> Option<()>) {
        let end = Instant::now() + self.patience;
        let look = async {
            while is_so().await.is_none() {
                assert!(Instant::now() < end, "not within {:?}\n{}", self.patience, self.world.log().await.join("\n"));
                sleep(Duration::from_secs(1)).await;
            }
        };
        self.world.meanwhile(look).await;
    }

    /// Who takes everything has everything, and of the others it is known what they do not have.
    async fn is_told(&self) -> Option<()> {
        let assets = self.world.all("assets(", "monitoring { status }").await;
        let events = self.events().await;
        if assets.iter().any(|asset| asset["monitoring"]["status"] == "WAITING") {
            return None;
        }
        for (channel, mood) in self.channels.iter().zip(Mood::ALL) {
            let list = format!("deliveries(filter: {{channelId: {:?}}},", channel.id);
            let deliveries = self.world.all(&list, "id state nextAttemptAt attempts { at statusCode error }").await;
            let over = deliveries.iter().all(|d| d["state"] == "DELIVERED" || d["state"] == "EXHAUSTED");
            // What comes while its channel is switched off is told when it is on again.
            let complete = mood == Mood::Gone || deliveries.len() == events;
            if !complete || (mood.takes_everything() && !over) {
                let left: Vec<_> = deliveries.iter().filter(|d| d["state"] != "DELIVERED").collect();
                println!("{mood:?}: {} of {events}, and left are {left:?}", deliveries.len());
                return None;
            }
        }
        Some(())
    }

    async fn events(&self) -> usize {
        self.world.all("events(", "id").await.len()
    }

    /// The receivers are well again, and somebody switches on what was switched off and asks for what is missing.
    async fn heal(&self) {
        self.receivers.heal();
        let gone = Mood::ALL.iter().position(|mood| *mood == Mood::Gone).unwrap();
        let id = &self.channels[gone].id;
        let on = "mutation($id: ID!) { updateNotificationChannel(input: {id: $id, enabled: true}) {
            userErrors { code message } } }";
        self.world.change(on, json!({"id": id})).await;
        let replay = "mutation($id: ID!, $since: DateTime!) { replayEvents(input: {channelId: $id, since: $since}) {
            queued userErrors { code message } } }";
        let asked = self.world.change(replay, json!({"id": id, "since": self.began.to_string()})).await;
        assert_ne!(asked["queued"], 0, "nothing was missed while it was gone");
    }

    /// By hand nobody has to wait for the schedule. What arrives meanwhile by itself comes twice then. Done when everything is delivered to everybody.
    async fn send_again(&self) -> Option<()> {
        let deliveries = self.world.all("deliveries(", "id state").await;
        let again = "mutation($id: ID!) { redeliver(input: {deliveryId: $id}) { userErrors { code } } }";
        for left in deliveries.iter().filter(|d| d["state"] != "DELIVERED") {
            *self.asked.lock().unwrap().entry(left["id"].as_str().unwrap().to_owned()).or_default() += 1;
            // It may be on its way at this moment; then it is asked for once more.
            self.world.ask(again, json!({"id": left["id"]})).await;
        }
        // A channel is not told that it was switched off itself.
        let wanted = self.events().await * self.channels.len() - 1;
        (deliveries.len() >= wanted && deliveries.iter().all(|d| d["state"] == "DELIVERED")).then_some(())
    }
}
