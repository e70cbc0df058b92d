//! Dependencies point one way: `functions → schema → app → domain`; `sources`, `channels` and `storage` implement
//! ports of `app`; `shodan-client` leans on nothing of ours; only tests, measurements and habits may lean on the entry.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Each room with the rooms that it may lean on.
const ROOMS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("app", &["domain"]),
    ("schema", &["app", "domain"]),
    ("shodan-client", &[]),
    ("sources", &["app", "domain", "shodan-client"]),
    ("channels", &["app", "domain"]),
    ("identity", &["app", "domain"]),
    ("storage", &["app", "domain"]),
    ("iotmonitor", &["app", "channels", "domain", "identity", "schema", "sources", "storage"]),
    ("journeys", &["app", "channels", "domain", "identity", "iotmonitor", "schema", "sources", "storage", "xtask"]),
    ("bench", &["app", "channels", "domain", "iotmonitor", "schema", "sources", "storage"]),
    ("xtask", &[]),
];

/// What would bring I/O, asynchrony, time or chance into the room of pure decisions.
const NOT_IN_DOMAIN: [&str; 10] =
    ["async-trait", "axum", "futures-util", "getrandom", "http", "hyper", "redb", "reqwest", "tokio", "tracing"];

fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
}

/// The names in a package's Cargo.toml: what it needs to run, or what its tests need too.
fn needs(package: &Package, with_tests: bool) -> BTreeSet<String> {
    let counts = |kind| with_tests || kind != DependencyKind::Development;
    package.dependencies.iter().filter(|needed| counts(needed.kind)).map(|needed| needed.name.clone()).collect()
}

#[test]
fn every_room_is_known_to_this_test() {
    let members: BTreeSet<String> = workspace().packages.iter().map(|package| package.name.to_string()).collect();
    let known: BTreeSet<String> = ROOMS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(members, known);
}

#[test]
fn no_room_leans_on_one_that_it_may_not_know_even_in_its_tests() {
    let packages = workspace().packages;
    let rooms: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    for (name, may) in ROOMS {
        let package = packages.iter().find(|package| package.name.as_str() == name).unwrap();
        let needs = needs(package, true);
        // A room may name itself, with a feature that its own tests want.
        let wrong: Vec<&str> = rooms
            .iter()
            .copied()
            .filter(|room| *room != name && needs.contains(*room) && !may.contains(room))
            .collect();
        assert!(wrong.is_empty(), "{name} leans on {wrong:?}");
    }
}

#[test]
fn the_domain_has_no_way_to_the_outside() {
    let packages = workspace().packages;
    let domain = packages.iter().find(|package| package.name.as_str() == "domain").unwrap();
    let needs = needs(domain, false);
    let wrong: Vec<&str> = NOT_IN_DOMAIN.into_iter().filter(|name| needs.contains(*name)).collect();
    assert!(wrong.is_empty(), "domain needs {wrong:?}");
}

#[test]
fn every_version_stands_once_in_the_workspace() {
    let root = xtask::Environment::read().root;
    for (room, _) in ROOMS {
        let folder = match room {
            "iotmonitor" => "functions",
            "journeys" => "tests",
            "shodan-client" => "sources/shodan",
            name => name,
        };
        let manifest = std::fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        let sections = manifest.split("dependencies]").skip(1);
        let lines = sections.flat_map(|section| section.lines().take_while(|line| !line.starts_with('[')));
        let own: Vec<&str> = lines.filter(|line| names_a_version(line)).collect();
        assert!(own.is_empty(), "{room} names versions of its own: {own:?}");
    }
}

fn names_a_version(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    !name.trim_start().starts_with('#') && (value.trim_start().starts_with('"') || value.contains("version ="))
}
