//! The data directory and how its files are opened: for its owner only, and by one writer.

use std::fs;
use std::path::{Path, PathBuf};

use app::ports::StoreError;
use redb::{Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase};

/// Holds the rows. Others may read along while one process writes.
const TABLES: &str = "tables.redb";
/// Holds the queues. For one process alone.
const QUEUES: &str = "queues.redb";

/// Bytes of memory for what was read and is about to be written: 8 MiB for both files.
const TABLES_CACHE: usize = 7 * 1024 * 1024;
const QUEUES_CACHE: usize = 1024 * 1024;

/// Opens both files for writing and makes them, and the directory (0700), if they are not there.
pub(super) fn open(dir: &Path) -> Result<(Database, Database), StoreError> {
    make_directory(dir).map_err(|error| StoreError::Unavailable(format!("{}: {error}", dir.display())))?;
    let write = |name: &str, cache: usize, mode: ConcurrencyMode| {
        let path = dir.join(name);
        make_file(&path).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
        Builder::new()
            .set_cache_size(cache)
            .set_concurrency_mode(mode)
            .create(&path)
            .map_err(|error| explain(&path, error))
    };
    let tables = write(TABLES, TABLES_CACHE, ConcurrencyMode::SingleWriter)?;
    let queues = write(QUEUES, QUEUES_CACHE, ConcurrencyMode::ExclusiveWriter)?;
    Ok((tables, queues))
}

/// Opens the rows for reading, while another process may write them.
pub(super) fn open_read_only(dir: &Path) -> Result<ReadOnlyDatabase, StoreError> {
    let path: PathBuf = dir.join(TABLES);
    Builder::new()
        .set_cache_size(TABLES_CACHE)
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .open_read_only(&path)
        .map_err(|error| explain(&path, error))
}

/// Is there a file that holds rows?
pub(super) fn are_in(dir: &Path) -> bool {
    dir.join(TABLES).is_file()
}

fn explain(path: &Path, error: DatabaseError) -> StoreError {
    let path = path.display();
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            StoreError::Unavailable(format!("{path} is in use by another iotmonitor process"))
        }
        DatabaseError::LockProtocolMismatch => {
            StoreError::Unavailable(format!("{path} is in use by an iotmonitor process of another version"))
        }
        DatabaseError::RepairAborted => StoreError::Unavailable(format!(
            "{path} was not closed properly: the next process that writes it will mend it"
        )),
        DatabaseError::UpgradeRequired(_) => StoreError::Corrupt(format!("{path} was written by a much older version")),
        error => match super::failed(error) {
            StoreError::Corrupt(why) => StoreError::Corrupt(format!("{path}: {why}")),
            other => StoreError::Unavailable(format!("{path}: {other}")),
        },
    }
}

#[cfg(unix)]
fn make_directory(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_directory(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
}

/// Makes an empty file that only its owner can read: the directory may have been there with wider rights.
fn make_file(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
