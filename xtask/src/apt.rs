use std::path::Path;

use anyhow::{Result, bail};

use crate::Environment;

/// Installs packages of the distribution, where that is ours to do: as root on a Debian.
///
/// # Errors
/// Elsewhere, with what to install by hand.
pub(crate) fn install(environment: &Environment, packages: &[&str]) -> Result<()> {
    if !Path::new("/etc/debian_version").exists() || !is_root(environment) {
        bail!("please install {} (only root on Debian has it done)", packages.join(" and "));
    }
    environment.program("apt-get").arguments(&["update", "-qq"]).run()?;
    let install = environment.program("apt-get").arguments(&["install", "-qq", "-y", "--no-install-recommends"]);
    install.arguments(packages).variable("DEBIAN_FRONTEND", "noninteractive").run()
}

fn is_root(environment: &Environment) -> bool {
    environment.program("id").arguments(&["-u"]).output().is_ok_and(|id| id.trim_ascii() == b"0")
}
