use app::access::set_shodan_key;
use app::ports::SourceKey;
use domain::role::Scope::Read;
use serde_json::{Value, json};
use sources::simulator::{Data, Options};

use super::world::{World, ago};

const IP: &str = "192.0.2.77";

fn banner(port: u16, module: &str, seconds_ago: i64) -> Value {
    let at = ago(seconds_ago);
    json!({"ip_str": IP, "port": port, "transport": "tcp", "timestamp": at,
        "data": "login:", "hash": i32::from(port), "_shodan": {"id": format!("banner-{port}-{at}"), "module": module}})
}

/// A polled device with alerts at the organization's own account; the token of the address, and the alert's id.
async fn watched() -> (World, String, String) {
    let data = Data::empty().and(json!({"matches": [banner(23, "telnet", 3600)]}).to_string());
    let settings = [("IOTMONITOR_PUBLIC_URL", "https://iot.example.com")];
    let world = World::with(Options::default(), data, &settings).await;
    let app = &world.program.app;
    set_shodan_key(app, &world.owner, Some("OWNKEY")).await.unwrap();
    world.watch(IP).await;
    app::poll::tick(app).await.unwrap();
    let key = SourceKey::Shodan("OWNKEY".into());
    let notifiers = app.alerts.notifiers(&key).await.unwrap();
    let url = notifiers.iter().find_map(|one| one.args.get("url")).unwrap();
    let token = url.strip_prefix("https://iot.example.com/hooks/shodan/").unwrap().to_owned();
    let alert = app.alerts.alerts(&key).await.unwrap().remove(0);
    assert_eq!((alert.networks, alert.notifiers.len()), (vec![IP.to_owned()], 1));
    (world, token, alert.id)
}

const PORTS: &str = "{ findings(filter: {states: [OPEN]}) { nodes { port } } monitorStatus { nextPollAt \
                     shodanMonitor { alerts addresses lastPushAt lastRefusedAt message } } }";

async fn ports(world: &World, token: &str) -> (Vec<i64>, Value) {
    let data = world.data(token, PORTS).await;
    let mut ports: Vec<i64> =
        data["findings"]["nodes"].as_array().unwrap().iter().filter_map(|f| f["port"].as_i64()).collect();
    ports.sort_unstable();
    ports.dedup();
    (ports, data["monitorStatus"].clone())
}

#[tokio::test]
async fn what_monitor_posts_is_a_finding_at_once() {
    let (world, token, alert) = watched().await;
    let reader = world.token(&[Read]).await;
    let (before, status) = ports(&world, &reader).await;
    assert_eq!(before, [23]);
    assert_eq!((&status["shodanMonitor"]["alerts"], &status["shodanMonitor"]["addresses"]), (&json!(1), &json!(1)));
    assert!(status["nextPollAt"].is_string());
    let path = format!("/hooks/shodan/{token}");
    let mut pushed = banner(5900, "vnc", 5);
    pushed["_shodan"]["alert"] = json!({"id": alert, "name": "x", "trigger": "new_service"});
    let headers = [("shodan-alert-id", alert.as_str()), ("shodan-alert-trigger", "new_service")];
    let answer = world.post(&path, &headers, pushed.to_string()).await;
    assert_eq!(answer, (200, r#"{"push":"judged"}"#.into()));
    assert_eq!(world.post(&path, &headers, pushed.to_string()).await.1, r#"{"push":"known"}"#);
    let (after, status) = ports(&world, &reader).await;
    assert_eq!(after, [23, 5900]);
    assert!(status["shodanMonitor"]["lastPushAt"].is_string());
    // Older versions name the alert in the headers alone.
    let old = banner(3389, "rdp", 5).to_string();
    assert_eq!(world.post(&path, &headers[..1], old).await.1, r#"{"push":"judged"}"#);
    assert_eq!(world.post(&path, &[], banner(445, "smb", 5).to_string()).await.1, r#"{"push":"test"}"#);
    assert_eq!(ports(&world, &reader).await.0, [23, 3389, 5900]);
}

#[tokio::test]
async fn what_is_forged_replayed_or_too_large_is_refused() {
    let (world, token, alert) = watched().await;
    let reader = world.token(&[Read]).await;
    let path = format!("/hooks/shodan/{token}");
    let headers = [("shodan-alert-id", alert.as_str())];
    let body = banner(5900, "vnc", 5).to_string();
    assert_eq!(world.post("/hooks/shodan/nonsense", &headers, body.clone()).await.0, 404);
    assert_eq!(world.post(&path, &[("shodan-alert-id", "SOMEBODYS")], body.clone()).await.0, 403);
    let signed = [headers[0], ("shodan-signature-sha1", "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9")];
    assert_eq!(world.post(&path, &signed, body.clone()).await.0, 403);
    assert_eq!(world.post(&path, &headers, banner(5900, "vnc", 8 * 86_400).to_string()).await.0, 422);
    assert_eq!(world.post(&path, &headers, "{\"ip_str\":").await.0, 422);
    assert_eq!(world.post(&path, &headers, vec![b' '; 1024 * 1024 + 1]).await.0, 413);
    let (open, status) = ports(&world, &reader).await;
    assert_eq!(open, [23]);
    assert_eq!(status["shodanMonitor"]["message"], "the alert is none that this program keeps");
    // With the key taken away the address leads nowhere.
    set_shodan_key(&world.program.app, &world.owner, None).await.unwrap();
    assert_eq!(world.post(&path, &headers, body).await.0, 404);
}

#[tokio::test]
async fn a_signature_is_an_hmac_of_the_body_under_the_key() {
    let world = World::new().await;
    let alerts = &world.program.app.alerts;
    let key = SourceKey::Shodan("key".into());
    let body = b"The quick brown fox jumps over the lazy dog";
    let hex = "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9";
    assert!(alerts.signed(&key, body, hex));
    assert!(alerts.signed(&key, body, "3nybhbi3iqa8ino29wqQcBydtNk="), "base64, too");
    for wrong in ["", "zz", &hex[..38], &format!("{hex}00"), &hex.replace('d', "e")] {
        assert!(!alerts.signed(&key, body, wrong), "{wrong}");
    }
    assert!(!alerts.signed(&SourceKey::Shodan("other".into()), body, hex));
    assert!(!alerts.signed(&key, b"another body", hex));
}
