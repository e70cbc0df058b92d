//! What must not depend on the order of banners, and what no input may break.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::observation::{Banner, HostObservation};
use proptest::prelude::*;
use serde_json::{Value, json};
use sources::{read_hosts, read_search_page};

use crate::world::captured;

/// Small banners of many kinds, some twice at different times.
static BANNERS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let mut banners = Vec::new();
    for name in
        ["demo/plant.json", "demo/synthetic-iot-ics-banners.json", "captured/goshodan-host-search-version-number.json"]
    {
        let page: Value = serde_json::from_slice(&captured(name)).unwrap();
        banners.extend(page["matches"].as_array().unwrap().iter().cloned());
    }
    let again: Vec<Value> = banners
        .iter()
        .step_by(3)
        .cloned()
        .map(|mut banner| {
            banner["timestamp"] = json!("2026-03-14T09:00:00.000001");
            banner["data"] = json!("later");
            banner["org"] = json!("Another Name");
            banner
        })
        .collect();
    // The same instant, other content: the hash must decide.
    let same_time: Vec<Value> = again
        .iter()
        .step_by(2)
        .cloned()
        .map(|mut banner| {
            banner["data"] = json!("at the same time");
            banner["org"] = json!("A Third Name");
            banner
        })
        .collect();
    banners.into_iter().chain(again).chain(same_time).collect()
});

fn read(banners: &[&Value]) -> Vec<HostObservation> {
    let page = read_search_page(json!({ "matches": banners, "total": 1 }).to_string().as_bytes()).unwrap();
    assert_eq!((page.banners, page.unreadable), (banners.len(), 0));
    page.hosts
}

/// What several pages come to: of each service the greatest (timestamp, hash).
fn services(hosts: impl IntoIterator<Item = HostObservation>) -> BTreeMap<String, Banner> {
    let mut services: BTreeMap<String, Banner> = BTreeMap::new();
    for host in hosts {
        for banner in host.banners {
            let id = format!("{}|{}|{:?}", host.ip, banner.port, banner.transport);
            let newer = services.get(&id).is_none_or(|b| (banner.observed_at, &banner.hash) > (b.observed_at, &b.hash));
            if newer {
                services.insert(id, banner);
            }
        }
    }
    services
}

/// Changes one value somewhere in the document.
fn mutate(value: &mut Value, path: &[usize], with: &Value) {
    let next = match (value, path.split_first()) {
        (Value::Array(items), Some((at, rest))) if !items.is_empty() => {
            let at = at % items.len();
            (&mut items[at], rest)
        }
        (Value::Object(members), Some((at, rest))) if !members.is_empty() => {
            let at = at % members.len();
            (members.values_mut().nth(at).unwrap(), rest)
        }
        (value, _) => {
            *value = with.clone();
            return;
        }
    };
    mutate(next.0, next.1, with);
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("CVE-2021-36260")),
        Just(json!("!CVE-2014-0160")),
        Just(json!("2026-02-30T25:00:00")),
        Just(json!("99999999999999Z")),
        Just(json!("::ffff:1.2.3.4")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_banners_does_not_count(order in Just((0..BANNERS.len()).collect::<Vec<_>>()).prop_shuffle()) {
        let shuffled: Vec<&Value> = order.iter().map(|at| &BANNERS[*at]).collect();
        prop_assert_eq!(read(&shuffled), read(&BANNERS.iter().collect::<Vec<_>>()));
    }

    #[test]
    fn the_split_over_pages_does_not_count(
        order in Just((0..BANNERS.len()).collect::<Vec<_>>()).prop_shuffle(),
        size in 1usize..40,
        overlap in 0usize..5,
    ) {
        let pages = (0..order.len()).step_by(size).map(|first| {
            let page = order[first.saturating_sub(overlap)..(first + size).min(order.len())].iter();
            page.map(|at| &BANNERS[*at]).collect::<Vec<_>>()
        });
        let split = services(pages.flat_map(|page| read(&page)));
        prop_assert_eq!(split, services(read(&BANNERS.iter().collect::<Vec<_>>())));
    }

    #[test]
    fn no_change_of_a_type_anywhere_makes_it_panic_or_costs_another_banner(
        which in 0usize..30,
        path in prop::collection::vec(0usize..12, 1..5),
        with in anything(),
    ) {
        let mut changed = BANNERS[which].clone();
        mutate(&mut changed, &path, &with);
        let sound = &BANNERS[which + 1];
        let page = json!({ "matches": [changed, sound], "total": 2 }).to_string();
        let read = read_search_page(page.as_bytes()).unwrap();
        prop_assert!(read.unreadable <= 1);
        prop_assert!(!read.hosts.is_empty());
        let host = json!({ "ip_str": "192.0.2.1", "data": [changed, sound], "vulns": with, "ports": with }).to_string();
        prop_assert!(read_hosts(host.as_bytes()).is_ok());
    }

    #[test]
    fn no_document_makes_it_panic(mut document in anything(), cut in any::<prop::sample::Index>()) {
        let _ = (read_search_page(document.to_string().as_bytes()), read_hosts(document.to_string().as_bytes()));
        document = json!({ "matches": document, "data": document, "ip_str": "192.0.2.1" });
        let text = document.to_string();
        let _ = (read_search_page(text.as_bytes()), read_hosts(text.as_bytes()));
        let half = &text.as_bytes()[..cut.index(text.len())];
        prop_assert!(read_search_page(half).is_err() && read_hosts(half).is_err());
    }

    #[test]
    fn equal_content_has_an_equal_hash_and_other_content_another(which in 0usize..30, at in 0i64..1_000_000) {
        let mut later = BANNERS[which].clone();
        let timestamp = jiff::Timestamp::from_second(1_800_000_000 + at).unwrap().to_string();
        later["timestamp"] = json!(timestamp);
        let (before, after) = (&read(&[&BANNERS[which]])[0].banners[0], &read(&[&later])[0].banners[0]);
        prop_assert_eq!(&before.hash, &after.hash);
        later["data"] = json!("something else entirely");
        prop_assert_ne!(&before.hash, &read(&[&later])[0].banners[0].hash);
    }
}
