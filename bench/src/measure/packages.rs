use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use serde_json::json;

use super::Bench;
use super::memory::reach;
use crate::client::question;
use crate::figure::Spread;
use crate::process::Served;
use crate::report::Line;
use crate::runtime_interface::RuntimeInterface;
use crate::world::{Emulated, azurite};

const PATIENCE: Duration = Duration::from_secs(30);
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Between two looks whether it is ready.
const PAUSE: Duration = Duration::from_millis(1);

/// Each as what starts it does: a service manager, on an empty folder; clouds, on Azurite. Packages that were not made are
/// the release build, which is what is in them.
pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let times = bench.either(5, 25);
    let mut lines = server(bench, times).await?;
    let Some(emulated) = azurite()? else {
        lines.push(Line::new("on Azurite", "not measured: it is not installed"));
        return Ok(lines);
    };
    lines.extend(functions(bench, &emulated, times).await?);
    match bench.packaged("lambda/bootstrap") {
        Some(program) => lines.extend(lambda(&program, &emulated, times).await?),
        None => lines.push(Line::new("as a function of Lambda", "not measured: cargo xtask package lambda first")),
    }
    Ok(lines)
}

/// As a service manager starts it, on a folder that is not there yet: its first tick begins by itself.
async fn server(bench: &Bench, times: usize) -> Result<Vec<Line>> {
    let packaged = bench.packaged("standalone/iotmonitor");
    let by = if packaged.is_some() { "static, as a server" } else { "as a server" };
    let program = packaged.as_ref().unwrap_or(&bench.program);
    let (mut answers, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let folder = tempfile::tempdir()?;
        let began = Instant::now();
        let server = Served::start(program, &folder.path().join("data"))?;
        let mut client = reach(&server, "").await?;
        client.ask(&question("{ __typename }", &json!({}))).await?;
        answers.push(began.elapsed());
        while client.get("/readyz").await.is_err() {
            ensure!(began.elapsed() < PATIENCE, "it does not become ready");
            tokio::time::sleep(PAUSE).await;
        }
        ready.push(began.elapsed());
        server.end()?;
    }
    let line = |what: &str, times: Vec<Duration>| Line::new(format!("{by}: until {what}"), Spread::of_times(times));
    Ok(vec![line("GraphQL answers", answers), line("a tick was run and it is ready", ready)])
}

/// As the Functions host starts it: until GraphQL answers; until it has run a tick and says that it is ready.
async fn functions(bench: &Bench, emulated: &Emulated, times: usize) -> Result<Vec<Line>> {
    let packaged = bench.packaged("azure/iotmonitor");
    let program = packaged.as_ref().unwrap_or(&bench.program);
    let (mut answers, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..=times {
        let began = Instant::now();
        let server = Served::start_for_host(program, emulated.connection_string(), KEY)?;
        let mut client = reach(&server, "").await?;
        client.ask(&question("{ __typename }", &json!({}))).await?;
        answers.push(began.elapsed());
        client.post("/poll", &timer()).await?;
        client.get("/readyz").await?;
        ready.push(began.elapsed());
        server.kill()?;
    }
    Ok(lines("by the Functions host", &answers, &ready))
}

/// What the host sends when its timer fires.
fn timer() -> Bytes {
    let timer = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": false });
    let sys = json!({ "MethodName": "poll", "UtcNow": "2026-03-01T10:00:00Z", "RandGuid": "83a33220" });
    json!({ "Data": { "timer": timer }, "Metadata": { "sys": sys } }).to_string().into()
}

/// As Lambda starts it: until a request by the function URL is answered; until the schedule's event is.
async fn lambda(program: &Path, emulated: &Emulated, times: usize) -> Result<Vec<Line>> {
    let (mut answers, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..=times {
        let mut interface = RuntimeInterface::start().await?;
        let began = Instant::now();
        let server = Served::start_for_lambda(program, interface.address(), emulated.connection_string(), KEY)?;
        interface.invoke(&asked()).await?;
        answers.push(began.elapsed());
        interface.invoke(&scheduled()).await?;
        ready.push(began.elapsed());
        server.kill()?;
    }
    Ok(lines("by Lambda", &answers, &ready))
}

fn asked() -> String {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/graphql", "rawQueryString": "",
        "headers": { "content-type": "application/json", "accept": "application/json", "host": "a.example" },
        "requestContext": {
            "accountId": "anonymous", "apiId": "a", "domainName": "a.example", "domainPrefix": "a",
            "http": { "method": "POST", "path": "/graphql", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9", "userAgent": "b" },
            "requestId": "id", "routeKey": "$default", "stage": "$default",
            "time": "01/Mar/2026:10:00:00 +0000", "timeEpoch": 1_772_359_200_000_u64
        },
        "body": "{\"query\":\"{ __typename }\"}", "isBase64Encoded": false
    })
    .to_string()
}

fn scheduled() -> String {
    json!({
        "version": "0", "id": "89d1a02d-5ec7-412e-82f5-13505f849b41", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "123456789012", "time": "2026-03-01T10:00:00Z", "region": "eu-central-1",
        "resources": ["arn:aws:events:eu-central-1:123456789012:rule/every-minute"], "detail": {}
    })
    .to_string()
}

/// The first start makes the tables, and is told by itself.
fn lines(by: &str, answers: &[Duration], ready: &[Duration]) -> Vec<Line> {
    let line = |what: &str, times: &[Duration]| {
        Line::new(format!("{by}: until {what}"), Spread::of_times(times.iter().skip(1).copied()))
    };
    let first = ready.iter().take(1).copied();
    vec![
        line("GraphQL answers", answers),
        line("a tick was run and it is ready", ready),
        Line::new(format!("{by}: the same on an empty account"), Spread::of_times(first)),
    ]
}
