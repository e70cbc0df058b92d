//! One request a second per key, whoever asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use app::ports::{Clock, Exposure, SourceError, SourceKey};
use futures_util::future::join_all;
use sources::simulator::{Options, Simulator};
use sources::{SourceSettings, Sources};
use tokio::time::Instant;

use crate::world::{KEY, Memory, WallClock, client, governor};

const INTERVAL: Duration = Duration::from_millis(40);
/// Turns are whole milliseconds, and the two clocks of a test differ by less than that.
const TOLERANCE: Duration = Duration::from_millis(3);

fn key(name: &str) -> SourceKey {
    SourceKey::Shodan(name.into())
}

#[tokio::test]
async fn two_processes_share_one_rate() {
    let store: Arc<Memory> = Arc::default();
    let processes = [governor(&store, INTERVAL), governor(&store, INTERVAL)];
    let start = Instant::now();
    let turns = (0..12).map(|n| {
        let process = &processes[n % 2];
        async move {
            process.turn(&key("a")).await.unwrap();
            start.elapsed()
        }
    });
    let mut turns = join_all(turns).await;
    turns.sort_unstable();
    let each = turns.iter().enumerate().all(|(n, at)| *at + TOLERANCE >= INTERVAL * u32::try_from(n).unwrap());
    assert!(each, "no turn is early: {turns:?}");
    assert!(turns[11] < INTERVAL * 30, "and none is wasted: {turns:?}");
    assert!(store.commits() < 12, "those who wait together claim together: {}", store.commits());
}

#[tokio::test]
async fn turns_that_were_announced_are_claimed_some_at_a_time_and_no_faster_than_others() {
    let store: Arc<Memory> = Arc::default();
    let (one, other) = (governor(&store, INTERVAL), governor(&store, INTERVAL));
    let (start, key) = (Instant::now(), key("a"));
    one.announce(&key, 20);
    let mut turns = Vec::new();
    for _ in 0..20 {
        one.turn(&key).await.unwrap();
        turns.push(start.elapsed());
    }
    assert!(turns.iter().zip(0..).all(|(at, n)| *at + TOLERANCE >= INTERVAL * n), "no turn is early: {turns:?}");
    // Three, unless the machine was so slow that turns passed unused.
    assert!(store.commits() < 10, "{}", store.commits());
    let claimed = store.commits();
    one.turn(&key).await.unwrap();
    other.turn(&key).await.unwrap();
    assert_eq!(store.commits(), claimed + 2, "what was not announced is claimed by itself");
    assert!(start.elapsed() + TOLERANCE >= INTERVAL * 21);
}

#[tokio::test]
async fn different_keys_do_not_wait_for_each_other() {
    let store: Arc<Memory> = Arc::default();
    let governor = governor(&store, Duration::from_secs(30));
    let start = Instant::now();
    let keys = [key("a"), key("b"), SourceKey::InternetDb];
    join_all(keys.iter().map(|key| governor.turn(key))).await.into_iter().for_each(|turn| turn.unwrap());
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(!store.dump().contains("\"a\""), "keys are stored as hashes only");
}

#[tokio::test]
async fn a_turn_that_nobody_used_is_not_made_up_for() {
    let governor = governor(&Arc::default(), INTERVAL);
    governor.turn(&key("a")).await.unwrap();
    tokio::time::sleep(INTERVAL * 5).await;
    let start = Instant::now();
    for _ in 0..3 {
        governor.turn(&key("a")).await.unwrap();
    }
    assert!(start.elapsed() + TOLERANCE >= INTERVAL * 2, "no burst after a pause");
}

#[tokio::test]
async fn a_caller_that_gives_up_blocks_nobody() {
    let governor = governor(&Arc::default(), INTERVAL);
    governor.turn(&key("a")).await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(1), governor.turn(&key("a"))).await;
    assert!(given_up.is_err());
    tokio::time::timeout(Duration::from_secs(2), governor.turn(&key("a"))).await.unwrap().unwrap();
}

#[tokio::test]
async fn backing_off_holds_for_all_processes() {
    let store: Arc<Memory> = Arc::default();
    let (one, other) = (governor(&store, INTERVAL), governor(&store, INTERVAL));
    one.turn(&key("a")).await.unwrap();
    one.back_off(&key("a"), 1).await;
    let (start, key) = (Instant::now(), key("a"));
    let (first, second) = tokio::join!(one.turn(&key), other.turn(&key));
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert!(start.elapsed() >= Duration::from_millis(990), "{:?}", start.elapsed());
}

#[tokio::test]
async fn who_would_wait_for_minutes_is_told_so_at_once() {
    let governor = governor(&Arc::default(), INTERVAL);
    governor.back_off(&key("a"), 600).await;
    let error = governor.turn(&key("a")).await.unwrap_err();
    assert!(matches!(error, SourceError::RateLimited { wait_seconds: 595..=600 }), "{error:?}");
}

#[tokio::test]
async fn looking_at_the_next_turn_takes_none() {
    let store: Arc<Memory> = Arc::default();
    let governor = governor(&store, Duration::from_secs(10));
    governor.turn(&key("a")).await.unwrap();
    let next = governor.next_turn(&key("a")).await.unwrap();
    assert_eq!(governor.next_turn(&key("a")).await.unwrap(), next);
    assert!(next > WallClock.now());
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn without_the_store_nobody_asks() {
    let store: Arc<Memory> = Arc::default();
    store.down.store(true, Ordering::Relaxed);
    let governor = governor(&store, INTERVAL);
    assert!(matches!(governor.turn(&key("a")).await, Err(SourceError::Unavailable(_))));
    assert_eq!(governor.next_turn(&key("a")).await, None);
}

#[tokio::test]
async fn two_processes_never_meet_the_real_limit() {
    // The server's limit is shorter than the pace, as the network's jitter demands.
    let options = Options { rate: Some(INTERVAL / 8), ..Options::default() };
    let simulator = Simulator::start(Simulator::demo_data(), options).await.unwrap();
    let store: Arc<Memory> = Arc::default();
    let process = || {
        let settings = SourceSettings {
            shodan_url: simulator.shodan_url(),
            internetdb_url: simulator.internetdb_url(),
            stream_url: None,
        };
        Sources::new(client(), settings, governor(&store, INTERVAL))
    };
    let processes = [process(), process()];
    let asked = (0..10).map(|n| {
        let process = &processes[n % 2];
        async move { process.host(&key(KEY), "203.0.113.1".parse().unwrap()).await }
    });
    join_all(asked).await.into_iter().for_each(|answer| assert!(answer.is_ok(), "{answer:?}"));
    assert_eq!((simulator.requests().host, simulator.requests().too_fast), (10, 0));
}

#[tokio::test]
async fn a_429_makes_the_next_call_wait() {
    let options = Options { rate: Some(Duration::from_millis(500)), ..Options::default() };
    let simulator = Simulator::start(Simulator::demo_data(), options).await.unwrap();
    let settings = SourceSettings {
        shodan_url: simulator.shodan_url(),
        internetdb_url: simulator.internetdb_url(),
        stream_url: None,
    };
    let sources = Sources::new(client(), settings, governor(&Arc::default(), Duration::ZERO));
    assert!(sources.account(&key(KEY)).await.is_ok());
    assert_eq!(sources.account(&key(KEY)).await, Err(SourceError::RateLimited { wait_seconds: 1 }));
    assert!(sources.account(&key(KEY)).await.is_ok(), "it waited the second that Shodan asks for");
}
