use anyhow::{Context, Result, bail};

use super::Outcome;
use crate::Environment;

/// A committed file that the program prints when it is asked with these arguments.
struct Artefact {
    path: &'static str,
    arguments: &'static [&'static str],
}

const ARTEFACTS: [Artefact; 1] = [Artefact { path: "schema/schema.graphql", arguments: &["schema"] }];

/// Fails when a committed file is not what the program prints now.
pub(super) fn check(environment: &Environment) -> Result<Outcome> {
    for (artefact, printed) in printed(environment)? {
        let committed = std::fs::read(environment.root.join(artefact.path)).unwrap_or_default();
        if committed != printed {
            let line = first_difference(&committed, &printed);
            bail!("{} differs from line {line} on: run `cargo xtask schema` and commit it", artefact.path);
        }
    }
    Ok(Outcome::PASSED)
}

/// Writes anew every file that is generated and committed.
pub fn regenerate(environment: &Environment) -> Result<()> {
    for (artefact, printed) in printed(environment)? {
        std::fs::write(environment.root.join(artefact.path), printed).context(artefact.path)?;
        println!("wrote {}", artefact.path);
    }
    Ok(())
}

fn printed(environment: &Environment) -> Result<Vec<(&'static Artefact, Vec<u8>)>> {
    environment.cargo(&["build", "--package", "iotmonitor"]).run()?;
    let print = |artefact: &'static Artefact| {
        let printed = environment.program(environment.built("iotmonitor")).arguments(artefact.arguments).output()?;
        // An empty file would be overwritten with nothing, and compared with nothing.
        anyhow::ensure!(!printed.is_empty(), "`iotmonitor {}` prints nothing", artefact.arguments.join(" "));
        Ok((artefact, printed))
    };
    ARTEFACTS.iter().map(print).collect()
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
