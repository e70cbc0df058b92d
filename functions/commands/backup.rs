use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use app::ports::Clock;
use storage::Embedded;
use storage::archive::{Contents, Reader};

use super::config::print;
use crate::backup::Kept;
use crate::compose::{ComposeError, embedded};
use crate::config::{Config, Environment, Storage};
use crate::outside::SystemClock;

/// Writes a backup, has it on the disk and reads it again before it gets its name.
pub(super) fn backup(environment: &Environment, file: &Path) -> Result<()> {
    let dir = directory(environment)?;
    if !Embedded::is_in(&dir) {
        bail!("there is no store in {}", dir.display());
    }
    if file.exists() {
        bail!("{} is there already: name a new file", file.display());
    }
    let unfinished = Unfinished::beside(file);
    let mut out = unfinished.create().with_context(|| format!("{} cannot be made", unfinished.0.display()))?;
    write(dir, &mut out)?;
    out.sync_all()?;
    let contents = verify(&unfinished.0).context("what was written is not what was to be written")?;
    fs::rename(&unfinished.0, file).with_context(|| format!("{} cannot be made", file.display()))?;
    print(&format!(
        "{}: {} rows, {} messages{}\n",
        file.display(),
        contents.rows,
        contents.messages,
        if contents.files > 0 { ", and the key that opens its secrets: keep it as you keep a password" } else { "" }
    ))
}

/// The embedded store that the settings name.
pub(super) fn directory(environment: &Environment) -> Result<PathBuf> {
    match Config::read(environment)?.storage {
        Storage::Embedded(dir) => Ok(dir),
        account => bail!(
            "{account:?} has backups of its own: this is for the embedded store. `iotmonitor migrate` copies an account \
             into a directory"
        ),
    }
}

/// Reads an archive to its end.
pub(super) fn verify(file: &Path) -> Result<Contents> {
    let input = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let read = || Reader::new(BufReader::new(input))?.verify();
    read().with_context(|| file.display().to_string())
}

fn write(dir: PathBuf, out: &mut File) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    match embedded(&dir, Arc::clone(&clock)) {
        Ok(store) => {
            let mut out = BufWriter::new(out);
            Kept { store: Arc::new(store), dir, clock }.write(&mut out)?;
            Ok(out.flush()?)
        }
        Err(in_use @ ComposeError::InUse(_)) => ask(&dir, out, in_use),
        Err(error) => Err(error.into()),
    }
}

#[cfg(unix)]
fn ask(dir: &Path, out: &mut File, in_use: ComposeError) -> Result<()> {
    match crate::backup::door::ask(dir, out) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WriteZero || error.raw_os_error() == Some(28) => Err(error.into()),
        Err(error) => Err(anyhow::Error::new(in_use).context(format!("it gives no backup ({error})"))),
    }
}

#[cfg(not(unix))]
fn ask(_: &Path, _: &mut File, in_use: ComposeError) -> Result<()> {
    Err(in_use.into())
}

/// A file that has not got its name yet, and goes when it never gets it.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(file: &Path) -> Self {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".unfinished");
        Self(file.with_file_name(name))
    }

    fn create(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.0)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It has its name by now, or is of no use.
        let _ = fs::remove_file(&self.0);
    }
}
