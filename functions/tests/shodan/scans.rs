use domain::role::Scope::{Read, SpendCredits};
use serde_json::json;
use sources::simulator::{Options, Simulator};

use super::world::World;

const SCAN: &str = "mutation($ids: [ID!], $most: Int!) { requestScan(input: {assetIds: $ids, maxCredits: $most}) { \
                    scan { id state ips creditsSpent requestedBy { name } finishedAt error } userErrors { code field } } }";

#[tokio::test]
async fn a_scan_is_ordered_within_bounds_and_can_be_asked_for() {
    let options = Options { scan_credits: Some(2), ..Options::default() };
    let world = World::with(options, Simulator::demo_data(), &[]).await;
    let token = world.token(&[Read, SpendCredits]).await;
    let (device, network) = (world.watch("192.0.2.10").await, world.watch("198.51.100.0/29").await);
    let refused = world.ask(&token, SCAN, json!({"ids": [network], "most": 5})).await;
    let errors = &refused["data"]["requestScan"]["userErrors"];
    assert_eq!(errors, &json!([{"code": "QUOTA_EXCEEDED", "field": ["input", "maxCredits"]}]), "{refused:#}");
    let refused = world.ask(&token, SCAN, json!({"ids": [network], "most": 50})).await;
    assert_eq!(refused["data"]["requestScan"]["userErrors"][0]["code"], "QUOTA_EXCEEDED", "two are left");
    let ordered = world.ask(&token, SCAN, json!({"ids": [device, "nonsense"], "most": 1})).await;
    let field = &ordered["data"]["requestScan"]["userErrors"][0]["field"];
    assert_eq!(field, &json!(["input", "assetIds", "1"]));
    let ordered = world.ask(&token, SCAN, json!({"ids": [device], "most": 1})).await;
    let scan = ordered["data"]["requestScan"]["scan"].clone();
    assert_eq!(
        (&scan["state"], &scan["ips"], &scan["creditsSpent"]),
        (&json!("SUBMITTED"), &json!(["192.0.2.10"]), &json!(1)),
        "{ordered:#}"
    );
    let node = format!("{{ node(id: {}) {{ id ... on Scan {{ state creditsSpent }} }} }}", scan["id"]);
    assert_eq!(world.data(&token, &node).await["node"]["creditsSpent"], 1);
    let left = world.data(&token, "{ shodan { account { scanCreditsLeft } } }").await;
    assert_eq!(left["shodan"]["account"]["scanCreditsLeft"], 1);
    let reader = world.token(&[Read]).await;
    let answer = world.ask(&reader, SCAN, json!({"ids": [device], "most": 1})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn what_a_scan_saw_is_told_from_what_was_there_before() {
    let world = World::new().await;
    let app = &world.program.app;
    let key = app::ports::SourceKey::Shodan("INSTANCEKEY".into());
    let ip = "198.51.100.10".parse().unwrap();
    let later = jiff::Timestamp::MAX;
    let before = app.scans.result(&key, "S000000000000001", ip, later).await.unwrap().unwrap();
    assert!(before.banners.is_empty() && before.ports.is_empty(), "{before:?}");
    let all = app.scans.result(&key, "none", ip, jiff::Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
    assert!(!all.banners.is_empty());
    let accepted = app.scans.order(&key, &[(ip, Vec::new())].into()).await.unwrap();
    for _ in 0..4 {
        app.scans.progress(&key, &accepted.id).await.unwrap();
    }
    let seen = app.scans.result(&key, &accepted.id, ip, later).await.unwrap().unwrap();
    assert_eq!(seen.banners, all.banners, "they bear the mark of the scan");
}
