use domain::role::Scope::{Read, SpendCredits};
use serde_json::json;
use sources::simulator::{Data, Fault, Options, Simulator};

use super::world::World;

const LEFT: &str = "{ shodan { account { queryCreditsLeft queryCreditsThisMonth callsThisMonth } } }";

#[tokio::test]
async fn what_is_free_is_for_whoever_reads_and_what_costs_takes_a_scope() {
    let options = Options { query_credits: Some(3), ..Options::default() };
    let world = World::with(options, Simulator::demo_data(), &[]).await;
    let (reader, spender) = (world.token(&[Read]).await, world.token(&[Read, SpendCredits]).await);
    let free = "{ shodan { count(query: \"port:502\", facets: [\"port:3\"]) { total matches { port } facets { name } } \
                parse(query: \"port:502\") { queryCredits filters errors } ports protocols { name } } }";
    let answer = world.data(&reader, free).await["shodan"].clone();
    assert!(answer["count"]["total"].as_i64().unwrap() > 0 && answer["count"]["matches"] == json!([]), "{answer:#}");
    assert_eq!(answer["count"]["facets"][0]["name"], "port");
    assert_eq!(answer["parse"], json!({"queryCredits": 1, "filters": ["port"], "errors": []}));
    let search = "{ shodan { search(query: \"port:502\") { total matches { ip port module timestamp raw } } } }";
    let (code, _, message) = world.refused(&reader, search).await;
    assert_eq!((code.as_str(), message.contains("SPEND_CREDITS")), ("FORBIDDEN", true), "{message}");
    let found = world.data(&spender, search).await["shodan"]["search"].clone();
    assert!(found["matches"].as_array().unwrap().iter().all(|m| m["port"] == 502 && m["raw"]["port"] == 502));
    let account = world.data(&reader, LEFT).await["shodan"]["account"].clone();
    assert_eq!((&account["queryCreditsLeft"], &account["queryCreditsThisMonth"]), (&json!(2), &json!(1)));
    assert!(account["callsThisMonth"].as_i64().unwrap() >= 5, "{account}");
}

#[tokio::test]
async fn what_cannot_be_paid_for_is_refused_before_it_is_asked() {
    let options = Options { query_credits: Some(1), ..Options::default() };
    let world = World::with(options, Simulator::demo_data(), &[]).await;
    let token = world.token(&[Read, SpendCredits]).await;
    let search = "{ shodan { search(query: \"port:502\") { total } } }";
    world.data(&token, search).await;
    let asked = world.simulator.requests().search;
    let (code, fault, message) = world.refused(&token, search).await;
    assert_eq!((code.as_str(), fault.as_str()), ("BAD_USER_INPUT", "QUOTA_EXCEEDED"));
    assert!(message.starts_with("it takes 1 query credits and 0 are left until 2"), "{message}");
    assert_eq!(world.simulator.requests().search, asked, "nothing was asked");
    // What is free goes on.
    world.data(&token, "{ shodan { count(query: \"port:502\") { total } } }").await;
}

#[tokio::test]
async fn a_refusal_of_one_filter_does_not_stop_the_polls_searches() {
    let world = World::new().await;
    let token = world.token(&[Read, SpendCredits]).await;
    world.simulator.set_fault_for(Fault::Forbidden, 2);
    let (_, fault, _) = world.refused(&token, "{ shodan { search(query: \"vuln:CVE-2021-36260\") { total } } }").await;
    assert_eq!(fault, "NOT_ALLOWED");
    world.simulator.set_fault(None);
    world.data(&token, "{ shodan { search(query: \"port:502\") { total } } }").await;
}

#[tokio::test]
async fn a_host_is_told_whole_and_no_number_of_it_is_rounded() {
    let serial = "340282366920938463463374607431768211456";
    let page = format!(
        r#"{{"matches":[{{"ip_str":"192.0.2.77","port":443,"transport":"tcp","timestamp":"2026-11-01T00:00:00",
        "data":"HTTP","hash":-5,"_shodan":{{"id":"b","module":"https"}},"ssl":{{"cert":{{"serial":{serial}}}}}}}]}}"#
    );
    let world = World::with(Options::default(), Data::empty().and(page), &[]).await;
    let token = world.token(&[Read]).await;
    let document = "{ shodan { host(ip: \"192.0.2.77\") { ip ports lastUpdate services { port module data raw } } \
                    none: host(ip: \"192.0.2.78\", history: true) { ip } } }";
    let answer = world.data(&token, document).await["shodan"].clone();
    assert_eq!(answer["none"], json!(null));
    assert_eq!(answer["host"]["services"][0]["raw"]["ssl"]["cert"]["serial"], serial);
    assert_eq!(answer["host"]["services"][0]["raw"]["hash"], -5);
}

#[tokio::test]
async fn one_request_asks_ten_questions_and_no_more() {
    let world = World::new().await;
    let token = world.token(&[Read]).await;
    let many: String = (0..11).map(|n| format!("q{n}: count(query: \"port:{n}\") {{ total }} ")).collect();
    let (code, ..) = world.refused(&token, &format!("{{ shodan {{ {many} }} }}")).await;
    assert_eq!(code, "QUERY_TOO_COMPLEX");
    assert!(world.simulator.requests().count <= 10);
}

#[tokio::test]
async fn alerts_of_a_key_that_others_share_are_not_shown() {
    let world = World::new().await;
    let token = world.token(&[Read]).await;
    let app = &world.program.app;
    let shared = app::ports::SourceKey::Shodan("INSTANCEKEY".into());
    app.alerts.create(&shared, "somebody else's", &["192.0.2.0/30".parse().unwrap()]).await.unwrap();
    let alerts = "{ shodan { alerts { id name ips triggers createdAt expiresAt } } }";
    assert_eq!(world.data(&token, alerts).await["shodan"]["alerts"], json!([]));
    app::access::set_shodan_key(app, &world.owner, Some("OWNKEY")).await.unwrap();
    let own = world.data(&token, alerts).await["shodan"]["alerts"].clone();
    assert_eq!((&own[0]["name"], &own[0]["ips"]), (&json!("somebody else's"), &json!(["192.0.2.0/30"])), "{own:#}");
}

#[tokio::test]
async fn names_and_addresses_come_in_the_order_in_which_they_were_asked() {
    let world = World::new().await;
    let token = world.token(&[Read, SpendCredits]).await;
    let document = "{ shodan { resolve(hostnames: [\"NOBODY.example\", \"nobody2.example\"]) { name values } \
                    reverse(ips: [\"192.0.2.254\"]) { name values } } }";
    let answer = world.data(&token, document).await["shodan"].clone();
    assert_eq!(answer["resolve"][0], json!({"name": "nobody.example", "values": []}));
    assert_eq!(answer["resolve"][1]["name"], "nobody2.example");
    assert_eq!(answer["reverse"], json!([{"name": "192.0.2.254", "values": []}]));
}

#[tokio::test]
async fn without_a_key_it_is_said_what_is_missing() {
    let world = World::with(Options::default(), Data::empty(), &[("IOTMONITOR_SHODAN_KEY", "")]).await;
    let token = world.token(&[Read]).await;
    assert_eq!(
        world.data(&token, "{ shodan { account { source plan } } }").await["shodan"]["account"]["source"],
        "NONE"
    );
    let (code, fault, message) = world.refused(&token, "{ shodan { ports } }").await;
    assert_eq!((code.as_str(), fault.as_str()), ("BAD_USER_INPUT", "NOT_ALLOWED"));
    assert!(message.contains("setShodanKey"), "{message}");
}

#[tokio::test]
async fn a_source_that_is_down_is_not_the_askers_fault() {
    let world = World::new().await;
    let token = world.token(&[Read]).await;
    world.simulator.set_fault(Some(Fault::BadGateway));
    let (code, ..) = world.refused(&token, "{ shodan { ports } }").await;
    assert_eq!(code, "UPSTREAM_UNAVAILABLE");
    world.simulator.set_fault(Some(Fault::TooFast));
    let (code, ..) = world.refused(&token, "{ shodan { ports } }").await;
    assert_eq!(code, "RATE_LIMITED");
}

#[tokio::test]
async fn what_a_device_tells_of_itself_stands_where_nobody_wrote_anything() {
    let world = World::new().await;
    let token = world.token(&[Read]).await;
    let (camera, network) = (world.watch("198.51.100.10").await, world.watch("198.51.100.0/24").await);
    let document = format!(
        "{{ camera: asset(id: {}) {{ device {{ vendor model site type }} }} network: asset(id: {}) {{ device {{ vendor }} }} }}",
        json!(camera),
        json!(network)
    );
    assert_eq!(world.data(&token, &document).await["camera"]["device"], json!(null), "nothing was asked yet");
    app::poll::tick(&world.program.app).await.unwrap();
    let data = world.data(&token, &document).await;
    let device = &data["camera"]["device"];
    assert_eq!((&device["vendor"], &device["site"]), (&json!("Hikvision"), &json!(null)), "{data:#}");
    assert!(device["type"].is_string(), "{data:#}");
    assert_eq!(data["network"]["device"], json!(null), "a network is many devices");
}
