//! The embedded store as one file, taken while the server runs, and put back into an empty directory.
//!
//! A running server has its files locked, so it hands its snapshot out itself, at a socket beside them ([`door`]).
//! The key that seals stored secrets goes along when it lies beside the store: without it they stay closed. Never here:
//! how an archive looks (`storage::archive`), or stores on Azure, which have backups of their own.

#[cfg(unix)]
pub mod door;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use app::ports::{Clock, StoreError};
use storage::Embedded;
use storage::archive::{ArchiveError, Contents, Record, Writer};
use thiserror::Error;

use crate::config::parse_key;
use crate::outside::KEY_FILE;

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum BackupError {
    /// Where it goes.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Where it comes from.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key beside the store.
    #[error("{KEY_FILE} beside the store cannot be read: {0}")]
    Key(io::Error),
}

/// An embedded store that this process has open, and what lies beside it.
#[derive(Clone)]
pub struct Kept {
    /// The store.
    pub store: Arc<Embedded>,
    /// Its directory.
    pub dir: PathBuf,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Kept {
    /// Writes everything as it is at this instant. Blocks: a thread that may wait calls it.
    ///
    /// # Errors
    /// Of the store, or of `out`.
    pub fn write(&self, out: impl Write) -> Result<Contents, BackupError> {
        let mut writer = Writer::new(out, self.clock.now().as_millisecond())?;
        match fs::read(self.dir.join(KEY_FILE)) {
            Ok(content) => writer.add(&Record::File { name: KEY_FILE.into(), content })?,
            // The operator keeps the key elsewhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(BackupError::Key(error)),
        }
        for record in self.store.snapshot()?.records() {
            writer.add(&record?)?;
        }
        Ok(writer.finish()?.1)
    }
}

/// Puts a file of an archive beside the store in `dir`. Only the key is known, and none is ever replaced.
///
/// # Errors
/// Another file, another key, the disk.
pub fn put_beside(dir: &std::path::Path, name: &str, content: &[u8]) -> io::Result<()> {
    let key = std::str::from_utf8(content).ok().and_then(parse_key);
    let Some(key) = key.filter(|_| name == KEY_FILE) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "an archive of this version holds no such file"));
    };
    let path = dir.join(KEY_FILE);
    match fs::read_to_string(&path) {
        Ok(there) if parse_key(&there) == Some(key) => Ok(()),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the directory has another key already: restore into an empty one",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => crate::outside::keep_key(&path, &key),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::{SystemIds, kept_key};

    #[test]
    fn only_the_key_is_put_beside_a_store_and_none_is_replaced() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        kept_key(one.path(), &SystemIds).unwrap();
        let key = fs::read(one.path().join(KEY_FILE)).unwrap();
        for name in ["tables.redb", "../secret.key", "/secret.key", ""] {
            assert!(put_beside(other.path(), name, &key).is_err(), "{name}");
        }
        assert!(put_beside(other.path(), KEY_FILE, b"half a k").is_err());
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
        put_beside(other.path(), KEY_FILE, &key).unwrap();
        put_beside(other.path(), KEY_FILE, &key).unwrap();
        assert_eq!(fs::read(other.path().join(KEY_FILE)).unwrap(), key);
        let third = tempfile::tempdir().unwrap();
        kept_key(third.path(), &SystemIds).unwrap();
        assert_eq!(put_beside(third.path(), KEY_FILE, &key).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
