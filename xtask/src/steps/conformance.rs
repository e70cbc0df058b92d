use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Outcome;
use crate::{Environment, node};

const SUITE: &str = "tests/conformance/graphql-http.mjs";
/// How long the demonstration may take to say where it is: it makes a first poll before.
const START: Duration = Duration::from_secs(90);

/// Runs the GraphQL-over-HTTP audits of `graphql-http` against the demonstration.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    if let Err(missing) = node::ensure(environment) {
        return Ok(Outcome::NotRun(format!("{missing:#}")));
    }
    ensure!(environment.root.join(SUITE).exists(), "{SUITE} is missing");
    environment.cargo(&["build", "--package", "iotmonitor"]).run()?;
    let demo = environment.program(environment.built("iotmonitor")).arguments(&["demo", "--port", "0"]).start()?;
    let mut demo = Demo(demo);
    let address = demo.address()?;
    environment.program("node").arguments(&[SUITE, &address]).run()?;
    Ok(Outcome::PASSED)
}

/// A demonstration that ends with us, however we end.
struct Demo(Child);

impl Demo {
    /// The address of GraphQL, from the first line that names one.
    fn address(&mut self) -> Result<String> {
        let output = self.0.stdout.take().context("the demonstration has no output")?;
        let (found, address) = mpsc::channel();
        // Reads on to the end: a full pipe would stop the demonstration.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(address) = graphql_address(&line) {
                    let _ = found.send(address);
                }
            }
        });
        address.recv_timeout(START).context("the demonstration did not say where its GraphQL is")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn graphql_address(line: &str) -> Option<String> {
    let from = line.find("http://")?;
    let to = from + line[from..].find("/graphql")? + "/graphql".len();
    let address = &line[from..to];
    (!address.contains(char::is_whitespace)).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_off_a_line_for_people() {
        let found = graphql_address("  GraphQL   http://127.0.0.1:41873/graphql  (POST)");
        assert_eq!(found.as_deref(), Some("http://127.0.0.1:41873/graphql"));
        assert_eq!(graphql_address("console http://127.0.0.1:1/app/, and /graphql"), None);
        assert_eq!(graphql_address("ready"), None);
    }
}
