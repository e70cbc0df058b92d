use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::SignedDuration;
use jsonschema::Validator;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::receivers::{Arrival, Mood};
use super::{Chaos, HEADER_SECRET};
use crate::world::{KEY, Mode, PASSWORD};

/// An attempt takes at most 15 s; a little more for a busy machine.
const ATTEMPT: SignedDuration = SignedDuration::from_secs(20);
/// Attempts that can be in the air when the program is killed: eight messages at once, eight channels of each.
const IN_THE_AIR: usize = 64;

/// Deliveries and what arrived of them, side by side.
pub(super) async fn reckon(chaos: &Chaos, mode: Mode) {
    let fields = "id state requestBody channel { id } attempts { statusCode responseExcerpt } requestHeaders
        events { sequence } explanation";
    let deliveries = chaos.world.all("deliveries(", fields).await;
    let mut arrived: BTreeMap<(usize, String), Vec<Arrival>> = BTreeMap::new();
    for arrival in chaos.receivers.arrived() {
        arrived.entry((arrival.receiver, arrival.id.clone())).or_default().push(arrival);
    }
    let mut repeats = 0;
    let mut told: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); Mood::ALL.len()];
    for delivery in &deliveries {
        let (id, channel) = (text(delivery, "/id"), text(delivery, "/channel/id"));
        let receiver = chaos.channels.iter().position(|c| c.id == channel).unwrap();
        let of_it = arrived.remove(&(receiver, id.to_owned())).unwrap_or_else(|| panic!("{id} never arrived"));
        assert!(of_it.iter().any(|a| a.status == Some(200)), "{id} is said to be delivered and is lost");
        assert!(of_it.iter().all(|a| a.body == text(delivery, "/requestBody").as_bytes()), "{id} has two contents");
        told[receiver].insert(text(delivery, "/events/0/sequence"));
        repeats += unlogged(chaos, mode, delivery, &of_it);
    }
    assert!(arrived.is_empty(), "these are in no log: {:?}", arrived.keys());
    let events = chaos.world.all("events(", "sequence type").await;
    let all: BTreeSet<&str> = events.iter().map(|event| text(event, "/sequence")).collect();
    for (sequences, mood) in told.iter().zip(Mood::ALL) {
        let missing: Vec<&Value> = events.iter().filter(|e| !sequences.contains(text(e, "/sequence"))).collect();
        let own = |e: &&Value| mood == Mood::Gone && e["type"] == "CHANNEL_DISABLED";
        assert!(missing.iter().all(own), "{mood:?} was not told of {missing:?}");
    }
    assert_eq!(chaos.receivers.trapped(), 0, "a redirection was followed");
    let (kills, faults) = (chaos.kills.len(), chaos.world.faults());
    assert!(repeats <= kills * IN_THE_AIR + faults, "{repeats} repeats for {kills} kills and {faults} faults");
    signatures(chaos);
    schemas(chaos);
    secrets(chaos, &deliveries).await;
    println!(
        "{mode:?}: {} events, {} deliveries, {kills} kills, {faults} faults of storage, {repeats} repeats, 0 lost",
        all.len(),
        deliveries.len()
    );
}

/// How many requests arrived that the log does not have: each needs a reason.
fn unlogged(chaos: &Chaos, mode: Mode, delivery: &Value, arrived: &[Arrival]) -> usize {
    let id = text(delivery, "/id");
    let logged: Vec<Option<u64>> =
        delivery["attempts"].as_array().unwrap().iter().map(|a| a["statusCode"].as_u64()).collect();
    assert!(arrived.len() >= logged.len(), "the log of {id} has an attempt that never arrived: {delivery}");
    let counted: Vec<Option<u64>> = arrived.iter().map(|a| a.status.map(u64::from)).collect();
    if arrived.len() == logged.len() {
        assert_eq!(logged, counted, "the log of {id} is not what was answered");
        let taken = counted.iter().filter(|status| **status == Some(200)).count();
        let asked = chaos.asked.lock().unwrap().get(id).copied().unwrap_or_default();
        assert!((1..=1 + asked).contains(&taken), "{id} was taken {taken} times: {delivery}");
        return 0;
    }
    let cut_off = |a: &Arrival| chaos.kills.iter().any(|kill| *kill >= a.at && kill.duration_since(a.at) < ATTEMPT);
    let excused = arrived.iter().any(cut_off) || matches!(mode, Mode::Azure);
    assert!(excused, "{id} came {counted:?} and only {logged:?} is logged, without a kill");
    arrived.len() - logged.len()
}

fn signatures(chaos: &Chaos) {
    let verifiers: Vec<Webhook> = chaos.channels.iter().map(|c| Webhook::new(&c.secret).unwrap()).collect();
    for arrival in chaos.receivers.arrived() {
        let stamped: i64 = arrival.headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        // Not `verify`, which would take it for a replay by now.
        let wanted = verifiers[arrival.receiver].sign(&arrival.id, stamped, &arrival.body).unwrap();
        assert_eq!(arrival.headers["webhook-signature"], wanted, "{} has a wrong signature", arrival.id);
        assert_eq!(arrival.headers["authorization"], HEADER_SECRET);
        assert!((arrival.at.as_second() - stamped).abs() <= 20, "{} was stamped {stamped}", arrival.id);
    }
}

/// Every body is what the published schema of its type says.
fn schemas(chaos: &Chaos) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/events");
    let mut known: BTreeMap<String, Validator> = BTreeMap::new();
    for arrival in chaos.receivers.arrived() {
        let event: Value = serde_json::from_slice(&arrival.body).unwrap();
        let kind = text(&event, "/type").to_owned();
        let validator = known.entry(kind).or_insert_with_key(|kind| {
            let schema = std::fs::read(folder.join(format!("{kind}.schema.json"))).unwrap();
            jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap()
        });
        let faults: Vec<String> = validator.iter_errors(&event).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", arrival.id);
    }
    assert!(known.len() >= 5, "too few types of events: {:?}", known.keys());
}

/// Looks for every secret in everything that was written: logs, answers of the API, and the store itself.
async fn secrets(chaos: &Chaos, deliveries: &[Value]) {
    let world = &chaos.world;
    let audit = world.all("auditLog(", "action subject changes { field before after } actor { name }").await;
    let channels = "{ notificationChannels { nodes { id name status ... on WebhookChannel { url } } } }";
    let channels = world.ask(channels, json!({})).await;
    let answers = format!("{deliveries:?}{audit:?}{channels}").into_bytes();
    let written = chaos.written.join("\n").into_bytes();
    assert!(written.len() > 1_000 && audit.len() > 10, "there is nothing to look at");
    let of_channels = chaos.channels.iter().map(|c| c.secret.trim_start_matches("whsec_"));
    let of_storage = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq";
    let all: Vec<&str> = of_channels.chain([KEY, PASSWORD, HEADER_SECRET, of_storage, world.token()]).collect();
    for (place, bytes) in [("a log", &written), ("an answer", &answers), ("the store", &world.stored())] {
        for secret in &all {
            let secret = secret.as_bytes();
            let found = bytes.windows(secret.len()).position(|window| window == secret);
            let near = |at: usize| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..at]).into_owned();
            assert!(found.is_none(), "a secret stands in {place}, behind {:?}", found.map(near));
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}: {value}"))
}
