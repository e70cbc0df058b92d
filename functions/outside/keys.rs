//! The key that seals secrets in the embedded store: made at the first start, kept beside what it seals.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use app::ports::Ids;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::config::parse_key;

/// Its name in the data directory.
pub const KEY_FILE: &str = "secret.key";

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// The file holds something else. Its content is not shown.
    #[error("{0} holds no key (32 bytes in base64): restore it from a backup, or what was sealed with it stays closed")]
    Content(String),
}

/// The key kept in the directory; made, for its owner's eyes alone, if there is none.
///
/// # Errors
/// A file that cannot be read, written or understood. It is never replaced.
pub fn kept_key(dir: &Path, ids: &dyn Ids) -> Result<[u8; 32], KeyError> {
    let path = dir.join(KEY_FILE);
    let failed = |error| KeyError::File { path: path.display().to_string(), error };
    match fs::read_to_string(&path) {
        Ok(text) => parse_key(&text).ok_or_else(|| KeyError::Content(path.display().to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            ids.fill(&mut key);
            keep_key(&path, &key).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writes a key to a file that is not there yet: on the disk before anything is sealed with it.
///
/// # Errors
/// A file that is there, or the disk.
pub fn keep_key(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{}", STANDARD.encode(key))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::SystemIds;

    #[test]
    fn a_key_is_made_once_and_kept_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let key = kept_key(dir.path(), &SystemIds).unwrap();
        assert_ne!(key, [0; 32]);
        assert_eq!(kept_key(dir.path(), &SystemIds).unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_key_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(KEY_FILE), "half a k").unwrap();
        assert!(matches!(kept_key(dir.path(), &SystemIds), Err(KeyError::Content(_))));
        assert_eq!(fs::read_to_string(dir.path().join(KEY_FILE)).unwrap(), "half a k");
    }
}
