use app::access::{OrganizationPatch, update_organization};
use app::poll::refresh;
use domain::role::Scope::Read;
use serde_json::{Value, json};
use sources::simulator::{Data, Fault, Options};

use super::world::{World, ago};

/// Hosts of the network, and ports of each: a search has three pages, and the second begins within a host.
const HOSTS: u8 = 9;
const PORTS: u16 = 30;
const ALL: i64 = 270;

fn banners(host: u8, crawl: i64) -> Vec<Value> {
    let banner = |port: u16| {
        json!({"ip_str": format!("192.0.2.{host}"), "port": 2000 + port, "transport": "tcp", "data": "login:",
            "timestamp": ago(60 * (600 - crawl)), "hash": port,
            "_shodan": {"id": format!("{host}-{port}-{crawl}"), "module": "telnet"}})
    };
    (0..PORTS).map(banner).collect()
}

/// A later crawl has seen everything.
fn crawl(world: &World, number: i64) {
    for host in 1..=HOSTS {
        world.simulator.replace_banners(format!("192.0.2.{host}").parse().unwrap(), &banners(host, number));
    }
}

/// A network that was polled; one miss would close a service.
async fn polled() -> (World, String, String) {
    let all: Vec<Value> = (1..=HOSTS).flat_map(|host| banners(host, 1)).collect();
    let options = Options { query_credits: Some(1000), ..Options::default() };
    let world = World::with(options, Data::empty().and(json!({ "matches": all }).to_string()), &[]).await;
    let patch = OrganizationPatch { close_after_misses: Some(1), ..OrganizationPatch::default() };
    update_organization(&world.program.app, &world.owner, &patch).await.unwrap();
    let asset = world.watch("192.0.2.0/24").await;
    app::poll::tick(&world.program.app).await.unwrap();
    let token = world.token(&[Read]).await;
    assert_eq!(open(&world, &token).await, (ALL, ALL));
    (world, asset, token)
}

/// Open services and open findings.
async fn open(world: &World, token: &str) -> (i64, i64) {
    let document = "{ services(filter: {states: [OPEN]}, first: 1) { totalCount } \
                    findings(filter: {states: [OPEN]}, first: 1) { totalCount } }";
    let data = world.data(token, document).await;
    let count = |list: &str| data[list]["totalCount"].as_i64().unwrap();
    (count("services"), count("findings"))
}

/// Everything that says why: the asset's last error, and what the sources say.
async fn why(world: &World, token: &str, asset: &str) -> String {
    let document = format!(
        "{{ asset(id: {}) {{ monitoring {{ status lastError }} }} monitorStatus {{ sources {{ ok message }} }} }}",
        json!(asset)
    );
    world.data(token, &document).await.to_string()
}

async fn poll(world: &World, asset: &str) -> bool {
    refresh(&world.program.app, &world.owner, &asset.parse().unwrap()).await.is_ok()
}

#[tokio::test]
async fn a_fault_between_two_pages_closes_nothing_is_told_and_is_made_up_for() {
    let (world, asset, token) = polled().await;
    let mut number = 1;
    for (fault, words) in [
        (Fault::TooFast, "too fast"),
        (Fault::BadGateway, "not available"),
        (Fault::ServerError, "not available"),
        (Fault::ErrorInSuccess, "not available"),
        (Fault::Truncated, "not available"),
        (Fault::BrokenOff, "not available"),
        (Fault::CursorTimedOut, "not available"),
        (Fault::NotFoundHtml, "not available"),
        (Fault::BadKey, "key is not accepted"),
        (Fault::BadKeyHtml, "key is not accepted"),
    ] {
        for spared in 0..3 {
            number += 1;
            crawl(&world, number);
            world.simulator.set_fault_after(spared, fault);
            assert!(!poll(&world, &asset).await, "{fault:?} after {spared} pages");
            assert_eq!(open(&world, &token).await, (ALL, ALL), "{fault:?} after {spared} pages");
            let told = why(&world, &token, &asset).await;
            assert!(told.contains(words), "{fault:?} after {spared} pages: {told}");
        }
        world.simulator.set_fault(None);
        // Shodan may have said to wait a little.
        tokio::time::sleep(std::time::Duration::from_millis(if fault == Fault::TooFast { 2500 } else { 0 })).await;
        number += 1;
        crawl(&world, number);
        assert!(poll(&world, &asset).await, "{fault:?} is over");
        assert_eq!(open(&world, &token).await, (ALL, ALL));
        let told = why(&world, &token, &asset).await;
        assert!(told.contains(r#""status":"OK""#) && !told.contains(words), "{fault:?} is over: {told}");
    }
}

#[tokio::test]
async fn credits_that_end_within_a_network_close_nothing_and_devices_go_on() {
    let (world, asset, token) = polled().await;
    crawl(&world, 2);
    world.simulator.set_query_credits(Some(1));
    poll(&world, &asset).await;
    assert_eq!(open(&world, &token).await, (ALL, ALL));
    let told = why(&world, &token, &asset).await;
    assert!(told.contains("credits"), "{told}");
    // A device is looked up, which costs none.
    let device = world.watch("192.0.2.1").await;
    app::poll::tick(&world.program.app).await.unwrap();
    assert!(why(&world, &token, &device).await.contains(r#""status":"OK""#));
    assert_eq!(open(&world, &token).await, (ALL, ALL));
}

#[tokio::test]
async fn what_is_really_gone_is_closed_by_the_next_whole_answer() {
    let (world, asset, token) = polled().await;
    crawl(&world, 2);
    let fewer: Vec<Value> = banners(9, 2).into_iter().skip(1).collect();
    world.simulator.replace_banners("192.0.2.9".parse().unwrap(), &fewer);
    world.simulator.set_fault_once_after(2, Fault::Truncated);
    assert!(!poll(&world, &asset).await);
    assert_eq!(open(&world, &token).await, (ALL, ALL));
    assert!(poll(&world, &asset).await);
    assert_eq!(open(&world, &token).await, (ALL - 1, ALL - 1));
}

#[tokio::test]
async fn pages_that_hold_less_than_is_promised_close_nothing_and_say_so() {
    let (world, asset, token) = polled().await;
    for (number, fault) in [(2, Fault::ShortPage), (3, Fault::UnstablePaging)] {
        crawl(&world, number);
        world.simulator.set_fault(Some(fault));
        assert!(poll(&world, &asset).await, "{fault:?} is an answer");
        assert_eq!(open(&world, &token).await, (ALL, ALL), "{fault:?}");
        let told = why(&world, &token, &asset).await;
        assert!(told.contains("less than it promised"), "{fault:?}: {told}");
    }
    world.simulator.set_fault(None);
    crawl(&world, 4);
    assert!(poll(&world, &asset).await);
    assert!(!why(&world, &token, &asset).await.contains("promised"));
}
