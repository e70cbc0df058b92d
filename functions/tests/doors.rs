//! What stands at the doors: who may wake the program, what every answer carries, what links of mails do.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::SocketAddr;
use std::sync::Arc;

use app::access::{NewApiToken, bootstrap, create_api_token};
use domain::role::Scope;
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use iotmonitor::http::{Doors, Program, serve_on};
use iotmonitor::outside::Outbound;
use reqwest::{Method, Response};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

struct Server {
    address: SocketAddr,
    program: Arc<Program>,
    _dir: TempDir,
}

impl Server {
    async fn start(doors: Doors, public_url: &str) -> Self {
        Self::for_pages_of("", doors, public_url).await
    }

    async fn for_pages_of(cors: &str, doors: Doors, public_url: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let storage = format!("embedded:{}", dir.path().display());
        let environment = Environment::of([
            ("IOTMONITOR_STORAGE", storage.as_str()),
            ("IOTMONITOR_PUBLIC_URL", public_url),
            ("IOTMONITOR_RATE_LIMIT", "3"),
            ("IOTMONITOR_CORS_ORIGINS", cors),
        ]);
        let program = compose(&Config::read(&environment).unwrap(), Manner::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_on(listener, Arc::clone(&program), doors, std::future::pending()));
        Self { address, program, _dir: dir }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let client = Outbound::new(None).unwrap().client().unwrap();
        let mut request = client.request(method, format!("http://{}{path}", self.address)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let answer = self.ask(Method::POST, path, headers, body).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

const LOCAL: &str = "http://127.0.0.1:7071";

#[tokio::test]
async fn the_host_wakes_the_timer_and_the_queue_and_nobody_else_does() {
    let server = Server::start(Doors::PeopleAndHost, LOCAL).await;
    let message = json!({"Data": {"msg": "\"[9,\\\"nonsense\\\"]\""}, "Metadata": {"DequeueCount": "1"}}).to_string();
    for (path, body) in [("/poll", "{}"), ("/notify", message.as_str())] {
        assert_eq!(server.post(path, &[], body).await, (200, "{}".into()), "{path}");
        for header in
            [("x-forwarded-host", "iot.example.com"), ("x-ms-invocation-id", "1"), ("host", "iot.example.com")]
        {
            assert_eq!(server.post(path, &[header], body).await.0, 404, "{path} with {header:?}");
        }
    }
    assert_eq!(server.post("/notify", &[], "no envelope").await.0, 500);
    let answer = server.ask(Method::POST, "/poll", &[], "").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn without_a_host_its_doors_do_not_exist() {
    let server = Server::start(Doors::People, LOCAL).await;
    for path in ["/poll", "/notify", "/admin", "/graphql/x"] {
        let (status, body) = server.post(path, &[], "{}").await;
        assert_eq!((status, body.as_str()), (404, r#"{"error":"there is nothing here"}"#), "{path}");
    }
    assert_eq!(server.ask(Method::GET, "/", &[], "").await.status(), 200);
    assert_eq!(server.ask(Method::GET, "/healthz", &[], "").await.status(), 200);
    assert_eq!(server.ask(Method::DELETE, "/healthz", &[], "").await.status(), 405);
}

#[tokio::test]
async fn every_answer_carries_what_keeps_browsers_in_check() {
    for (url, bound) in [("https://iot.example.com", true), (LOCAL, false)] {
        let server = Server::start(Doors::People, url).await;
        for path in [
            "/",
            "/healthz",
            "/readyz",
            "/nothing",
            "/hooks/email/confirm/x",
            "/hooks/email/unsubscribe/x",
            "/auth/oidc/start",
            "/auth/oidc/callback",
            "/graphql",
        ] {
            let answer = server.ask(Method::GET, path, &[], "").await;
            let headers = answer.headers();
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert_eq!(headers.contains_key("strict-transport-security"), bound, "{path}");
        }
    }
}

#[tokio::test]
async fn graphiql_is_whole_in_this_program_and_only_where_it_serves_by_itself() {
    let server = Server::start(Doors::PeopleAndMachine, LOCAL).await;
    let page = server.ask(Method::GET, "/graphiql", &[], "").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(!html.contains("://") && !html.contains("<style") && !html.contains(" style="), "{html}");
    for (path, media) in [("/graphiql/script.js", "text/javascript"), ("/graphiql/style.css", "text/css")] {
        assert!(html.contains(path), "{html}");
        let part = server.ask(Method::GET, path, &[], "").await;
        assert_eq!((part.status().as_u16(), &part.headers()["content-encoding"]), (200, &"gzip".parse().unwrap()));
        assert!(part.headers()["content-type"].to_str().unwrap().starts_with(media));
        assert_eq!(part.bytes().await.unwrap()[..2], [0x1f, 0x8b], "{path} is packed");
    }
    let handler = Server::start(Doors::PeopleAndHost, LOCAL).await;
    assert_eq!(handler.ask(Method::GET, "/graphiql", &[], "").await.status(), 404);
}

#[tokio::test]
async fn pages_of_other_origins_are_answered_only_where_they_are_named_and_never_with_a_cookie() {
    let asks = |origin: &'static str| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ]
    };
    let (friend, stranger) = ("https://siem.example.com", "https://evil.example.com");
    let closed = Server::start(Doors::People, LOCAL).await;
    let open = Server::for_pages_of(friend, Doors::People, LOCAL).await;
    for (server, origin, allowed) in [(&closed, friend, false), (&open, stranger, false), (&open, friend, true)] {
        let before = server.ask(Method::OPTIONS, "/graphql", &asks(origin), "").await;
        assert_eq!(before.headers().contains_key("access-control-allow-origin"), allowed, "{origin}");
        assert!(!before.headers().contains_key("access-control-allow-credentials"));
        let body = r#"{"query": "{ viewer { role } }"}"#;
        let json = ("content-type", "application/json");
        let answer = server.ask(Method::POST, "/graphql", &[("origin", origin), json], body).await;
        assert_eq!(answer.headers().contains_key("access-control-allow-origin"), allowed, "{origin}");
        let cookie = ("cookie", "iotmonitor=x");
        assert_eq!(server.post("/graphql", &[("origin", origin), json, cookie], body).await.0, 403, "{origin}");
    }
}

#[tokio::test]
async fn opening_a_link_shows_a_button_and_a_wrong_link_says_so() {
    let server = Server::start(Doors::People, LOCAL).await;
    let page = server.ask(Method::GET, "/hooks/email/confirm/some-token", &[], "").await.text().await.unwrap();
    assert!(page.contains("<form method=\"post\"><button>Confirm</button>"), "{page}");
    for path in ["/hooks/email/confirm/some-token", "/hooks/email/unsubscribe/%3Cscript%3E"] {
        let (status, page) = server.post(path, &[], "List-Unsubscribe=One-Click").await;
        assert_eq!(status, 404, "{page}");
        assert!(page.contains("This link does not work") && !page.contains("<script"), "{page}");
    }
}

#[tokio::test]
async fn before_the_first_poll_it_is_not_ready_and_says_why() {
    let server = Server::start(Doors::PeopleAndHost, LOCAL).await;
    let answer = server.ask(Method::GET, "/readyz", &[], "").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("no poll has ended yet"));
    assert_eq!(server.post("/poll", &[], "{}").await.0, 200);
    assert_eq!(server.ask(Method::GET, "/readyz", &[], "").await.status(), 200);
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_told_when_to_come_again_and_people_are_not() {
    let server = Server::start(Doors::People, LOCAL).await;
    let app = &server.program.app;
    server.program.ready().await.unwrap();
    let owner = bootstrap(app, "ada@example.com", "a sentence is good", "Ada", None).await.unwrap();
    let token = NewApiToken { name: "SIEM".into(), scopes: [Scope::Read].into(), expires_at: None };
    let (_, secret) = create_api_token(app, &owner, token).await.unwrap();
    let query = json!({"query": "{ viewer { role } }"}).to_string();
    let bearer = format!("Bearer {secret}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    for _ in 0..3 {
        assert_eq!(server.post("/graphql", &headers, &query).await.0, 200);
    }
    let refused = server.ask(Method::POST, "/graphql", &headers, &query).await;
    assert_eq!(refused.status(), 429);
    let wait: u32 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert!(refused.text().await.unwrap().contains("\"RATE_LIMITED\""));
    let login = json!({"query": "mutation { login(input: {email: \"ada@example.com\", password: \"a sentence is good\"}) { token } }"});
    let answer = server.ask(Method::POST, "/graphql", &headers[..1], &login.to_string()).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax;"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    for _ in 0..5 {
        let headers = [headers[0], ("cookie", session)];
        assert_eq!(server.post("/graphql", &headers, &query).await.0, 200);
    }
    let form = [("content-type", "text/plain"), ("cookie", session)];
    assert_eq!(server.post("/graphql", &form, &query).await.0, 415, "a form of another site's page");
    let elsewhere = [headers[0], ("cookie", session), ("origin", "https://evil.example")];
    assert_eq!(server.post("/graphql", &elsewhere, &query).await.0, 403);
}
