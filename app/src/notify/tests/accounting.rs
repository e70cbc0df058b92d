//! Every delivery accounted for: receivers that fail in all the ways they do, a program that dies at random storage calls,
//! and afterwards what the log says is what the receivers counted. Whoever answers within the ten attempts gets
//! everything; of whoever never answers, the log says that nothing arrived.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::event::EventType::FindingOpened;
use domain::ids::Bucket;
use domain::severity::Severity::High;

use super::stage::{Stage, about, org};
use crate::notify::{self, Delivery, DeliveryFilter, DeliveryState};
use crate::ports::{Attempt, AttemptError, Directive, Ids as _, WebhookRequest, Webhooks};
use crate::testing::{Fault, SeededIds};

/// How a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    /// One in three requests fails, each time in another way; the same one at most nine times, as an attempt is
    /// left then.
    Moody,
    /// Takes what it gets and hangs up without a word, now and then.
    Forgetful,
    /// Says one day that it is gone, and comes back when somebody has set it right.
    Leaving,
    /// Never answers.
    Dead,
}

/// Thirty who all take what comes in the end.
fn answering() -> Vec<Mood> {
    let five = [Mood::Well, Mood::Moody, Mood::Forgetful, Mood::Well, Mood::Leaving];
    five.into_iter().cycle().take(30).collect()
}

/// How often a receiver that answers at all fails for the same id: once less than there are attempts.
const MOST_FAILURES: u32 = 9;

/// How often a request came, and how often it was answered with 2xx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    came: u32,
    answered: u32,
}

/// Receivers, told apart by their address, that count what they took.
struct Receivers {
    random: SeededIds,
    moods: Vec<Mood>,
    /// Per address and id.
    counted: Mutex<BTreeMap<(usize, String), Count>>,
    /// Whoever left is back.
    returned: AtomicBool,
}

impl Receivers {
    fn roll(&self, sides: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_be_bytes(bytes) % sides
    }
}

fn answer(status: Option<u16>, error: Option<AttemptError>) -> Attempt {
    Attempt { status, duration_ms: 1, error, excerpt: None, retry_after: None, directive: None }
}

#[async_trait]
impl Webhooks for Receivers {
    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn check_header(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn public_key(&self, _: &[u8; 32]) -> String {
        String::new()
    }

    async fn send(&self, request: WebhookRequest) -> Attempt {
        let index: usize = request.url.rsplit('/').next().unwrap().parse().unwrap();
        let roll = self.roll(12);
        let gone = Attempt { directive: Some(Directive::Disable), ..answer(Some(410), Some(AttemptError::HttpStatus)) };
        let mut counted = self.counted.lock().unwrap();
        let count = counted.entry((index, request.id)).or_default();
        let enough = count.came - count.answered >= MOST_FAILURES;
        let seen = match (self.moods[index], roll) {
            (Mood::Moody | Mood::Forgetful, _) if enough => answer(Some(200), None),
            (Mood::Moody, 0) => answer(Some(429), Some(AttemptError::HttpStatus)),
            (Mood::Moody, 1) => answer(Some(500), Some(AttemptError::HttpStatus)),
            (Mood::Moody, 2) => answer(None, Some(AttemptError::Connect)),
            (Mood::Dead, _) | (Mood::Moody, 3) | (Mood::Forgetful, 0) => answer(None, Some(AttemptError::Timeout)),
            (Mood::Leaving, 0) if !self.returned.load(Ordering::Relaxed) => gone,
            _ => answer(Some(200), None),
        };
        count.came += 1;
        count.answered += u32::from(seen.error.is_none());
        seen
    }
}

struct Account {
    stage: Stage,
    receivers: Arc<Receivers>,
    channels: Vec<notify::Channel>,
}

async fn open(seed: u64, moods: Vec<Mood>) -> Account {
    let mut stage = Stage::new();
    let (counted, returned) = (Mutex::default(), AtomicBool::default());
    let count = moods.len();
    let receivers = Arc::new(Receivers { random: SeededIds::new(seed), moods, counted, returned });
    stage.bench.app.webhooks = receivers.clone();
    let mut channels = Vec::new();
    for index in 0..count {
        let new = notify::NewWebhook {
            name: format!("Receiver {index}"),
            url: format!("https://receiver.example/{index}"),
            ..notify::NewWebhook::default()
        };
        channels.push(notify::create_webhook(&stage.bench, &stage.caller, new).await.unwrap().0);
    }
    Account { stage, receivers, channels }
}

async fn all_deliveries(stage: &Stage) -> Vec<Delivery> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let filter = DeliveryFilter::default();
        let page = notify::deliveries(&stage.bench, &stage.caller, &filter, 100, after.as_deref()).await.unwrap();
        found.extend(page.items.into_iter().map(|(_, d)| d));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// Events and faults side by side; then the faults end, and time passes until nothing is left to be done.
async fn run(account: &Account, events: u32, faults: bool) -> usize {
    let stage = &account.stage;
    let mut crashes = 0;
    for number in 0..events {
        stage.bench.announce(&org(), Bucket(0), vec![about(FindingOpened, number, High)]).await.unwrap();
        if faults && account.receivers.roll(2) == 0 {
            crashes += 1;
            let at = 1 + usize::try_from(account.receivers.roll(400)).unwrap();
            match account.receivers.roll(4) {
                0 => stage.bench.tables.fail_at(at, Fault::Before),
                1 => stage.bench.tables.fail_at(at, Fault::After),
                2 => stage.bench.tables.fail_at(at, Fault::Lost),
                _ => stage.bench.tables.down_at(at),
            }
        }
        let _ = notify::drain(&stage.bench, 50).await;
        stage.bench.tables.heal();
        stage.pass(3);
    }
    for _ in 0..40 {
        stage.minute().await;
    }
    account.receivers.returned.store(true, Ordering::Relaxed);
    for channel in account.channels.iter().zip(&account.receivers.moods).filter(|(_, m)| **m == Mood::Leaving) {
        bring_back(stage, channel.0).await;
    }
    for _ in 0..600 {
        if stage.is_settled() {
            break;
        }
        stage.pass(900);
        stage.minute().await;
    }
    crashes
}

/// Somebody switches a channel on again, and asks for what it did not get.
async fn bring_back(stage: &Stage, channel: &notify::Channel) {
    assert!(!stage.channel(&channel.id).await.is_on(), "410 switches it off");
    let on = notify::ChannelChange { enabled: Some(true), ..Default::default() };
    notify::update(&stage.bench, &stage.caller, &channel.id, on).await.unwrap();
    let replay = notify::NewReplay {
        channel: channel.id.clone(),
        since: channel.created_at,
        until: None,
        only_failed: true,
        client_request_id: None,
    };
    assert!(notify::replay(&stage.bench, &stage.caller, replay).await.unwrap() > 0);
}

/// What must hold however it went.
async fn settle_up(account: &Account, events: usize, crashes: usize) {
    let stage = &account.stage;
    assert!(stage.is_settled(), "something is left to be done");
    let deliveries = all_deliveries(stage).await;
    let ours: Vec<&Delivery> =
        deliveries.iter().filter(|d| account.channels.iter().any(|c| c.id == d.channel)).collect();
    assert!(ours.len() >= events * account.channels.len(), "{} deliveries of {events} events", ours.len());
    let counted = account.receivers.counted.lock().unwrap();
    let (mut repeats, mut unanswered) = (0, 0);
    for delivery in &ours {
        let index = account.channels.iter().position(|c| c.id == delivery.channel).unwrap();
        let Count { came, answered } = counted.get(&(index, delivery.id.to_string())).copied().unwrap_or_default();
        let logged = u32::try_from(delivery.attempts.len()).unwrap();
        assert!(came >= logged, "the log of {} has an attempt that never arrived", delivery.id);
        repeats += usize::try_from(came - logged).unwrap();
        if account.receivers.moods[index] == Mood::Dead {
            unanswered += 1;
            assert_given_up(delivery);
            continue;
        }
        assert!(answered >= 1, "{} was lost: {:?}", delivery.id, delivery.state);
        assert_eq!(delivery.state, DeliveryState::Delivered, "{}", delivery.id);
        if crashes == 0 {
            assert_eq!((came, answered), (logged, 1), "{}: no fault, no repeat", delivery.id);
        }
    }
    // What was sent under another id than a delivery's would be a repeat that nobody could recognise.
    let ids: std::collections::BTreeSet<String> = deliveries.iter().map(|d| d.id.to_string()).collect();
    assert!(counted.keys().all(|(_, id)| ids.contains(id)));
    // A death between a receiver's answer and our note repeats what was in the air then: eight events at once, and
    // eight channels of each.
    assert!(repeats <= crashes * 64, "{repeats} repeats for {crashes} crashes");
    let answered = ours.len() - unanswered;
    println!("{answered} delivered, {unanswered} given up, {crashes} crashes, {repeats} repeats, 0 lost");
}

/// Nothing arrived, and the log says so: after all ten attempts, or when its channel was switched off after five days.
fn assert_given_up(delivery: &Delivery) {
    let Delivery { id, attempts, state, explanation, .. } = delivery;
    assert!(attempts.iter().all(|a| a.error.is_some()), "{id} was not answered");
    match state {
        DeliveryState::Exhausted => assert_eq!(attempts.len(), notify::WAITS.len(), "{id} was given up too early"),
        DeliveryState::Cancelled => assert!(attempts.len() < notify::WAITS.len(), "{id} was given up already"),
        state => panic!("{id} is {state:?}"),
    }
    assert!(explanation.is_some(), "{id} does not say why");
}

#[tokio::test(start_paused = true)]
async fn without_faults_of_ours_every_delivery_is_answered_once_and_logged_as_it_was() {
    let account = open(1, answering()).await;
    let crashes = run(&account, 100, false).await;
    settle_up(&account, 100, crashes).await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_deliveries_under_random_faults_lose_nothing() {
    let account = open(2, answering()).await;
    let crashes = run(&account, 350, true).await;
    assert!(crashes > 100);
    settle_up(&account, 350, crashes).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_receiver_that_never_answers_the_log_says_that_nothing_arrived() {
    let account = open(3, vec![Mood::Dead, Mood::Moody]).await;
    let crashes = run(&account, 20, true).await;
    settle_up(&account, 20, crashes).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes; run it after a change of how deliveries are stored"]
async fn forty_times_ten_thousand_deliveries_under_other_faults_each_time_lose_nothing() {
    for seed in 100..140 {
        let account = open(seed, answering()).await;
        let crashes = run(&account, 350, true).await;
        settle_up(&account, 350, crashes).await;
    }
}
