//! The simulator answers as Shodan does, and the clients understand it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use app::ports::{Exposure, HostAnswer, SourceKey};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shodan_client::HostOptions;
use sources::simulator::{DEMO_ASSETS, Data, Fault, Options, Simulator};

use crate::world::{KEY, captured, shodan, sources};

fn key() -> SourceKey {
    SourceKey::Shodan(KEY.into())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

async fn start(options: Options) -> Simulator {
    Simulator::start(Simulator::demo_data(), options).await.unwrap()
}

#[tokio::test]
async fn the_demo_shows_every_asset_of_its_organization() {
    let simulator = start(Options::default()).await;
    let sources = sources(&simulator);
    let lines: Vec<&str> = DEMO_ASSETS.lines().skip(1).collect();
    assert_eq!(lines.len(), 12);
    for line in lines {
        let target = line.split(',').nth(2).unwrap();
        let seen = if let Ok(ip) = target.parse::<IpAddr>() {
            matches!(sources.host(&key(), ip).await.unwrap(), HostAnswer::Known(host) if !host.banners.is_empty())
        } else if let Ok(network) = target.parse::<IpNet>() {
            sources.network(&key(), network, 1).await.unwrap().hosts.len() == 30
        } else if target.is_empty() {
            sources.search(&key(), "org:\"Acme Utilities\" country:NL", 1).await.unwrap().hosts.len() == 13
        } else {
            sources.resolve(&key(), target).await.unwrap() == [ip("198.51.100.21")]
        };
        assert!(seen, "{line}");
    }
}

#[tokio::test]
async fn one_address_is_an_object_and_several_are_a_list() {
    let simulator = start(Options::default()).await;
    let shodan = shodan(&simulator);
    let options = HostOptions::default();
    let (one, other, nobody) = (ip("203.0.113.1"), ip("2001:db8:100::16"), ip("192.0.2.9"));
    assert_eq!(shodan.hosts(&[one, nobody], options).await.unwrap().len(), 1);
    let both = shodan.hosts(&[other, one], options).await.unwrap();
    assert_eq!(both.iter().map(|host| host.ip).collect::<Vec<_>>(), [one, other]);
    assert_eq!(both[1].ports, [22, 443]);
    assert_eq!(shodan.hosts(&[nobody], options).await.unwrap().len(), 0);
    assert!(shodan.hosts(&[], options).await.is_err());
    let sources = sources(&simulator);
    let known = sources.hosts(&key(), &[nobody, other, one]).await.unwrap();
    assert_eq!(known.iter().map(|host| host.ip).collect::<Vec<_>>(), [one, other]);
    assert!(known.iter().all(|host| !host.banners.is_empty()));
    assert_eq!(sources.hosts(&key(), &[nobody]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn the_date_of_the_newest_banner_can_be_chosen() {
    let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
    let simulator = start(Options { shift_to: Some(now), ..Options::default() }).await;
    let sources = sources(&simulator);
    let page = sources.search(&key(), "", 1).await.unwrap();
    assert_eq!(page.hosts.iter().filter_map(|host| host.observed_at).max(), Some(now));
    let HostAnswer::Known(meter) = sources.host(&key(), ip("2001:db8:100::16")).await.unwrap() else {
        panic!("unknown")
    };
    let end = meter.banners[1].tls.as_ref().unwrap().not_after.unwrap();
    let left = end.duration_since(now);
    assert!(
        left > SignedDuration::from_hours(24) && left < SignedDuration::from_hours(30 * 24),
        "it expires soon: {end}"
    );
    let HostAnswer::Known(portal) = sources.host(&key(), ip("198.51.100.12")).await.unwrap() else { panic!("unknown") };
    assert!(portal.banners[0].tls.as_ref().unwrap().not_after.unwrap() < now, "an expired certificate stays so");
}

#[tokio::test]
async fn internetdb_tells_ports_and_cves_without_dates() {
    let simulator = start(Options::default()).await;
    let sources = sources(&simulator);
    let HostAnswer::Known(camera) = sources.host(&SourceKey::InternetDb, ip("198.51.100.10")).await.unwrap() else {
        panic!("unknown")
    };
    assert_eq!(camera.ports, [80, 554]);
    assert_eq!(camera.vulnerabilities.len(), 2);
    assert_eq!((camera.observed_at, camera.banners.len()), (None, 0));
    assert_eq!(simulator.requests().internetdb, 1);
}

#[tokio::test]
async fn what_is_replaced_is_what_is_seen_next() {
    let simulator = start(Options::default()).await;
    let sources = sources(&simulator);
    let camera = ip("198.51.100.10");
    let mut banners = simulator.banners(camera);
    assert_eq!(banners.len(), 2);
    banners[0]["data"] = json!("patched");
    simulator.replace_banners(camera, &banners[..1]);
    let HostAnswer::Known(host) = sources.host(&key(), camera).await.unwrap() else { panic!("unknown") };
    assert_eq!((host.banners.len(), host.banners[0].text.as_str()), (1, "patched"));
    simulator.replace_banners(camera, &[]);
    assert_eq!(sources.host(&key(), camera).await, Ok(HostAnswer::Unknown));
    assert_eq!(simulator.requests().host, 2);
}

#[tokio::test]
async fn pages_go_on_to_the_end_and_can_be_unsteady() {
    let simulator = start(Options { page_size: 20, ..Options::default() }).await;
    let sources = sources(&simulator);
    let all = async |fault| {
        simulator.set_fault(fault);
        let (mut services, mut banners) = (BTreeSet::new(), 0);
        for page in 1.. {
            let page = sources.search(&key(), "", page).await.unwrap();
            if page.banners == 0 {
                break;
            }
            banners += page.banners;
            services.extend(page.hosts.iter().flat_map(|host| host.banners.iter().map(|b| (host.ip, b.port))));
        }
        (services.len(), banners)
    };
    assert_eq!(all(None).await, (49, 49));
    let (services, banners) = all(Some(Fault::UnstablePaging)).await;
    assert!(services == 49 && banners > 49, "{services} {banners}");
    assert!(all(Some(Fault::ShortPage)).await.0 < 49);
}

#[tokio::test]
async fn captured_answers_can_be_served_again() {
    let text = String::from_utf8(captured("captured/shodanx-host-search.json")).unwrap();
    let simulator = Simulator::start(Data::empty().and(text), Options::default()).await.unwrap();
    let page = sources(&simulator).search(&key(), "", 1).await.unwrap();
    assert_eq!((page.banners, page.unreadable, page.total), (93, 0, 93));
}
