use std::collections::BTreeSet;
use std::path::Path;

use app::poll::refresh;
use app::ports::SourceKey;
use domain::role::Scope::Read;
use serde_json::Value;
use sources::simulator::{Data, Options};

use super::world::World;

/// Where the captured answers were moved to, and where some stayed.
const NETWORKS: [&str; 4] = ["192.0.2.0/24", "198.51.100.0/24", "1.1.1.0/24", "8.8.8.0/24"];

/// Every captured answer, and what was made up beside them.
fn everything() -> Data {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sources/data");
    let mut data = Data::empty();
    for part in ["captured", "demo"] {
        let mut paths: Vec<_> = std::fs::read_dir(folder.join(part)).unwrap().map(|e| e.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        for path in paths {
            data = data.and(std::fs::read_to_string(path).unwrap());
        }
    }
    data
}

/// Places of all services that a search tells of, and how many banners it held that could not be read.
async fn told(world: &World) -> (BTreeSet<String>, usize) {
    let key = SourceKey::Shodan("INSTANCEKEY".into());
    let (mut places, mut unreadable) = (BTreeSet::new(), 0);
    for network in NETWORKS {
        for page in 1.. {
            let found = world.program.app.exposure.search(&key, &format!("net:{network}"), page).await.unwrap();
            unreadable += found.unreadable;
            for host in &found.hosts {
                places.extend(host.banners.iter().map(|b| format!("{} {} {}", host.ip, b.port, b.transport.as_str())));
            }
            if found.banners == 0 {
                break;
            }
        }
    }
    (places, unreadable)
}

/// Everything that is known: services, findings, and how many events led there.
async fn known(world: &World, token: &str) -> (BTreeSet<String>, BTreeSet<String>, usize) {
    let mut lists = [BTreeSet::new(), BTreeSet::new()];
    for (list, (field, of)) in lists.iter_mut().zip([
        ("services", "ip port transport"),
        ("findings", "id state severity riskScore revision updatedAt reopenCount"),
    ]) {
        let mut after = Value::Null;
        loop {
            let page = format!(
                "{{ {field}(first: 100, after: {after}) {{ nodes {{ {of} }} pageInfo {{ hasNextPage endCursor }} }} }}"
            );
            let data = world.data(token, &page).await[field].clone();
            for node in data["nodes"].as_array().unwrap() {
                let texts =
                    node.as_object().unwrap().values().map(|v| v.as_str().map_or_else(|| v.to_string(), Into::into));
                list.insert(if field == "services" {
                    format!("{} {} {}", node["ip"].as_str().unwrap(), node["port"], node["transport"].as_str().unwrap())
                } else {
                    texts.collect::<Vec<String>>().join(" ")
                });
            }
            if data["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = data["pageInfo"]["endCursor"].clone();
        }
    }
    let (head, _) = world.program.app.snapshot(&world.owner.org, domain::ids::Bucket::default()).await.unwrap();
    let [services, findings] = lists;
    (services, findings, usize::try_from(head.events).unwrap())
}

#[tokio::test]
async fn everything_that_was_captured_is_known_after_one_poll_and_nothing_changes_with_the_next() {
    let allow = NETWORKS.join(",");
    let world = World::with(Options::default(), everything(), &[("IOTMONITOR_TARGET_ALLOW", &allow)]).await;
    let mut assets = Vec::new();
    for network in NETWORKS {
        assets.push(world.watch(network).await);
    }
    let app = &world.program.app;
    app::poll::tick(app).await.unwrap();
    let token = world.token(&[Read]).await;
    let (places, unreadable) = told(&world).await;
    assert!(places.len() > 250 && unreadable <= 1, "{} {unreadable}", places.len());
    let first = known(&world, &token).await;
    assert_eq!(first.0, places, "every banner that can be read is a service");
    assert!(first.1.len() > 100, "{}", first.1.len());
    for _ in 0..2 {
        for asset in &assets {
            refresh(app, &world.owner, &asset.parse().unwrap()).await.unwrap();
        }
        assert_eq!(known(&world, &token).await, first);
    }
}
