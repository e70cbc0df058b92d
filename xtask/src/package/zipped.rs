use std::fs::{self, File};
use std::io::{BufWriter, copy};
use std::path::Path;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{BOOTSTRAP, PROGRAM};
use crate::tree;

/// Zips the contents of a folder, in order and without dates, so that the same contents give the same zip. The
/// program gets mode 0755, everything else 0644: without the execute bit nobody can start it. Answers how many files
/// there are.
///
/// # Errors
/// A file that cannot be read or written.
pub fn zip_folder(folder: &Path, zip: &Path) -> Result<usize> {
    let files = tree::files(folder)?;
    let mut writer = ZipWriter::new(BufWriter::new(File::create(zip).context("the zip cannot be made")?));
    for file in &files {
        let mode = if [PROGRAM, BOOTSTRAP].iter().any(|name| file == Path::new(name)) { 0o755 } else { 0o644 };
        let name = file.to_string_lossy().replace('\\', "/");
        writer.start_file(name, SimpleFileOptions::default().unix_permissions(mode))?;
        copy(&mut fs::File::open(folder.join(file))?, &mut writer)?;
    }
    writer.finish()?;
    Ok(files.len())
}

/// Unpacks a zip into a folder, with the modes that it says: what a cloud does before it starts what is inside.
///
/// # Errors
/// No zip, or a file that cannot be written.
pub fn unzip(zip: &Path, folder: &Path) -> Result<()> {
    Ok(ZipArchive::new(File::open(zip)?)?.extract(folder)?)
}
