use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

const FILE: &str = "demo.json";

/// What a demonstration with a folder of its own must know when it is started again. The program itself keeps only
/// hashes of these; so does nobody else, but this is a demonstration.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) password: String,
    pub(super) token: String,
    /// What webhooks are signed with.
    pub(super) secret: String,
    /// Where the webhook leads.
    pub(super) inbox_port: u16,
}

impl Kept {
    /// What an earlier demonstration has left, if there was one.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        match fs::read(&path) {
            Ok(text) => {
                Ok(Some(serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// For its owner's eyes alone.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(file.write_all(&serde_json::to_vec(self)?)?)
    }
}
