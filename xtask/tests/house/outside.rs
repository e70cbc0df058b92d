//! The repository stands by itself: nothing in it names a folder of the machine that it was written on.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use xtask::{Environment, tree};

/// Where people's own folders are, with the exceptions that are not people's.
const HOMES: [&str; 3] = ["/Users/", "/root/", "/home/"];
/// Where the Functions host unpacks what it runs, on every machine.
const NOT_A_HOME: &str = "/home/site/";
/// Answers as others captured them.
const CAPTURED: &str = "sources/data";

#[test]
fn no_file_names_a_folder_of_the_machine_that_it_was_written_on() {
    let root = Environment::read().root;
    let neighbours = neighbours(&root);
    for file in tree::files(&root).unwrap() {
        let ours = file.starts_with("xtask/tests/house") || file.starts_with(CAPTURED);
        let Ok(text) = std::fs::read_to_string(root.join(&file)) else { continue };
        if ours {
            continue;
        }
        let found = neighbours.iter().find(|path| names(&text, path));
        assert!(found.is_none(), "{} names {}", file.display(), found.unwrap());
        let rest = text.replace(NOT_A_HOME, "");
        let home = HOMES.into_iter().find(|home| names_a_home(&rest, home));
        assert!(home.is_none(), "{} names a folder below {}", file.display(), home.unwrap());
    }
}

/// This folder, and what lies beside it. None where we stand directly below the root of the file system, beside
/// folders that every machine has.
fn neighbours(root: &Path) -> Vec<String> {
    let Some(parent) = root.parent().filter(|parent| parent.parent().is_some()) else { return Vec::new() };
    let beside = std::fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
    beside.filter_map(|path| path.to_str().map(str::to_owned)).collect()
}

/// Does the text hold this path, and not only one that begins alike?
fn names(text: &str, path: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || "-_".contains(next));
    let begins = |before: &str| !before.ends_with(|last: char| last.is_alphanumeric() || "-_.".contains(last));
    text.match_indices(path).any(|(at, _)| begins(&text[..at]) && ends(&text[at + path.len()..]))
}

/// Does the text hold a path below this folder, at the beginning of a path?
fn names_a_home(text: &str, home: &str) -> bool {
    let begins = |at: usize| !text[..at].ends_with(|last: char| last.is_alphanumeric() || "-_.}/".contains(last));
    let below = |at: usize| text[at + home.len()..].starts_with(char::is_alphanumeric);
    text.match_indices(home).any(|(at, _)| begins(at) && below(at))
}

#[test]
fn a_path_is_told_from_one_that_begins_alike() {
    assert!(names("see /src/house/docs", "/src/house"));
    assert!(names("\"/src/house\"", "/src/house"));
    assert!(!names("/src/houses", "/src/house"));
    assert!(!names("https://example.org/src/house", "/src/house"));
    assert!(names_a_home("built in /home/ann/iotmonitor", "/home/"));
    assert!(!names_a_home("https://example.org/home/ann", "/home/"));
}
