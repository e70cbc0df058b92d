//! A collector of OpenTelemetry on loopback, which decodes what arrives.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use storage::azurite::Azurite;
use tokio::time::{Instant, sleep};

use crate::demo::Demo;
use crate::{PARENT, TRACE, ask, get};

const KEY: &str = "the-collectors-key";
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

struct Collector {
    url: String,
    collected: Collected,
}

impl Collector {
    async fn start() -> Self {
        let collected = Collected::default();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(collected.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, routes).into_future());
        Self { url, collected }
    }

    fn settings(&self) -> [(&str, &str); 3] {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &self.url),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=the-collectors-key"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ]
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.collected.0.lock().unwrap();
        let scopes = requests.iter().flat_map(|request| &request.resource_spans).flat_map(|of| &of.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Everything that arrived, attributes of resources and lines of the log among it.
    fn whole(&self) -> String {
        format!("{:?}", self.collected.0.lock().unwrap())
    }

    async fn until(&self, what: &str, fits: impl Fn(&Span) -> bool) -> Span {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(span) = self.spans().into_iter().find(|span| fits(span)) {
                return span;
            }
            assert!(Instant::now() < end, "no span {what}: {:#?}", self.spans());
            sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn take(State(collected): State<Collected>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(
        (&headers["content-type"], &headers["api-key"]),
        (&"application/x-protobuf".parse().unwrap(), &KEY.parse().unwrap())
    );
    collected.0.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
    StatusCode::OK
}

fn said(span: &Span, key: &str) -> String {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key);
    format!("{:?}", attribute.unwrap_or_else(|| panic!("no {key}: {span:#?}")).value)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_collector_sees_requests_under_the_trace_that_came_in_and_polls_with_what_they_asked() {
    let collector = Collector::start().await;
    let demo = Demo::with("info", &collector.settings());
    let address = demo.address();
    let token = demo.kept()["token"].as_str().unwrap().to_owned();
    ask(&address, &token, "{ assets(first: 1) { nodes { id } } }").await;

    let request = collector.until("of the request", |span| hex(&span.trace_id) == TRACE).await;
    assert_eq!((request.name.as_str(), request.kind()), ("POST /graphql", SpanKind::Server));
    assert!(PARENT.contains(&hex(&request.parent_span_id)), "{request:#?}");
    assert!(said(&request, "http.route").contains("/graphql"));
    assert!(said(&request, "http.response.status_code").contains("200"));
    assert!(said(&request, "iotmonitor.organization.id").contains("org_"));
    assert!(said(&request, "faas.invocation_id").contains("83a33220"));

    let asked = collector.until("of a question", |span| span.name == "host").await;
    assert_eq!(asked.kind(), SpanKind::Client);
    assert!(said(&asked, "iotmonitor.outcome").contains("answered"));
    let poll = collector.until("of its poll", |span| span.span_id == asked.parent_span_id).await;
    assert_eq!((poll.name.as_str(), &poll.trace_id), ("poll", &asked.trace_id));
    assert!(poll.parent_span_id.is_empty());
    // A line of the log names the trace that the collector has.
    demo.wait(|said| said.contains(&hex(&poll.trace_id)));
    let told = collector.until("of a webhook", |span| span.name == "webhook").await;
    collector.until("of its turn", |span| span.span_id == told.parent_span_id && span.name == "notify").await;
}

#[tokio::test]
async fn no_secret_and_no_persons_address_reaches_the_collector() {
    let collector = Collector::start().await;
    let demo = Demo::with("info", &collector.settings());
    let address = demo.address();
    let kept = demo.kept();
    let [token, password, secret] = ["token", "password", "secret"].map(|name| kept[name].as_str().unwrap());
    for (email, word) in [("ops@plant.example", password), ("stranger@elsewhere.example", "wrong wrong wrong")] {
        let login = format!(
            r#"mutation {{ login(input: {{ email: "{email}", password: "{word}" }}) {{ userErrors {{ message }} }} }}"#
        );
        ask(&address, token, &login).await;
    }
    get(&format!("{address}/hooks/email/confirm/a-token-of-a-mail"), &[]).await;
    get(&format!("{address}/a/path/of/a/stranger"), &[("traceparent", PARENT)]).await;
    collector.until("of the stranger", |span| span.name == "GET other").await;
    collector.until("of a webhook", |span| span.name == "webhook").await;
    collector.until("of a mail", |span| span.name == "mail").await;
    let whole = collector.whole();
    let secret = secret.trim_start_matches("whsec_");
    for never in [
        token,
        password,
        secret,
        KEY,
        "key=DEMO",
        "wrong wrong",
        "a-token-of-a-mail",
        "a/path",
        "plant.example",
        "elsewhere.example",
    ] {
        assert!(!whole.contains(never), "{never:?} reached the collector");
    }
}

/// The program as the Functions host starts it.
struct Handler(Child);

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_poll_of_the_functions_host_is_part_of_the_hosts_trace() {
    let Some(azurite) = Azurite::start() else { return };
    let collector = Collector::start().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let process = Command::new(env!("CARGO_BIN_EXE_iotmonitor"))
        .env_clear()
        .envs(collector.settings())
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
        .env("AzureWebJobsStorage", azurite.connection_string())
        .env("IOTMONITOR_POLL_SCHEDULE", "0 * * * * *")
        .env("IOTMONITOR_SECRET_KEY", format!("{}=", "A".repeat(43)))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _handler = Handler(process);
    let end = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.is_err() {
        assert!(Instant::now() < end, "it does not listen");
        sleep(Duration::from_millis(20)).await;
    }
    let http = iotmonitor::outside::Outbound::new(None).unwrap().client().unwrap();
    let fired =
        http.post(format!("http://127.0.0.1:{port}/poll")).header("traceparent", PARENT).body("{}").send().await;
    assert_eq!(fired.unwrap().status().as_u16(), 200);
    let poll = collector.until("of the poll", |span| span.name == "POST /poll").await;
    assert_eq!(hex(&poll.trace_id), TRACE);
}

#[tokio::test]
async fn without_its_collector_the_program_works_and_says_so_once() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let demo = Demo::with(
        "info",
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{nobody}")), ("OTEL_BSP_SCHEDULE_DELAY", "100")],
    );
    let address = demo.address();
    let token = demo.kept()["token"].as_str().unwrap().to_owned();
    demo.wait(|said| said.contains("takes none"));
    for _ in 0..3 {
        let answer = ask(&address, &token, "{ assets(first: 1) { nodes { id } } }").await;
        assert!(answer["errors"].is_null(), "{answer}");
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(demo.said().matches("takes none").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_short_command_recorded_is_delivered_before_it_ends() {
    let collector = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_iotmonitor"))
        .arg("poll")
        .env_clear()
        .envs(collector.settings())
        .env("OTEL_BSP_SCHEDULE_DELAY", "600000")
        .env("IOTMONITOR_STORAGE", format!("embedded:{}", folder.path().display()))
        .status()
        .unwrap();
    assert!(status.success());
    assert!(collector.spans().iter().any(|span| span.name == "poll"), "{:#?}", collector.spans());
}
