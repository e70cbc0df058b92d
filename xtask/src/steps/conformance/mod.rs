//! Other people's audits, linters and clients, run against the schema and a demonstration, and our own abuse of it.
//!
//! Here belongs which suites there are and how each is called. Never here: what they check, which stands in their scripts.

mod demo;

use std::time::Instant;

use anyhow::{Result, bail};

use super::Outcome;
use crate::{Environment, node, python};
use Language::{JavaScript, Python};
use demo::Demo;

/// Where the suites are.
const FOLDER: &str = "tests/conformance";
/// What is served, and what was served by the last release.
const SDL: &str = "schema/schema.graphql";
const RELEASED: &str = "schema/released.graphql";

/// Somebody else's library or audit, and a script of ours that runs it.
struct Suite {
    language: Language,
    script: &'static str,
    /// Its arguments; what stands in braces is the running demonstration's.
    arguments: &'static [&'static str],
}

/// What a script is written in.
#[derive(Clone, Copy)]
enum Language {
    JavaScript,
    Python,
}

/// Cheap ones first; the last two do what nobody should.
const SUITES: [Suite; 9] = [
    Suite { language: JavaScript, script: "lint.mjs", arguments: &[SDL] },
    Suite { language: JavaScript, script: "breaking.mjs", arguments: &[RELEASED, SDL] },
    Suite { language: JavaScript, script: "relay.mjs", arguments: &[SDL] },
    Suite { language: JavaScript, script: "graphql-http.mjs", arguments: &["{url}"] },
    Suite { language: JavaScript, script: "apollo-client.mjs", arguments: &["{url}", "{token}"] },
    Suite { language: JavaScript, script: "urql.mjs", arguments: &["{url}", "{token}"] },
    Suite { language: Python, script: "gql_client.py", arguments: &["{url}", "{token}"] },
    Suite { language: Python, script: "fuzz.py", arguments: &["{url}", "{email}", "{password}"] },
    Suite { language: JavaScript, script: "abuse.mjs", arguments: &["{url}", "{token}", "{pid}"] },
];

/// Runs other people's audits, linters and clients against the schema and the demonstration, and our own abuse.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    if let Err(missing) = node::ensure(environment).and_then(|()| python::ensure(environment)) {
        return Ok(Outcome::NotRun(format!("{missing:#}")));
    }
    let demo = Demo::start(environment)?;
    let began = Instant::now();
    let failed: Vec<&str> =
        SUITES.iter().filter(|suite| suite.run(environment, &demo).is_err()).map(|suite| suite.script).collect();
    if !failed.is_empty() {
        bail!("{} of {} suites failed: {}", failed.len(), SUITES.len(), failed.join(", "));
    }
    Ok(Outcome::Passed(Some(format!("{} suites in {} s", SUITES.len(), began.elapsed().as_secs()))))
}

impl Suite {
    fn run(&self, environment: &Environment, demo: &Demo) -> Result<()> {
        let script = format!("{FOLDER}/{}", self.script);
        let filled: Vec<String> = self.arguments.iter().map(|argument| demo.fill(argument)).collect();
        let arguments: Vec<&str> = std::iter::once(script.as_str()).chain(filled.iter().map(String::as_str)).collect();
        let program = match self.language {
            Language::Python => environment.program(python::tool(environment, "python")),
            Language::JavaScript => environment.program("node"),
        };
        program.arguments(&arguments).run()
    }
}
