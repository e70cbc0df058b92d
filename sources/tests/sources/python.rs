//! The simulator is faithful enough for the official client of Shodan, which knows nothing of it.

use std::process::Command;

use sources::simulator::{Fault, Options, Simulator};

use crate::world::KEY;

/// The interpreter that has the client (tests/requirements.txt), or `None` where none is named.
#[expect(clippy::disallowed_methods, reason = "where the interpreter is, only the environment says")]
fn interpreter() -> Option<String> {
    let python = std::env::var("IOTMONITOR_TEST_PYTHON").ok();
    if python.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "IOTMONITOR_TEST_PYTHON must be set in CI");
        eprintln!("not run: IOTMONITOR_TEST_PYTHON is not set");
    }
    python
}

/// Runs Python beside the simulator and gives what it printed, or what it complained of.
async fn python(interpreter: String, arguments: Vec<String>) -> Result<String, String> {
    let run = move || Command::new(interpreter).args(arguments).env("NO_PROXY", "127.0.0.1").output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

async fn start() -> Simulator {
    let options =
        Options { keys: vec![KEY.into()], query_credits: Some(100), scan_credits: Some(100), ..Options::default() };
    Simulator::start(Simulator::demo_data(), options).await.unwrap()
}

#[tokio::test]
async fn the_official_client_finds_everything_where_it_looks() {
    let Some(interpreter) = interpreter() else { return };
    let simulator = start().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sources/official.py");
    let arguments = vec![script.to_owned(), simulator.shodan_url().to_string(), KEY.to_owned()];
    let said = python(interpreter, arguments).await.unwrap_or_else(|complaint| panic!("{complaint}"));
    assert_eq!(said.trim(), "fine");
    assert!(simulator.requests().monitor > 20 && simulator.requests().exploits == 2);
}

#[tokio::test]
async fn the_official_client_meets_faults_as_it_knows_them() {
    let Some(interpreter) = interpreter() else { return };
    let simulator = start().await;
    for (fault, words) in [
        (Fault::BadKeyHtml, "Invalid API key"),
        (Fault::Forbidden, "Access denied (403 Forbidden)"),
        (Fault::BadGateway, "Bad Gateway (502)"),
        (Fault::Truncated, "Unable to parse JSON response"),
        (Fault::TooFast, "Request rate limit reached"),
        (Fault::ErrorInSuccess, "The search request timed out or your query was invalid."),
    ] {
        simulator.set_fault(Some(fault));
        let ask = format!(
            "import shodan\napi = shodan.Shodan({KEY:?})\napi.base_url = {:?}\napi.info()",
            simulator.shodan_url().as_str().trim_end_matches('/'),
        );
        let complaint = python(interpreter.clone(), vec!["-c".into(), ask]).await.unwrap_err();
        assert!(complaint.contains(words), "{fault:?}: {complaint}");
    }
}
