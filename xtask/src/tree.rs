//! The files that make up the repository: what a newcomer would read, and nothing that a command made.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that tools fill, wherever they stand.
const MADE_ANYWHERE: [&str; 4] = [".git", ".venv", "node_modules", "target"];
/// Folders that the program or a habit fills, at the top only.
const MADE_AT_THE_TOP: [&str; 2] = ["data", "dist"];

/// Every file of the repository, relative to `root`, in order.
///
/// # Errors
/// A folder that cannot be read.
pub fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(root.join(&folder)).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                found.push(path);
            } else if !is_made(&path) {
                folders.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_made(folder: &Path) -> bool {
    let is = |name: &&str| folder.ends_with(name);
    MADE_ANYWHERE.iter().any(is) || MADE_AT_THE_TOP.iter().any(|name| folder == Path::new(name))
}
