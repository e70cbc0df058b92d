//! What can be seen of the running program: lines that belong together, figures, and in none of them a secret or a person.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod demo;
#[cfg(feature = "test-otel")]
mod traces;

use std::time::{Duration, Instant};

use demo::Demo;

use iotmonitor::outside::Outbound;
use serde_json::{Value, json};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn ask(address: &str, token: &str, query: &str) -> Value {
    let http = Outbound::new(None).unwrap().client().unwrap();
    let request = http.post(format!("{address}/graphql")).bearer_auth(token).header("content-type", "application/json");
    let request =
        request.header("traceparent", PARENT).header("x-ms-invocation-id", "83a33220-a921-460a-bec0-b3f043dcf1ff");
    let answer = request.body(json!({ "query": query }).to_string()).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

async fn get(url: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Outbound::new(None).unwrap().client().unwrap().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_full_run_logs_no_secret_and_no_persons_address_however_much_it_says() {
    // Everything that the program says, and what its libraries say of what they do.
    let demo = Demo::start("debug,app=trace,iotmonitor=trace,channels=trace,storage=trace,sources=trace,schema=trace");
    let address = demo.address();
    let kept = demo.kept();
    let (token, password) = (kept["token"].as_str().unwrap(), kept["password"].as_str().unwrap());
    let login = format!(
        r#"mutation {{ login(input: {{ email: "ops@plant.example", password: "{password}" }}) {{ userErrors {{ message }} }} }}"#
    );
    ask(&address, token, &login).await;
    ask(&address, token, "mutation { login(input: { email: \"stranger@elsewhere.example\", password: \"wrong wrong wrong\" }) { userErrors { message } } }").await;
    get(&format!("{address}/hooks/email/confirm/a-token-of-a-mail"), &[]).await;
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end
        && !get(&format!("{address}/metrics"), &[]).await.1.contains("iotmonitor_mails_total{outcome=\"accepted\"}")
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let lines = demo.lines();
    assert!(lines.len() > 20, "only {} lines: {lines:?}", lines.len());
    let shodan = "key=DEMO";
    let secret = kept["secret"].as_str().unwrap();
    for never in
        [token, password, secret, secret.trim_start_matches("whsec_"), shodan, "wrong wrong", "a-token-of-a-mail"]
    {
        let line = lines.iter().find(|line| line.contains(never));
        assert!(line.is_none(), "{never:?} is in the log: {}", line.unwrap());
    }
    let person =
        lines.iter().find(|line| ["@plant.example", "@elsewhere.example"].iter().any(|who| line.contains(who)));
    assert!(person.is_none(), "a person's address is in the log: {}", person.unwrap());
}

#[tokio::test]
async fn lines_of_one_request_carry_its_trace_its_invocation_and_its_organization() {
    let demo = Demo::start("debug");
    let address = demo.address();
    let token = demo.kept()["token"].as_str().unwrap().to_owned();
    let answer = ask(&address, &token, "{ assets(first: 1) { nodes { id } } }").await;
    assert!(answer["errors"].is_null(), "{answer}");
    demo.wait(|said| said.contains("\"polled\"") && said.contains(TRACE));
    let lines: Vec<Value> = demo.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let polled = lines.iter().find(|line| line["message"] == "polled").unwrap();
    assert_eq!(
        (&polled["span"]["what"], polled["span"]["trace_id"].as_str().map(str::len)),
        (&json!("poll"), Some(32))
    );
    let of_request: Vec<&Value> = lines.iter().filter(|line| line["span"]["trace_id"] == TRACE).collect();
    assert!(!of_request.is_empty());
    for line in of_request {
        assert_eq!(line["span"]["invocation"], "83a33220-a921-460a-bec0-b3f043dcf1ff", "{line}");
        assert_eq!(line["span"]["route"], "/graphql", "{line}");
        assert!(line["span"]["organization"].as_str().unwrap().starts_with("org_"), "{line}");
    }
}

#[tokio::test]
async fn figures_are_for_who_asks_directly_and_name_nobody() {
    let demo = Demo::start("info");
    let address = demo.address();
    let metrics = format!("{address}/metrics");
    get(&format!("{address}/healthz"), &[]).await;
    get(&format!("{address}/a/path/of/a/stranger"), &[]).await;
    demo.wait(|said| said.contains("\"polled\""));
    let (status, text) = get(&metrics, &[]).await;
    assert_eq!(status, 200);
    for line in [
        "iotmonitor_build_info{version=\"",
        "iotmonitor_http_requests_total{route=\"/healthz\",status=\"2xx\"} 1",
        "iotmonitor_http_requests_total{route=\"other\",status=\"4xx\"} 1",
        "iotmonitor_ticks_total{outcome=\"ended\"} 1",
        "iotmonitor_polled_assets_total{outcome=\"polled\"} ",
        "iotmonitor_source_calls_total{call=\"host\",outcome=\"answered\"} ",
        "iotmonitor_queue_messages{queue=\"notifications-poison\"} 0",
        "iotmonitor_last_tick_timestamp_seconds 1",
        "# TYPE iotmonitor_webhook_attempts_total counter",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    assert!(!text.contains("stranger") && !text.contains("org_") && !text.contains("plant"), "{text}");
    for header in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"), ("via", "1.1 proxy")] {
        assert_eq!(get(&metrics, &[header]).await.0, 404, "{header:?}");
    }
}
