//! Hosts and services in the order of their keys, both ways.

use std::collections::BTreeSet;

use app::findings::{self, HostFilter, ServiceFilter};
use app::ledger::Decision;
use app::ports::Op;
use domain::asset::Asset;
use domain::host::Host;
use domain::ids::{Bucket, ServiceId};
use domain::observation::Transport;
use domain::service::Service;
use serde_json::json;

use super::plant::{Lot, Plant};

fn host(plant: &Plant, ip: &str, port: u16, country: &str) -> Host {
    serde_json::from_value(json!({
        "ip": ip, "source": "SHODAN_HOST", "lastObservedAt": plant.now(), "observedAtExact": true,
        "polledAt": plant.now(), "ports": [port], "tags": [if port == 502 { "ics" } else { "cloud" }],
        "location": {"countryCode": country},
    }))
    .unwrap()
}

/// Hosts of an asset, each with a service on its port.
async fn enter(plant: &Plant, asset: &Asset, hosts: &[Host]) {
    let mut session = plant.bench.open_ledger(&plant.caller.org, "Plant", Bucket::default()).await.unwrap();
    let decision = |host: &Host| {
        let id = ServiceId { asset: asset.id.clone(), ip: host.ip, port: host.ports[0], transport: Transport::Tcp };
        let service: Service = serde_json::from_value(json!({
            "id": id, "state": "OPEN", "source": "SHODAN_HOST", "firstObservedAt": plant.now(),
            "lastObservedAt": plant.now(), "observedAtExact": true, "polledAt": plant.now(),
        }))
        .unwrap();
        let ops = vec![
            Op::Upsert(app::rows::encode(format!("h|{}|{}", asset.id.ulid, host.ip), host).unwrap()),
            Op::Upsert(app::rows::encode(service.id.row(), &service).unwrap()),
        ];
        Decision { ops, ..Decision::default() }
    };
    session.commit(hosts.iter().map(decision).collect()).await.unwrap();
}

async fn pages(plant: &Plant, asset: Option<&Asset>, filter: &HostFilter, limit: usize, backward: bool) -> Vec<String> {
    let (mut all, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let asked = (cursor.as_deref(), limit, backward);
        let page = findings::hosts_page(&plant.bench, &plant.caller, asset, filter, asked).await.unwrap();
        pages += 1;
        assert!(page.items.len() <= limit && pages < 500);
        let mut shown: Vec<String> = page.items.iter().map(|(_, h)| h.host.ip.to_string()).collect();
        let last = if backward { page.items.first() } else { page.items.last() };
        if backward {
            shown.reverse();
        }
        all.extend(shown);
        if !page.more {
            return all;
        }
        let next = page.end.or(last.map(|(cursor, _)| cursor.clone()));
        assert!(next.is_some() && next != cursor);
        cursor = next;
    }
}

#[tokio::test]
async fn hosts_are_paged_both_ways_and_counted_as_they_are_listed() {
    let plant = Plant::new().await;
    let network = plant.watch("203.0.112.0/22", 0).await;
    let mut lot = Lot(3);
    let mut expected = BTreeSet::new();
    let mut inside = Vec::new();
    for n in 0..300 {
        let ip = format!("203.0.{}.{}", 112 + n % 3, 2 + n / 3);
        inside.push(host(&plant, &ip, [80, 502][lot.next(2)], "IT"));
        expected.insert(ip);
    }
    enter(&plant, &network, &inside).await;
    for n in 0..40 {
        let device = plant.watch(&format!("8.8.8.{n}"), n).await;
        enter(&plant, &device, &[host(&plant, &format!("8.8.8.{n}"), 502, "DE")]).await;
        expected.insert(format!("8.8.8.{n}"));
    }
    for (filter, number) in [
        (HostFilter::default(), 340),
        (HostFilter { unregistered: Some(true), ..HostFilter::default() }, 300),
        (HostFilter { unregistered: Some(false), ..HostFilter::default() }, 40),
        (HostFilter { within: Some(vec!["203.0.113.0/24".parse().unwrap()]), ..HostFilter::default() }, 100),
        (
            HostFilter { ports: Some(vec![502]), tags: Some(vec!["ics".into()]), ..HostFilter::default() },
            40 + inside.iter().filter(|h| h.ports == [502]).count(),
        ),
        (HostFilter { tags: Some(Vec::new()), ..HostFilter::default() }, 0),
    ] {
        for limit in [7, 100] {
            let forward = pages(&plant, None, &filter, limit, false).await;
            let mut backward = pages(&plant, None, &filter, limit, true).await;
            backward.reverse();
            assert_eq!(forward, backward, "{filter:?}");
            assert_eq!((forward.len(), forward.iter().collect::<BTreeSet<_>>().len()), (number, number), "{filter:?}");
        }
        let count = findings::hosts_count(&plant.bench, &plant.caller, None, &filter).await.unwrap();
        assert_eq!(count, Some(number), "{filter:?}");
    }
    let of_network = pages(&plant, Some(&network), &HostFilter::default(), 25, true).await;
    assert_eq!(of_network.len(), 300);
    let all: BTreeSet<String> = pages(&plant, None, &HostFilter::default(), 100, false).await.into_iter().collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn an_address_that_belongs_to_another_asset_now_is_listed_once_at_its_owner() {
    let plant = Plant::new().await;
    let network = plant.watch("203.0.113.0/24", 0).await;
    enter(&plant, &network, &[host(&plant, "203.0.113.7", 80, "IT")]).await;
    let device = plant.watch("203.0.113.7", 1).await;
    enter(&plant, &device, &[host(&plant, "203.0.113.7", 502, "IT")]).await;
    let all = HostFilter::default();
    let items = findings::hosts_page(&plant.bench, &plant.caller, None, &all, (None, 10, false)).await.unwrap().items;
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0].1.owner.id, items[0].1.host.ports[0]), (&device.id, 502));
    let covering: Vec<_> = items[0].1.assets.iter().map(|a| a.id.clone()).collect();
    assert_eq!(covering, [device.id.clone(), network.id]);
    let one = findings::host(&plant.bench, &plant.caller, "203.0.113.7".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(one.owner.id, device.id);
}

#[tokio::test]
async fn a_page_of_hosts_or_services_costs_a_few_reads_in_either_direction() {
    let plant = Plant::new().await;
    let network = plant.watch("203.0.0.0/16", 0).await;
    for part in 0..8u8 {
        let hosts: Vec<Host> = (0..250).map(|n| host(&plant, &format!("203.0.{part}.{}", n + 1), 80, "IT")).collect();
        enter(&plant, &network, &hosts).await;
    }
    // Who is registered later comes later.
    plant.bench.clock.advance(jiff::SignedDuration::from_secs(1));
    for n in 0..50 {
        let device = plant.watch(&format!("8.8.8.{n}"), n).await;
        enter(&plant, &device, &[host(&plant, &format!("8.8.8.{n}"), 502, "DE")]).await;
    }
    for backward in [false, true] {
        let before = plant.bench.tables.calls();
        let asked = (None, 25, backward);
        let page =
            findings::hosts_page(&plant.bench, &plant.caller, None, &HostFilter::default(), asked).await.unwrap();
        assert_eq!((page.items.len(), page.more), (25, true));
        assert!(plant.bench.tables.calls() - before <= 5, "{}", plant.bench.tables.calls() - before);
    }
    // What is rare is looked for a thousand rows at a time.
    let rare = HostFilter { ports: Some(vec![502]), ..HostFilter::default() };
    let before = plant.bench.tables.calls();
    let page = findings::hosts_page(&plant.bench, &plant.caller, None, &rare, (None, 25, false)).await.unwrap();
    assert!(page.items.is_empty() && page.more && page.end.is_some());
    assert!(plant.bench.tables.calls() - before <= 7);
    assert_eq!(pages(&plant, None, &rare, 25, false).await.len(), 50);
    assert_eq!(pages(&plant, None, &rare, 25, true).await.len(), 50);
    let open = ServiceFilter { ports: Some(vec![502]), ..ServiceFilter::default() };
    let before = plant.bench.tables.calls();
    let count = findings::services_count(&plant.bench, &plant.caller, &open).await.unwrap();
    assert_eq!(count, Some(50));
    assert!(plant.bench.tables.calls() - before <= 5);
    let last = findings::services_page(&plant.bench, &plant.caller, &open, (None, 10, true)).await.unwrap();
    assert_eq!((last.items.len(), last.more), (10, true));
    let countries = findings::countries(&plant.bench, &plant.caller).await.unwrap();
    assert_eq!(countries, [("IT".into(), 2000), ("DE".into(), 50)]);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let plant = Plant::new().await;
    let network = plant.watch("203.0.113.0/24", 0).await;
    for cursor in ["", "!", "aHx4", "c3w", "Li4vLi4"] {
        for backward in [false, true] {
            let asked = (Some(cursor), 5, backward);
            let page =
                findings::hosts_page(&plant.bench, &plant.caller, Some(&network), &HostFilter::default(), asked).await;
            assert!(matches!(page, Err(app::Error::User(_))), "{cursor:?}");
        }
    }
}
