//! The package is what the Functions host can start.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs::{self, File};
use std::path::Path;

use xtask::package::{stage, stage_lambda, stage_standalone, unzip, zip_folder};
use zip::ZipArchive;

/// A repository with one function, a handler without a binding file, and a program without its execute bit.
fn repository(root: &Path) {
    fs::create_dir_all(root.join("functions/poll")).unwrap();
    fs::create_dir_all(root.join("functions/config")).unwrap();
    fs::write(root.join("host.json"), "{}").unwrap();
    fs::write(root.join("functions/poll/function.json"), "{}").unwrap();
    fs::write(root.join("functions/poll/mod.rs"), "").unwrap();
    fs::write(root.join("program"), "#!/bin/sh\n").unwrap();
}

#[test]
fn every_function_stands_directly_beside_host_json_and_the_program_can_be_started() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path());
    let folder = root.path().join("dist/azure");
    fs::create_dir_all(folder.join("left-over")).unwrap();
    stage(root.path(), &root.path().join("program"), &folder).unwrap();
    let zip = folder.with_extension("zip");
    assert_eq!(zip_folder(&folder, &zip).unwrap(), 3);

    let mut archive = ZipArchive::new(File::open(zip).unwrap()).unwrap();
    let mut entry = |index| {
        let entry = archive.by_index(index).unwrap();
        (entry.name().unwrap().into_owned(), entry.unix_mode().unwrap() & 0o777)
    };
    let entries: Vec<(String, u32)> = (0..3).map(&mut entry).collect();
    let wanted = [("host.json", 0o644), ("iotmonitor", 0o755), ("poll/function.json", 0o644)];
    assert_eq!(entries, wanted.map(|(name, mode)| (name.to_owned(), mode)));
}

#[test]
fn lambda_gets_the_program_by_the_name_that_it_starts_and_may_start_it() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path());
    let folder = root.path().join("dist/lambda");
    stage_lambda(&root.path().join("program"), &folder).unwrap();
    assert_eq!(zip_folder(&folder, &folder.with_extension("zip")).unwrap(), 1);
    let mut archive = ZipArchive::new(File::open(folder.with_extension("zip")).unwrap()).unwrap();
    let entry = archive.by_index(0).unwrap();
    assert_eq!((entry.name().unwrap().as_ref(), entry.unix_mode().unwrap() & 0o777), ("bootstrap", 0o755));
}

#[test]
fn a_server_gets_the_program_with_its_unit_and_may_start_it_where_it_was_unpacked() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path());
    let ours = xtask::Environment::read().root;
    let folder = root.path().join("dist/standalone");
    stage_standalone(&ours, &root.path().join("program"), &folder).unwrap();
    assert_eq!(zip_folder(&folder, &folder.with_extension("zip")).unwrap(), 5);
    let there = root.path().join("there");
    unzip(&folder.with_extension("zip"), &there).unwrap();
    assert!(there.join("iotmonitor.service").exists() && there.join("Containerfile").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| fs::metadata(there.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode("iotmonitor"), mode("Containerfile")], [0o755, 0o644]);
    }
}

#[test]
fn the_same_contents_give_the_same_zip() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path());
    let zips = ["one", "other"].map(|name| {
        let folder = root.path().join(name);
        stage(root.path(), &root.path().join("program"), &folder).unwrap();
        zip_folder(&folder, &folder.with_extension("zip")).unwrap();
        fs::read(folder.with_extension("zip")).unwrap()
    });
    assert_eq!(zips[0], zips[1]);
}

#[test]
fn a_repository_without_functions_makes_no_package() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path());
    fs::remove_dir_all(root.path().join("functions/poll")).unwrap();
    let refused = stage(root.path(), &root.path().join("program"), &root.path().join("dist/azure"));
    assert!(refused.unwrap_err().to_string().contains("function.json"));
}
