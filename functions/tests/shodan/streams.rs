use std::sync::Arc;
use std::time::{Duration, Instant};

use app::access::set_shodan_key;
use domain::role::Scope::Read;
use iotmonitor::outside::Outbound;
use iotmonitor::standalone;
use serde_json::{Value, json};
use sources::simulator::{Data, Options};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::world::{World, ago};

const IP: &str = "192.0.2.77";

fn banner(port: u16, module: &str, seconds_ago: i64) -> Value {
    json!({"ip_str": IP, "port": port, "transport": "tcp", "timestamp": ago(seconds_ago), "data": "login:",
        "hash": port, "_shodan": {"id": format!("banner-{port}"), "module": module}})
}

/// The ports of open findings, sorted.
async fn ports(world: &World, token: &str) -> Vec<i64> {
    let data = world.data(token, "{ findings(filter: {states: [OPEN]}) { nodes { port } } }").await;
    let nodes = data["findings"]["nodes"].as_array().unwrap().clone();
    let mut ports: Vec<i64> = nodes.iter().filter_map(|finding| finding["port"].as_i64()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is().await {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_server_listens_without_an_address_of_its_own_and_ends_when_it_is_told_to() {
    let options = Options { open_streams: true, ..Options::default() };
    let data = Data::empty().and(json!({"matches": [banner(23, "telnet", 3600)]}).to_string());
    let world = World::with(options, data, &[]).await;
    let app = &world.program.app;
    set_shodan_key(app, &world.owner, Some("OWNKEY")).await.unwrap();
    world.watch(IP).await;
    app::poll::tick(app).await.unwrap();
    let token = world.token(&[Read]).await;
    assert_eq!(ports(&world, &token).await, [23]);
    let searches = world.simulator.requests();

    let (end, ended) = oneshot::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metrics = format!("http://{}/metrics", listener.local_addr().unwrap());
    let running = tokio::spawn(standalone::run(listener, Arc::clone(&world.program), async {
        let _ = ended.await;
    }));
    until("a stream is open", async || world.simulator.requests().stream > 0).await;
    // Telnet is not told of again: a stream shows what is new.
    world.simulator.replace_banners(IP.parse().unwrap(), &[banner(5900, "vnc", 1)]);
    until("the banner is a finding", async || ports(&world, &token).await == [23, 5900]).await;
    let now = world.simulator.requests();
    assert_eq!((now.host, now.search), (searches.host, searches.search), "nothing was polled for that");

    let client = Outbound::new(None).unwrap().client().unwrap();
    let counted = client.get(&metrics).send().await.unwrap().text().await.unwrap();
    for call in ["alert_create", "alert_enable", "alert_stream", "notifier_list", "host"] {
        let line = format!("iotmonitor_source_calls_total{{call=\"{call}\",outcome=\"answered\"}} ");
        assert!(counted.contains(&line), "{line} is not in:\n{counted}");
    }

    end.send(()).unwrap();
    let began = Instant::now();
    running.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "an open stream keeps nobody waiting: {:?}", began.elapsed());
}
