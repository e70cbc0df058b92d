use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Outcome;
use crate::{Environment, events};

/// Who makes a file.
enum Maker {
    /// The program prints it when it is asked with these arguments.
    Program(&'static [&'static str]),
    /// It is made of files that are committed, too: those before it, and others.
    Files(fn(&Path) -> Result<String>),
}

/// A file that is made and committed.
struct Artefact {
    path: &'static str,
    by: Maker,
}

const ARTEFACTS: [Artefact; 3] = [
    Artefact { path: "schema/schema.graphql", by: Maker::Program(&["schema"]) },
    Artefact { path: "docs/configure.md", by: Maker::Program(&["config", "reference"]) },
    Artefact { path: events::PAGE, by: Maker::Files(events::page) },
];

/// Fails when a committed file is not what is made now.
pub(super) fn check(environment: &Environment) -> Result<Outcome> {
    build(environment)?;
    for artefact in &ARTEFACTS {
        let made = artefact.make(environment)?;
        let committed = std::fs::read(environment.root.join(artefact.path)).unwrap_or_default();
        if committed != made {
            let line = first_difference(&committed, &made);
            bail!("{} differs from line {line} on: run `cargo xtask schema` and commit it", artefact.path);
        }
    }
    Ok(Outcome::PASSED)
}

/// Writes anew every file that is made and committed.
pub fn regenerate(environment: &Environment) -> Result<()> {
    build(environment)?;
    for artefact in &ARTEFACTS {
        std::fs::write(environment.root.join(artefact.path), artefact.make(environment)?).context(artefact.path)?;
        println!("wrote {}", artefact.path);
    }
    Ok(())
}

fn build(environment: &Environment) -> Result<()> {
    environment.cargo(&["build", "--package", "iotmonitor"]).run()
}

impl Artefact {
    fn make(&self, environment: &Environment) -> Result<Vec<u8>> {
        let made = match self.by {
            Maker::Program(arguments) => {
                environment.program(environment.built("iotmonitor")).arguments(arguments).output()?
            }
            Maker::Files(make) => make(&environment.root)?.into_bytes(),
        };
        // An empty file would be overwritten with nothing, and compared with nothing.
        anyhow::ensure!(!made.is_empty(), "nothing is made for {}", self.path);
        Ok(made)
    }
}

fn first_difference(committed: &[u8], printed: &[u8]) -> usize {
    let same = committed.iter().zip(printed).take_while(|(one, other)| one == other);
    same.filter(|(byte, _)| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named_by_its_line() {
        assert_eq!(first_difference(b"a\nb\nc", b"a\nb\nd"), 3);
        assert_eq!(first_difference(b"", b"a"), 1);
        assert_eq!(first_difference(b"a\n", b"a\nb"), 2);
    }
}
