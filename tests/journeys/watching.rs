//! They add a device and a network, the timer asks Shodan — or InternetDB, without a key — findings appear, and the
//! GraphQL API shows them, with the same numbers wherever it counts.

use serde_json::{Value, json};

use crate::world::{KEY, Mode, Wishes, World, total};

const FINDING: &str = "id title severity confidence state ip port asset { id name } evidence { source value }";
const COUNTS: &str = "open { critical high medium low info } resolved { critical high medium low info }
    acknowledged { critical high medium low info } accepted { critical high medium low info }
    falsePositive { critical high medium low info }";

#[tokio::test]
async fn on_one_machine_shodan_is_asked_with_the_key() {
    shodan_is_asked_with_the_key(Mode::Machine).await;
}

#[tokio::test]
async fn on_azure_shodan_is_asked_with_the_key() {
    shodan_is_asked_with_the_key(Mode::Azure).await;
}

#[tokio::test]
async fn on_one_machine_only_internetdb_is_asked_without_a_key() {
    only_internetdb_is_asked_without_a_key(Mode::Machine).await;
}

#[tokio::test]
async fn on_azure_only_internetdb_is_asked_without_a_key() {
    only_internetdb_is_asked_without_a_key(Mode::Azure).await;
}

async fn shodan_is_asked_with_the_key(mode: Mode) {
    let Some(world) = World::registered(mode, Wishes::default()).await else { return };
    let camera = world.watch("Gate camera", "198.51.100.10").await;
    let network = world.watch("Plant network", "203.0.113.0/24").await;
    for (id, source) in [(&camera, "SHODAN_HOST"), (&network, "SHODAN_SEARCH")] {
        let monitoring = world.polled(id, &Value::Null).await;
        assert_eq!((&monitoring["status"], &monitoring["source"]), (&json!("OK"), &json!(source)), "{monitoring}");
    }
    let asked = world.simulator.requests();
    assert!(asked.host > 0 && asked.search > 0 && asked.internetdb == 0, "{asked:?}");

    let findings = world.all("findings(", FINDING).await;
    let of = |id: &String| findings.iter().filter(|f| f["asset"]["id"] == **id).collect::<Vec<_>>();
    assert!(
        of(&camera).iter().any(|f| f["title"].as_str().unwrap().contains("CVE-2021-36260")
            && f["severity"] == "CRITICAL"
            && f["confidence"] == "VERIFIED"
            && f["ip"] == "198.51.100.10"),
        "{findings:#?}"
    );
    let ports: Vec<i64> = of(&network).iter().filter_map(|f| f["port"].as_i64()).collect();
    assert!([502, 102, 27017, 23].iter().all(|port| ports.contains(port)), "{ports:?}");
    assert!(findings.iter().all(|f| f["state"] == "OPEN" && f["evidence"][0]["source"].as_str().is_some()));
    every_number_is_that_of_the_list(&world, &[&camera, &network]).await;

    let host = world.ask("{ host(ip: \"203.0.113.1\") { services { port } assets { name } } }", json!({})).await;
    assert_eq!(host["host"], json!({"services": [{"port": 502}], "assets": [{"name": "Plant network"}]}));
    assert!(!world.log().await.join("\n").contains(KEY), "the key stands in the log");
}

async fn only_internetdb_is_asked_without_a_key(mode: Mode) {
    let Some(world) = World::registered(mode, Wishes { keyless: true, ..Wishes::default() }).await else { return };
    let camera = world.watch("Gate camera", "198.51.100.10").await;
    let network = world.watch("Two cameras", "203.0.113.10/31").await;
    for id in [&camera, &network] {
        let monitoring = world.polled(id, &Value::Null).await;
        assert_eq!((&monitoring["status"], &monitoring["source"]), (&json!("OK"), &json!("INTERNETDB")));
    }
    let asked = world.simulator.requests();
    assert_eq!((asked.host, asked.search, asked.count, asked.resolve, asked.api_info), (0, 0, 0, 0, 0), "{asked:?}");
    assert_eq!(asked.internetdb, 3);

    let findings = world.all("findings(", FINDING).await;
    assert!(findings.iter().any(|f| f["asset"]["id"] == *camera && f.to_string().contains("CVE-2021-36260")));
    assert!(findings.iter().any(|f| f["asset"]["id"] == *network), "{findings:#?}");
    // It tests nothing, so nothing is verified.
    assert!(findings.iter().all(|f| f["evidence"].as_array().unwrap().iter().all(|e| e["source"] == "INTERNETDB")));
    every_number_is_that_of_the_list(&world, &[&camera, &network]).await;
}

/// List and numbers are of one answer: findings change when what is known of a vulnerability arrives.
async fn every_number_is_that_of_the_list(world: &World, assets: &[&String]) {
    let query = format!(
        "query($ids: [ID!]!) {{ findings(first: 100) {{ nodes {{ {FINDING} }} totalCount counts {{ {COUNTS} }} }} overview {{ counts {{ {COUNTS} }} }}
            organization {{ assetCount findingCounts {{ {COUNTS} }} }}
            assets(filter: {{ids: $ids}}) {{ nodes {{ id findings {{ totalCount }} findingCounts {{ {COUNTS} }} }} }} }}"
    );
    let told = world.ask(&query, json!({"ids": assets})).await;
    let findings = told["findings"]["nodes"].as_array().unwrap();
    let listed = findings.len() as u64;
    assert!(listed > 0);
    assert_eq!(told["findings"]["totalCount"], listed);
    assert_eq!(total(&told["findings"]["counts"]), listed);
    assert_eq!(told["overview"]["counts"], told["findings"]["counts"]);
    assert_eq!(told["organization"]["findingCounts"], told["findings"]["counts"]);
    assert_eq!(told["organization"]["assetCount"], assets.len());
    for (severity, name) in [("CRITICAL", "critical"), ("HIGH", "high"), ("MEDIUM", "medium"), ("LOW", "low")] {
        let of_it = findings.iter().filter(|f| f["severity"] == severity && f["state"] == "OPEN").count();
        assert_eq!(told["findings"]["counts"]["open"][name], of_it, "{severity}");
    }
    for asset in told["assets"]["nodes"].as_array().unwrap() {
        let own = findings.iter().filter(|f| f["asset"]["id"] == asset["id"]).count();
        assert_eq!((&asset["findings"]["totalCount"], total(&asset["findingCounts"])), (&json!(own), own as u64));
    }
}
