//! Every operation of the client, against the simulator over real HTTP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;
use shodan_client::rest::{DomainOptions, IgnoredService, QueryOrder, ScanService, ScanState};
use shodan_client::{Error, Facet, HostOptions};
use sources::simulator::{Options, Simulator};

use crate::world::{KEY, shodan};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

async fn start(options: Options) -> Simulator {
    Simulator::start(Simulator::demo_data(), options).await.unwrap()
}

#[tokio::test]
async fn a_host_is_told_with_its_banners_or_without() {
    let simulator = start(Options::default()).await;
    let shodan = shodan(&simulator);
    let camera = shodan.host(ip("198.51.100.10"), HostOptions::default()).await.unwrap().unwrap();
    assert_eq!((camera.ports.as_slice(), camera.banners.len(), camera.refused.len()), ([80, 554].as_slice(), 2, 0));
    assert_eq!(camera.banners[0].ip, camera.ip);
    assert!(camera.vulnerabilities.contains(&"CVE-2021-36260".to_owned()));
    let raw: Value = serde_json::from_str(camera.banners[0].raw.get()).unwrap();
    assert_eq!(raw["port"], camera.banners[0].port, "what the client does not name can be had, too");
    let minified = HostOptions { minify: true, ..HostOptions::default() };
    let short = shodan.host(camera.ip, minified).await.unwrap().unwrap();
    assert_eq!((short.ports, short.banners.len()), (camera.ports, 0));
    assert!(shodan.host(ip("192.0.2.250"), HostOptions::default()).await.unwrap().is_none());
}

#[tokio::test]
async fn searches_count_break_down_and_explain() {
    let simulator = start(Options::default()).await;
    let shodan = shodan(&simulator);
    let facets = [Facet::top(3, "port"), "country".into()];
    let page = shodan.search("org:\"Acme Utilities\"", 1, &facets).await.unwrap();
    assert_eq!(page.total, page.banners.len() as u64);
    assert_eq!(page.facets["port"].len(), 3);
    assert_eq!(page.facets["country"][0].value, "NL");
    let count = shodan.count("org:\"Acme Utilities\"", &facets).await.unwrap();
    assert_eq!((count.total, &count.facets), (page.total, &page.facets));
    let tokens = shodan.tokens("apache port:80,443 no.such:1").await.unwrap();
    assert_eq!((tokens.filters, tokens.text.as_str(), tokens.errors.len()), (vec!["port".to_owned()], "apache", 1));
    assert_eq!(tokens.attributes, r#"{"ports":[80,443]}"#);
    assert!(shodan.search_facets().await.unwrap().contains(&"port".to_owned()));
    assert!(shodan.search_filters().await.unwrap().contains(&"net".to_owned()));
    assert!(shodan.ports().await.unwrap().contains(&502));
    assert!(shodan.protocols().await.unwrap().iter().any(|protocol| protocol.name == "modbus"));
    assert!(!shodan.services().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_scan_is_paid_for_and_moves_to_its_end() {
    let simulator = start(Options { scan_credits: Some(10), ..Options::default() }).await;
    let shodan = shodan(&simulator);
    let scan = shodan.scan(&[net("198.51.100.10/32"), net("198.51.100.16/30")], false).await.unwrap();
    assert_eq!((scan.count, scan.credits_left), (Some(5), Some(5)));
    let mut states = Vec::new();
    while states.last() != Some(&ScanState::Done) {
        states.push(shodan.scan_status(&scan.id).await.unwrap().state);
    }
    assert_eq!(states, [ScanState::Submitted, ScanState::Queued, ScanState::Processing, ScanState::Done]);
    let service = ScanService { port: 502, protocol: "modbus".into() };
    let services = BTreeMap::from([(net("203.0.113.1/32"), vec![service])]);
    assert_eq!(shodan.scan_services(&services).await.unwrap().credits_left, Some(4));
    assert_eq!(shodan.scan(&[net("198.51.100.0/24")], false).await, Err(Error::OutOfCredits));
    assert!(matches!(shodan.scan(&[], false).await, Err(Error::Rejected(_))));
    assert!(matches!(shodan.scan_internet(502, "modbus").await, Err(Error::PlanTooLow(_))));
    let scans = shodan.scans(1).await.unwrap();
    assert_eq!((scans.total, scans.scans.len()), (2, 2));
    assert!(!format!("{scans:?}").contains(KEY), "the list that Shodan sends holds the key");
}

#[tokio::test]
async fn an_alert_lives_from_its_making_to_its_end() {
    let simulator = start(Options::default()).await;
    let shodan = shodan(&simulator);
    let alert = shodan.create_alert("Plant", &[net("198.51.100.0/28")], 0).await.unwrap();
    assert_eq!((alert.size, alert.networks.as_slice()), (Some(16), ["198.51.100.0/28".to_owned()].as_slice()));
    let id = alert.id.as_str();
    assert_eq!(shodan.api_info().await.unwrap().monitored_ips, Some(16));
    let edited = shodan.edit_alert(id, &[net("198.51.100.10/32"), net("2001:db8:100::16/128")]).await.unwrap();
    assert_eq!((edited.name.as_str(), edited.size), ("Plant", Some(2)));

    assert!(shodan.triggers().await.unwrap().iter().any(|trigger| trigger.name == "new_service"));
    shodan.enable_triggers(id, &["new_service", "vulnerable"]).await.unwrap();
    assert!(matches!(shodan.enable_triggers(id, &["no_such"]).await, Err(Error::Rejected(_))));
    let whole = IgnoredService { ip: ip("198.51.100.10"), port: 554, cves: Vec::new() };
    let some = IgnoredService { ip: ip("2001:db8:100::16"), port: 443, cves: vec!["CVE-2021-36260".into()] };
    shodan.ignore(id, "new_service", &whole).await.unwrap();
    shodan.ignore(id, "vulnerable", &some).await.unwrap();
    let url = BTreeMap::from([("url".to_owned(), "https://hooks.example/x".to_owned())]);
    let notifier = shodan.create_notifier("webhook", Some("ours"), &url).await.unwrap();
    shodan.attach_notifier(id, &notifier).await.unwrap();

    let seen = shodan.alert(id).await.unwrap();
    assert_eq!(seen.triggers[0].ignored, std::slice::from_ref(&whole));
    assert_eq!(seen.triggers[1].ignored, [some]);
    assert_eq!(seen.notifiers, std::slice::from_ref(&notifier));
    assert_eq!(shodan.alerts(true).await.unwrap(), [seen]);

    shodan.unignore(id, "new_service", &whole).await.unwrap();
    shodan.disable_triggers(id, &["vulnerable"]).await.unwrap();
    shodan.detach_notifier(id, &notifier).await.unwrap();
    let seen = shodan.alert(id).await.unwrap();
    assert_eq!((seen.triggers.len(), seen.triggers[0].ignored.len(), seen.notifiers.len()), (1, 0, 0));
    shodan.delete_alert(id).await.unwrap();
    assert!(matches!(shodan.delete_alert(id).await, Err(Error::Rejected(_))));
    assert_eq!(shodan.alerts(true).await.unwrap(), []);
}

#[tokio::test]
async fn notifiers_are_made_changed_and_removed() {
    let simulator = start(Options::default()).await;
    let shodan = shodan(&simulator);
    let providers = shodan.notifier_providers().await.unwrap();
    let slack = providers.iter().find(|provider| provider.name == "slack").unwrap();
    let args = |value: &str| BTreeMap::from([(slack.required[0].clone(), value.to_owned())]);
    let id = shodan.create_notifier("slack", None, &args("https://a.example")).await.unwrap();
    shodan.edit_notifier(&id, &args("https://b.example")).await.unwrap();
    let one = shodan.notifier(&id).await.unwrap();
    assert_eq!((one.provider.as_str(), one.args["webhook_url"].as_str()), ("slack", "https://b.example"));
    assert_eq!(shodan.notifiers().await.unwrap().len(), 2);
    shodan.delete_notifier(&id).await.unwrap();
    assert_eq!(shodan.notifiers().await.unwrap()[0].id, "default");
    assert!(matches!(shodan.create_notifier("slack", None, &BTreeMap::new()).await, Err(Error::Rejected(_))));
}

#[tokio::test]
async fn names_resolve_both_ways_and_a_domain_costs_a_credit() {
    let simulator = start(Options { query_credits: Some(1), ..Options::default() }).await;
    let shodan = shodan(&simulator);
    let found = shodan.resolve(&["WWW.acme.example", "nobody.example"]).await.unwrap();
    assert_eq!(found["WWW.acme.example"], [ip("198.51.100.21")]);
    assert!(found["nobody.example"].is_empty());
    let back = shodan.reverse(&[ip("198.51.100.21"), ip("192.0.2.99")]).await.unwrap();
    assert_eq!(back[&ip("198.51.100.21")], ["www.acme.example"]);
    assert!(back[&ip("192.0.2.99")].is_empty());
    let domain = shodan.domain("acme.example", &DomainOptions::default()).await.unwrap();
    assert!(domain.subdomains.contains(&"www".to_owned()) && domain.tags == ["ipv6"] && !domain.more);
    let meter = domain.records.iter().find(|record| record.subdomain == "meter6").unwrap();
    assert_eq!((meter.kind.as_str(), meter.value.as_str()), ("AAAA", "2001:db8:100::16"));
    let again = shodan.domain("acme.example", &DomainOptions::default()).await;
    assert_eq!(again, Err(Error::OutOfCredits));
}

#[tokio::test]
async fn the_rest_of_the_directory_answers() {
    let simulator = start(Options::default()).await;
    let shodan = shodan(&simulator);
    let queries = shodan.saved_queries(1, QueryOrder::MostVotes).await.unwrap();
    assert_eq!((queries.queries[0].query.as_str(), queries.queries[0].tags.len()), ("port:502", 1));
    assert_eq!(shodan.search_saved_queries("modbus", 1).await.unwrap(), queries);
    assert_eq!(shodan.query_tags(10).await.unwrap()[0].value, "ics");
    let sets = shodan.data_sets().await.unwrap();
    let files = shodan.data_files(&sets[0].name).await.unwrap();
    assert_eq!(files[0].timestamp.unwrap().to_string(), "2026-03-14T00:00:00Z");
    assert!(matches!(shodan.data_files("no-such").await, Err(Error::Rejected(_))));
    shodan.add_member("ann@acme.example", true).await.unwrap();
    assert_eq!(shodan.organization().await.unwrap().members[0].username, "ann@acme.example");
    shodan.remove_member("ann@acme.example").await.unwrap();
    assert!(shodan.organization().await.unwrap().members.is_empty());
    assert!(shodan.profile().await.unwrap().member);
    assert!(shodan.my_ip().await.unwrap().is_loopback());
    assert!(shodan.http_headers().await.unwrap().contains_key("host"));
    assert!(shodan.honeyscore(ip("198.51.100.10")).await.unwrap() < 0.1);
    let trend = shodan.trend("port:502", &["country".into()]).await.unwrap();
    assert_eq!(trend.total, trend.months[0].1);
    assert!(!shodan.trend_facets().await.unwrap().is_empty() && !shodan.trend_filters().await.unwrap().is_empty());
}
