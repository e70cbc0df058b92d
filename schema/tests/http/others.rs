//! What other people wrote against the specification: `graphql-http`'s audits and `graphql-sse`'s client.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::engine::Server;

/// Runs a script of `tests/conformance` against the server. Where its packages are not installed that is said; in CI it
/// fails.
async fn run(script: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance");
    if !folder.join("node_modules").exists() {
        #[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting of the program")]
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "run `npm ci` in tests/conformance before");
        eprintln!("not run: {script} needs `npm ci` in tests/conformance");
        return;
    }
    let address = Server::new().listen().await;
    let url = format!("http://{address}/graphql");
    let command =
        Command::new("node").arg(folder.join(script)).arg(url).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = command.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    assert!(!said.trim().is_empty(), "{script} said nothing");
}

#[tokio::test]
async fn all_audits_of_graphql_http_pass() {
    run("graphql-http.mjs").await;
}

#[tokio::test]
async fn the_client_of_graphql_sse_follows() {
    run("graphql-sse.mjs").await;
}
