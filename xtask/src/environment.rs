use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::program::Program;

/// How the names begin that cargo sets for the crate that it runs.
const ABOUT_US: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Where we are and who asks: read once, at the start.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// A machine asks (`CI=true`): what cannot be had is a failure.
    pub ci: bool,
    cargo: OsString,
    /// What `cargo run` says about this crate: to another cargo it would be a lie.
    about_us: Vec<OsString>,
}

impl Environment {
    /// Reads `CI`, `CARGO`, and which variables cargo set for us.
    #[expect(clippy::disallowed_methods, reason = "the one place of xtask that reads the environment")]
    pub fn read() -> Self {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let ours =
            |name: &OsString| name.to_str().is_some_and(|name| ABOUT_US.iter().any(|start| name.starts_with(start)));
        let about_us = std::env::vars_os().map(|(name, _)| name).filter(ours).collect();
        Self { root: root(), ci, cargo, about_us }
    }

    /// A program that will run in the workspace's folder.
    pub(crate) fn program(&self, name: impl Into<OsString>) -> Program {
        Program::new(name.into(), &self.root)
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Program {
        self.program(self.cargo.clone()).without(&self.about_us).arguments(arguments)
    }

    /// A file of the dev profile's build.
    pub(crate) fn built(&self, name: &str) -> PathBuf {
        self.root.join("target/debug").join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// A file of the release profile's build.
    pub(crate) fn release(&self, name: &str) -> PathBuf {
        self.root.join("target/release").join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// Where xtask remembers what it installed.
    pub(crate) fn notes(&self) -> PathBuf {
        self.root.join("target/xtask")
    }
}

/// The folder of the workspace: the one above this crate.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
