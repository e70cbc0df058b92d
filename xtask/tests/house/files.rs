//! One idea per file: short files, and no drawer that takes anything.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::{Path, PathBuf};

use xtask::{Environment, tree};

/// No file of ours is longer.
const LINES: usize = 500;
/// What we write by hand.
const SOURCES: [&str; 7] = ["rs", "ts", "tsx", "mjs", "css", "bicep", "py"];
/// Made by a tool and committed.
const GENERATED: [&str; 2] = ["console/dist", "console/src/generated"];
/// Names that say nothing of what is inside, and so attract everything.
const DRAWERS: [&str; 9] = ["common", "core", "helper", "helpers", "misc", "shared", "stuff", "util", "utils"];

fn sources() -> (PathBuf, Vec<PathBuf>) {
    let root = Environment::read().root;
    let ours = |file: &PathBuf| {
        let extension = file.extension().is_some_and(|extension| SOURCES.iter().any(|source| extension == *source));
        extension && !GENERATED.iter().any(|folder| file.starts_with(folder))
    };
    let files = tree::files(&root).unwrap().into_iter().filter(ours).collect();
    (root, files)
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let (root, files) = sources();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let lines = |file: &Path| std::fs::read_to_string(root.join(file)).unwrap().lines().count();
    let long: Vec<(PathBuf, usize)> = files
        .into_iter()
        .map(|file| (lines(&file), file))
        .filter(|(n, _)| *n > LINES)
        .map(|(n, file)| (file, n))
        .collect();
    assert!(long.is_empty(), "longer than {LINES} lines: {long:?}");
}

#[test]
fn nothing_is_called_like_a_drawer() {
    let (_, files) = sources();
    let drawer = |file: &PathBuf| {
        file.with_extension("").components().any(|part| DRAWERS.iter().any(|name| part.as_os_str() == *name))
    };
    let drawers: Vec<PathBuf> = files.into_iter().filter(drawer).collect();
    assert!(drawers.is_empty(), "name what is inside: {drawers:?}");
}
