use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{BOOTSTRAP, PROGRAM};

/// Lays out `folder` as the Functions host wants it: `host.json`, the program with its execute bit, and one folder
/// per function with its `function.json`, all directly below. What was in `folder` before is gone.
///
/// # Errors
/// No function, or a file that cannot be read or written.
pub fn stage(root: &Path, program: &Path, folder: &Path) -> Result<()> {
    make_empty(folder)?;
    copy(&root.join("host.json"), &folder.join("host.json"))?;
    let staged = folder.join(PROGRAM);
    copy(program, &staged)?;
    make_executable(&staged)?;
    ensure!(functions(&root.join("functions"), folder)? > 0, "there is no functions/*/function.json");
    Ok(())
}

/// Lays out `folder` as AWS Lambda wants it for a runtime of one's own: the program by the name `bootstrap`, and no more.
/// What was in `folder` before is gone.
///
/// # Errors
/// A file that cannot be read or written.
pub fn stage_lambda(program: &Path, folder: &Path) -> Result<()> {
    make_empty(folder)?;
    let staged = folder.join(BOOTSTRAP);
    copy(program, &staged)?;
    make_executable(&staged)
}

/// Lays out `folder` for a machine of one's own: the program, the unit of systemd, what builds a container, the licences.
/// What was in `folder` before is gone.
///
/// # Errors
/// A file that cannot be read or written.
pub fn stage_standalone(root: &Path, program: &Path, folder: &Path) -> Result<()> {
    make_empty(folder)?;
    for file in ["contrib/iotmonitor.service", "contrib/Containerfile", "LICENSE-APACHE", "LICENSE-MIT"] {
        let from = root.join(file);
        copy(&from, &folder.join(from.file_name().unwrap_or_default()))?;
    }
    let staged = folder.join(PROGRAM);
    copy(program, &staged)?;
    make_executable(&staged)
}

fn make_empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    Ok(fs::create_dir_all(folder)?)
}

fn functions(from: &Path, folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let bindings = entry.path().join("function.json");
        if bindings.exists() {
            let function = folder.join(entry.file_name());
            fs::create_dir(&function)?;
            copy(&bindings, &function.join("function.json"))?;
            count += 1;
        }
    }
    Ok(count)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(unix)]
fn make_executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(program, fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn make_executable(_program: &Path) -> Result<()> {
    // The zip says the mode, whatever the file system here can keep.
    Ok(())
}
