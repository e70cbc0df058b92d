use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::Environment;

/// How long the demonstration may take to say where it is: it makes a first poll before.
const START: Duration = Duration::from_secs(90);

/// A demonstration that ends with us, however we end.
pub(super) struct Demo {
    process: Child,
    told: Told,
}

/// What a demonstration tells people, as the suites need it.
#[derive(Default, PartialEq, Eq, Debug)]
struct Told {
    url: String,
    email: String,
    password: String,
    token: String,
}

impl Demo {
    /// Builds and starts it, and waits until it has told how to reach it.
    pub(super) fn start(environment: &Environment) -> Result<Self> {
        environment.cargo(&["build", "--package", "iotmonitor"]).run()?;
        let program = environment.program(environment.built("iotmonitor"));
        let process = program.arguments(&["demo", "--port", "0"]).start()?;
        let mut demo = Self { process, told: Told::default() };
        let output = demo.process.stdout.take().context("the demonstration has no output")?;
        let (tell, told) = mpsc::channel();
        // Reads on to the end: a full pipe would stop the demonstration.
        std::thread::spawn(move || {
            let mut seen = Told::default();
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if seen.read(&line) {
                    let _ = tell.send(std::mem::take(&mut seen));
                }
            }
        });
        demo.told = told.recv_timeout(START).context("the demonstration did not say how to reach it")?;
        Ok(demo)
    }

    /// An argument of a suite, with what it stands for: `{url}`, `{token}`, `{email}`, `{password}`, `{pid}`.
    pub(super) fn fill(&self, argument: &str) -> String {
        let Told { url, email, password, token } = &self.told;
        let pid = self.process.id().to_string();
        [("{url}", url), ("{email}", email), ("{password}", password), ("{token}", token), ("{pid}", &pid)]
            .iter()
            .fold(argument.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Told {
    /// Reads a line for people; `true`: it was the last that was missing.
    fn read(&mut self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value), None) = (words.next(), words.next(), words.next()) else { return false };
        let place = match name {
            "GraphQL" => &mut self.url,
            "Login" => &mut self.email,
            "Password" => &mut self.password,
            "Token" => &mut self.token,
            _ => return false,
        };
        value.clone_into(place);
        [&self.url, &self.email, &self.password, &self.token].iter().all(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_demonstration_tells_people_is_read_off_its_lines() {
        let mut told = Told::default();
        for line in ["", "Try:", "Webhooks  http://127.0.0.1:1/inbox", "GraphQL   http://127.0.0.1:4/graphql"] {
            assert!(!told.read(line));
        }
        assert!(!told.read("Login     ops@plant.example"));
        assert!(!told.read("Token     iotm_1"));
        assert!(told.read("Password  a-b"));
        assert_eq!(told.url, "http://127.0.0.1:4/graphql");
    }
}
