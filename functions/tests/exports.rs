//! `/export/…` as a program meets it: over a socket, with a token.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::SocketAddr;
use std::sync::Arc;

use app::access::{NewApiToken, bootstrap, create_api_token};
use app::assets::{self, AssetDraft};
use domain::role::Scope;
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use iotmonitor::http::{Doors, Program, serve_on};
use iotmonitor::outside::Outbound;
use reqwest::Response;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

struct Server {
    address: SocketAddr,
    program: Arc<Program>,
    _dir: TempDir,
}

impl Server {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let storage = format!("embedded:{}", dir.path().display());
        let environment = Environment::of([("IOTMONITOR_STORAGE", storage.as_str())]);
        let program = compose(&Config::read(&environment).unwrap(), Manner::default()).unwrap();
        program.ready().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_on(listener, Arc::clone(&program), Doors::People, std::future::pending()));
        Self { address, program, _dir: dir }
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Response {
        let client = Outbound::new(None).unwrap().client().unwrap();
        let mut request = client.get(format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.send().await.unwrap()
    }

    /// Tokens with these scopes, of an organization with two assets.
    async fn tokens<const N: usize>(&self, scopes: [Scope; N]) -> [String; N] {
        let app = &self.program.app;
        let caller = bootstrap(app, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        for (target, name) in [("8.8.8.8", "=Camera, door"), ("9.9.9.0/24", "Site")] {
            let draft = AssetDraft {
                target: Some(target.into()),
                name: Some(name.into()),
                tags: vec!["a".into(), "b".into()],
                enabled: true,
                ..AssetDraft::default()
            };
            assets::create(app, &caller, &draft).await.unwrap();
        }
        let mut made = Vec::new();
        for scope in scopes {
            let wanted = NewApiToken { name: scope.to_string(), scopes: [scope].into(), expires_at: None };
            made.push(create_api_token(app, &caller, wanted).await.unwrap().1);
        }
        made.try_into().unwrap()
    }
}

#[tokio::test]
async fn assets_are_exported_as_csv_that_no_spreadsheet_takes_for_formulas_and_as_json_lines() {
    let server = Server::start().await;
    let [token] = server.tokens([Scope::Read]).await;
    let answer = server.get("/export/assets.csv", Some(&token)).await;
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(headers["content-disposition"], "attachment; filename=\"assets.csv\"");
    assert_eq!(headers["iotmonitor-cursor"], "event_000000000000002");
    let text = answer.text().await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("externalId,name,target,query,"), "{text}");
    assert!(text.contains(",\"'=Camera, door\",8.8.8.8,") && text.contains(",a;b,"), "{text}");
    let filter = "/export/assets.ndjson?filter=%7B%22kinds%22%3A%5B%22NETWORK%22%5D%7D";
    let text = server.get(filter, Some(&token)).await.text().await.unwrap();
    let only: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((&only["name"], &only["tags"][1]), (&"Site".into(), &"b".into()));
    let events = server.get("/export/events.ndjson", Some(&token)).await.text().await.unwrap();
    let kinds: Vec<Value> = events.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["type"].clone()).collect();
    assert_eq!(kinds, ["ASSET_CREATED", "ASSET_CREATED"]);
}

#[tokio::test]
async fn a_stranger_a_narrow_token_and_a_wrong_filter_are_told_so() {
    let server = Server::start().await;
    let [read, triage, audit] = server.tokens([Scope::Read, Scope::Triage, Scope::ReadAudit]).await;
    for (path, token, status) in [
        ("/export/findings.csv", None, 401),
        ("/export/findings.csv", Some("iotm_nonsense"), 401),
        ("/export/findings.csv", Some(triage.as_str()), 403),
        ("/export/findings.xlsx", Some(&read), 404),
        ("/export/secrets.csv", Some(&read), 404),
        ("/export/findings", Some(&read), 404),
        ("/export/findings.csv?filter=nonsense", Some(&read), 400),
        ("/export/findings.csv?filter=%7B%22sevrity%22%3A%5B%22HIGH%22%5D%7D", Some(&read), 400),
        ("/export/findings.csv?at=yesterday", Some(&read), 400),
        ("/export/findings.csv?at=2126-01-01T00:00:00Z", Some(&read), 400),
        ("/export/assets.csv?at=2026-01-01T00:00:00Z", Some(&read), 400),
        ("/export/triage-policies.csv?filter=%7B%22name%22%3A%22x%22%7D", Some(&read), 400),
        ("/export/audit.csv", Some(&read), 403),
        ("/export/audit.csv", Some(&audit), 200),
        ("/export/triage-policies.csv", Some(&audit), 403),
        ("/export/triage-policies.csv", Some(&read), 200),
        ("/export/findings.ndjson", Some(&read), 200),
        ("/export/services.csv", Some(&read), 200),
    ] {
        let answer = server.get(path, token).await;
        assert_eq!(answer.status(), status, "{path}");
        assert!(status != 200 || answer.headers().contains_key("iotmonitor-cursor"), "{path}");
    }
}

#[tokio::test]
async fn the_audit_log_is_exported_whole_and_filtered() {
    let server = Server::start().await;
    let [token] = server.tokens([Scope::ReadAudit]).await;
    let text = server.get("/export/audit.ndjson", Some(&token)).await.text().await.unwrap();
    let acts: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let made = acts.iter().filter(|act| act["action"] == "asset.created").count();
    assert_eq!(made, 2, "{text}");
    assert_eq!((&acts[0]["action"], &acts[0]["actor"]), (&"token.created".into(), &"Ops".into()), "{text}");
    let only = "/export/audit.csv?filter=%7B%22action%22%3A%22asset%22%7D";
    let text = server.get(only, Some(&token)).await.text().await.unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.starts_with("id,at,actorKind,actorId,actor,actorEmail,action,"), "{text}");
}
