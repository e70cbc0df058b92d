use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{Environment, apt};

/// What tests call with Python: independent implementations of a mail server and of the webhook standard, and what reads
/// the templates of clouds.
const REQUIREMENTS: &str = "tests/requirements.txt";

/// The name under which tests find the interpreter that has these packages.
pub(crate) const VARIABLE: &str = "IOTMONITOR_TEST_PYTHON";

/// The interpreter of the repository's virtual environment, if it was made.
pub(crate) fn interpreter(environment: &Environment) -> Option<PathBuf> {
    let path = environment.root.join(if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" });
    path.exists().then_some(path)
}

/// A program that one of the packages brings.
pub(crate) fn tool(environment: &Environment, name: &str) -> PathBuf {
    let folder = environment.root.join(if cfg!(windows) { ".venv/Scripts" } else { ".venv/bin" });
    folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Makes `.venv` with the packages of [`REQUIREMENTS`], if they changed since the last time.
pub(crate) fn ensure(environment: &Environment) -> Result<()> {
    let wanted = std::fs::read(environment.root.join(REQUIREMENTS)).context(REQUIREMENTS)?;
    let note = environment.notes().join("python.txt");
    if interpreter(environment).is_some() && std::fs::read(&note).is_ok_and(|had| had == wanted) {
        return Ok(());
    }
    let python = match interpreter(environment) {
        Some(python) => python,
        None => make(environment)?,
    };
    let install = environment.program(python).arguments(&["-m", "pip", "install", "--quiet", "-r", REQUIREMENTS]);
    install.run()?;
    std::fs::create_dir_all(environment.notes())?;
    Ok(std::fs::write(note, wanted)?)
}

fn make(environment: &Environment) -> Result<PathBuf> {
    if venv(environment).is_err() {
        // Debian has `venv` in a package of its own, and leaves a half-made folder without it.
        apt::install(environment, &["python3", "python3-venv"]).context("Python cannot make a virtual environment")?;
        venv(environment)?;
    }
    interpreter(environment).context(".venv has no interpreter")
}

fn venv(environment: &Environment) -> Result<()> {
    let works = |name: &&str| environment.program(*name).arguments(&["--version"]).works();
    let python = ["python3.11", "python3"].into_iter().find(works).context("Python 3 is missing")?;
    environment.program(python).arguments(&["-m", "venv", "--clear", ".venv"]).run()?;
    remove_unusable(&environment.root.join(".venv"))
}

/// `python -m venv` may end well without pip; such a folder is of no use.
fn remove_unusable(folder: &Path) -> Result<()> {
    let pip = folder.join(if cfg!(windows) { "Scripts/pip.exe" } else { "bin/pip" });
    if pip.exists() {
        return Ok(());
    }
    std::fs::remove_dir_all(folder)?;
    anyhow::bail!("the virtual environment has no pip")
}
