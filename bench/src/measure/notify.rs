use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use app::access::Caller;
use app::notify::{Channel, DeliveryId, NewWebhook, create_webhook, drain};
use app::ports::{Queue, Tables};
use app::testing::ManualClock;
use app::{App, Settings};
use bytes::Bytes;
use channels::egress::{EgressPolicy, Gate};
use channels::webhook::Sender;
use domain::actor::Actor;
use domain::event::{Action, Draft, Event, EventType, Subjects};
use domain::ids::{Bucket, OrgId};
use iotmonitor::outside::{Outbound, SystemClock};
use serde_json::{Value, json};
use sources::simulator::{Data, Options, Simulator};
use storage::Embedded;

use super::Bench;
use crate::client::{Client, question};
use crate::figure::{Short, milliseconds, number, percentile};
use crate::process::Served;
use crate::receivers::Receivers;
use crate::report::Line;
use crate::world::{World, azurite, clock};

/// From event to first byte, on the embedded store; on Azure the queue's own pace comes on top.
const GOAL_P99_MS: f64 = 50.0;
const GOAL_P50_AZURE_MS: f64 = 1_500.0;
const GOAL_P99_AZURE_MS: f64 = 3_000.0;
const GOAL_A_SECOND: f64 = 1_000.0;
const GOAL_A_SECOND_AZURE: f64 = 100.0;
/// Those who answer may take so much longer when one in ten does not.
const GOAL_RATIO: f64 = 2.0;
/// Organizations, and channels of each. A channel is asked ten times a second after a burst of twenty, so it takes
/// many to be fast.
const ORGANIZATIONS: usize = 10;
const CHANNELS: usize = 40;
/// So many failures in a row make a receiver one that is not asked any more.
const UNTIL_IT_IS_KNOWN: usize = 6;
/// Between two requests whose way is timed: a channel is asked ten times a second, and faster would measure that.
const APART: Duration = Duration::from_millis(150);
/// The Functions host looks at an empty queue ever more seldom, at most so often and at least so often.
const HOST_LOOKS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// After so long it looks as seldom as it does.
const UNTIL_IT_IS_SELDOM: Duration = Duration::from_millis(3_500);
/// Receivers that nobody hears of by then are a fault.
const PATIENCE: Duration = Duration::from_mins(2);
const LOOPBACK: &str = "127.0.0.0/8";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let mut lines = latency_embedded(bench).await?;
    let events = bench.either(2, 10);
    let (_folder, crowd) = Crowd::embedded(0).await?;
    lines.push(crowd.throughput("embedded", events, GOAL_A_SECOND).await?);
    // It takes minutes until those who never answer are known.
    if !bench.quick {
        lines.extend(black_holes().await?);
    }
    match azurite()? {
        Some(emulated) => {
            let crowd = Crowd::on(Arc::clone(&emulated.azure), 0).await?;
            lines.push(crowd.throughput("on Azurite", bench.either(1, 2), GOAL_A_SECOND_AZURE).await?);
        }
        None => lines.push(Line::new("on Azurite: deliveries", "not measured: it is not installed")),
    }
    lines.extend(latency_azurite(bench).await?);
    Ok(lines)
}

/// The program itself, from the request that registers an asset to the first byte at the receiver.
async fn latency_embedded(bench: &Bench) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let storage = format!("embedded:{}", data.display());
    let times = latency(bench, &storage, bench.either(20, 200)).await?;
    let p99 = milliseconds(percentile(&times, 99));
    Ok(vec![
        Line::new(
            "embedded: request to first byte, p50",
            format!("{} ms", Short(milliseconds(percentile(&times, 50)))),
        ),
        Line::new("embedded: the same, p99", format!("{} ms", Short(p99)))
            .goal(format!("≤ {GOAL_P99_MS} ms"), p99 <= GOAL_P99_MS),
    ])
}

async fn latency_azurite(bench: &Bench) -> Result<Vec<Line>> {
    let Some(emulated) = azurite()? else { return Ok(Vec::new()) };
    let times = latency(bench, emulated.connection_string(), bench.either(10, 100)).await?;
    let [p50, p99] = both(&times);
    let mut lines = vec![
        Line::new("on Azurite: request to first byte, p50", format!("{} ms", Short(p50))),
        Line::new("on Azurite: the same, p99", format!("{} ms", Short(p99))),
    ];
    let small = Size { organizations: 1, channels: 1 };
    let crowd = Crowd::sized(Arc::clone(&emulated.azure), 0, small).await?;
    let [p50, p99] = both(&crowd.under_the_host(bench.either(4, 40)).await?);
    lines.extend([
        Line::new("on Azurite, a queue looked at every 2 s: event to first byte, p50", format!("{} ms", Short(p50)))
            .goal(format!("≤ {GOAL_P50_AZURE_MS} ms"), p50 <= GOAL_P50_AZURE_MS),
        Line::new("on Azurite, a queue looked at every 2 s: the same, p99", format!("{} ms", Short(p99)))
            .goal(format!("≤ {GOAL_P99_AZURE_MS} ms"), p99 <= GOAL_P99_AZURE_MS),
    ]);
    Ok(lines)
}

fn both(times: &[Duration]) -> [f64; 2] {
    [50, 99].map(|of_hundred| milliseconds(percentile(times, of_hundred)))
}

async fn latency(bench: &Bench, storage: &str, count: usize) -> Result<Vec<Duration>> {
    let receivers = Receivers::start().await?;
    let code = "made-for-the-bench";
    let more = [
        ("IOTMONITOR_EGRESS_ALLOW", LOOPBACK),
        ("IOTMONITOR_TARGET_ALLOW", "10.0.0.0/8"),
        ("IOTMONITOR_SETUP_CODE", code),
        ("IOTMONITOR_SECRET_KEY", KEY),
    ];
    let server = Served::start_on(&bench.program, storage, &more)?;
    let register = "mutation($code: String!) { register(input: { email: \"ops@plant.example\",
        password: \"a long enough pass phrase\", name: \"Ops\", organizationName: \"Plant\", setupCode: $code }) {
        token userErrors { message } } }";
    let answer = ask(&mut connected(&server, "").await?, register, &json!({"code": code})).await?;
    let token = answer["data"]["register"]["token"].as_str().with_context(|| answer.to_string())?.to_owned();
    let mut client = connected(&server, &token).await?;
    // Its registration alone: what a poll brings would come between.
    let make = "mutation($url: Url!) { createWebhookChannel(input: { name: \"SIEM\", url: $url,
        trigger: { eventTypes: [ASSET_CREATED] } }) { userErrors { message } } }";
    ask(&mut client, make, &json!({"url": receivers.url("one")})).await?;
    let create = "mutation($target: String!) { createAsset(input: {target: $target, enabled: false}) {
        asset { id } userErrors { message } } }";
    let mut times = Vec::new();
    for host in 0..count {
        let began = Instant::now();
        let target = format!("10.0.{}.{}", host / 250, 1 + host % 250);
        ask(&mut client, create, &json!({"target": target})).await?;
        until(&receivers, 1).await?;
        times.extend(receivers.take().into_values().map(|at| at.duration_since(began)));
        tokio::time::sleep(APART).await;
    }
    server.end()?;
    times.sort_unstable();
    Ok(times)
}

async fn connected(server: &Served, token: &str) -> Result<Client> {
    let began = Instant::now();
    loop {
        match Client::connect(server.address(), token).await {
            Ok(client) => return Ok(client),
            Err(error) => ensure!(began.elapsed() < PATIENCE, "it does not start: {error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn ask(client: &mut Client, query: &str, variables: &Value) -> Result<Value> {
    let asked: Bytes = question(query, variables);
    let answer: Value = serde_json::from_slice(&client.ask(&asked).await?)?;
    ensure!(answer["errors"].is_null(), "{answer}");
    Ok(answer)
}

async fn until(receivers: &Receivers, count: usize) -> Result<()> {
    let began = Instant::now();
    while receivers.count() < count {
        ensure!(began.elapsed() < PATIENCE, "{} of {count} arrived", receivers.count());
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    Ok(())
}

/// Those who answer, with and without those who do not.
async fn black_holes() -> Result<Vec<Line>> {
    let events = 10;
    let (_folder, all_well) = Crowd::embedded(0).await?;
    let without = all_well.p99(events).await?;
    let (_folder, holed) = Crowd::embedded(CHANNELS / 10).await?;
    let first = holed.p99(1).await?;
    for _ in 1..UNTIL_IT_IS_KNOWN {
        holed.p99(1).await?;
    }
    let with = holed.p99(events).await?;
    let ratio = milliseconds(with) / milliseconds(without);
    let shown = |time: Duration| format!("{} ms", Short(milliseconds(time)));
    Ok(vec![
        Line::new("embedded: p99 of those who answer, all do", shown(without)),
        Line::new("embedded: one in ten never answers, and that is news", shown(first)),
        Line::new("embedded: one in ten never answers, and that is known", shown(with)),
        Line::new("embedded: … as a multiple", Short(ratio)).goal(format!("≤ {GOAL_RATIO}"), ratio <= GOAL_RATIO),
    ])
}

/// How large a [`Crowd`] is.
#[derive(Clone, Copy)]
struct Size {
    organizations: usize,
    /// Of each.
    channels: usize,
}

/// Many organizations with many channels each.
struct Crowd {
    app: Arc<App>,
    receivers: Receivers,
    /// Per organization: its channels, those who answer first.
    members: Vec<(Caller, Vec<Channel>)>,
    /// Channels of each that never answer.
    holes: usize,
}

impl Crowd {
    async fn embedded(holes: usize) -> Result<(tempfile::TempDir, Self)> {
        let folder = tempfile::tempdir()?;
        let store = Arc::new(Embedded::open(folder.path(), Arc::new(SystemClock))?);
        Ok((folder, Self::on(store, holes).await?))
    }

    async fn on<S: Tables + Queue + 'static>(store: Arc<S>, holes: usize) -> Result<Self> {
        Self::sized(store, holes, Size { organizations: ORGANIZATIONS, channels: CHANNELS }).await
    }

    async fn sized<S: Tables + Queue + 'static>(store: Arc<S>, holes: usize, size: Size) -> Result<Self> {
        let receivers = Receivers::start().await?;
        let simulator = Simulator::start(Data::empty(), Options::default()).await?;
        let world = World::on(store, clock() as Arc<ManualClock>, &simulator).await?;
        let owner = world.owner.clone();
        let app = Arc::into_inner(world.app).context("somebody still uses the app")?;
        let gate = Gate::new(Outbound::new(None)?.builder(), EgressPolicy { allow: vec![LOOPBACK.parse()?] })?;
        let settings = Settings { ..app.settings.clone() };
        let webhooks = Arc::new(Sender::new(Arc::new(gate)));
        let app = Arc::new(App { webhooks, clock: Arc::new(SystemClock), settings, ..app });
        let mut members = Vec::new();
        for _ in 0..size.organizations {
            let caller = Caller { org: OrgId::from_ulid(&app.ulid())?, ..owner.clone() };
            let mut channels = Vec::new();
            for n in 0..size.channels {
                let path = if n < size.channels - holes { "well" } else { "hole" };
                let url = receivers.url(&format!("{path}/{n}"));
                let new = NewWebhook { name: format!("SIEM {n}"), url, ..NewWebhook::default() };
                channels.push(create_webhook(&app, &caller, new).await?.0);
            }
            members.push((caller, channels));
        }
        Ok(Self { app, receivers, members, holes })
    }

    /// Deliveries a second, with everything that is logged of them.
    async fn throughput(&self, on: &str, events: usize, goal: f64) -> Result<Line> {
        for _ in 0..events {
            self.announce().await?;
        }
        let began = Instant::now();
        drain(&self.app, usize::MAX).await?;
        let took = began.elapsed().as_secs_f64();
        let wanted = events * ORGANIZATIONS * CHANNELS;
        ensure!(self.receivers.count() == wanted, "{} of {wanted} arrived", self.receivers.count());
        let rate = number(wanted) / took;
        let line = Line::new(format!("{on}: {wanted} deliveries with their log"), format!("{} /s", Short(rate)));
        Ok(line.goal(format!("≥ {goal} /s"), rate >= goal))
    }

    /// From event to first byte at those who answer, while nothing else is to be done.
    async fn p99(&self, events: usize) -> Result<Duration> {
        let mut times = Vec::new();
        for _ in 0..events {
            self.receivers.take();
            let began = self.announce().await?;
            let wanted = (CHANNELS - self.holes) * ORGANIZATIONS;
            let pump = drain(&self.app, usize::MAX);
            let (drained, arrived) = tokio::join!(pump, until(&self.receivers, wanted));
            drained?;
            arrived?;
            let came = self.receivers.take();
            times.extend(began.iter().filter_map(|(id, began)| Some(came.get(id.as_str())?.duration_since(*began))));
        }
        times.sort_unstable();
        ensure!(!times.is_empty(), "nothing arrived");
        Ok(percentile(&times, 99))
    }

    /// From event to first byte where the Functions host looks at the queue.
    async fn under_the_host(&self, count: usize) -> Result<Vec<Duration>> {
        let [often, seldom] = HOST_LOOKS;
        let host = async {
            let mut wait = often;
            loop {
                if drain(&self.app, usize::MAX).await? > 0 {
                    wait = often;
                } else {
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(seldom);
                }
            }
            #[expect(unreachable_code, reason = "says what the block would return")]
            anyhow::Ok(())
        };
        let events = async {
            let mut times = Vec::new();
            for number in 0..count {
                // At another moment between two looks each time.
                let phase = seldom * u32::try_from(number)? / u32::try_from(count)?;
                tokio::time::sleep(UNTIL_IT_IS_SELDOM + phase).await;
                self.receivers.take();
                let began = self.announce().await?;
                until(&self.receivers, began.len()).await?;
                let came = self.receivers.take();
                times
                    .extend(began.iter().filter_map(|(id, began)| Some(came.get(id.as_str())?.duration_since(*began))));
            }
            times.sort_unstable();
            anyhow::Ok(times)
        };
        tokio::select! {
            times = events => times,
            host = host => host.map(|()| Vec::new()),
        }
    }

    /// One event in each organization; when each of its deliveries began.
    async fn announce(&self) -> Result<HashMap<DeliveryId, Instant>> {
        let mut began = HashMap::new();
        for (caller, channels) in &self.members {
            let now = Instant::now();
            let events: Vec<Event> = self.app.announce(&caller.org, Bucket(0), vec![draft()]).await?;
            let event = events.first().context("no event")?;
            began.extend(channels.iter().map(|channel| (DeliveryId::of(&channel.id, event.id), now)));
        }
        Ok(began)
    }
}

fn draft() -> Draft {
    Draft {
        kind: EventType::AssetCreated,
        subjects: Subjects::default(),
        actor: Actor::system(),
        changes: Vec::new(),
        first_poll: false,
        action: Action::None,
        parts: vec![("asset", json!({"name": "Gate camera"}))],
    }
}
