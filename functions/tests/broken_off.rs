//! Moving and backing up, as processes that are killed on the way, and beside a program that goes on writing: what is
//! begun anew ends with the same at both ends, and nothing that is not whole passes for it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::App;
use app::assets::{AssetDraft, OnExisting};
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use storage::archive::{Reader, Record};
use storage::azurite::Azurite;

const SOURCES: [&str; 8] = ["SHODAN", "SHODAN_EXPLOITS", "INTERNETDB", "CVEDB", "KEV", "EPSS", "EPSS_FILE", "SSVC"];
const ASSETS: usize = 600;
/// Longer than anything here takes.
const PATIENCE: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// Sources are nowhere (port 9 discards): no request leaves this machine.
fn settings(storage: &str) -> Vec<(String, String)> {
    let nowhere = SOURCES.map(|source| (format!("IOTMONITOR_{source}_URL"), "http://127.0.0.1:9".to_owned()));
    let more = [
        ("IOTMONITOR_STORAGE", storage),
        ("IOTMONITOR_LISTEN", "127.0.0.1:0"),
        ("IOTMONITOR_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ];
    nowhere.into_iter().chain(more.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

fn app(storage: &str) -> Arc<App> {
    let config = Config::read(&Environment::of(settings(storage))).unwrap();
    Arc::clone(&compose(&config, Manner::default()).unwrap().app)
}

fn command(storage: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iotmonitor"));
    command.args(arguments).env_clear().envs(settings(storage)).stdin(Stdio::null());
    command
}

fn ended(storage: &str, arguments: &[&str]) -> Output {
    command(storage, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[track_caller]
fn expect(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

/// Starts a command and kills it, after twice the time each time, until it ends by itself; how often it was killed.
fn killed_until_it_ends(storage: &str, arguments: &[&str]) -> (u32, String) {
    for kills in 0..10 {
        let mut child = command(storage, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(PAUSE * 2_u32.pow(kills));
        if child.try_wait().unwrap().is_some() {
            let output = child.wait_with_output().unwrap();
            expect(&output);
            return (kills, said(&output));
        }
        kill(&mut child);
    }
    panic!("it never ends: {arguments:?}");
}

/// SIGKILL.
fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn register(app: &App, from: usize, count: usize) {
    let email = format!("ops-{from}@example.com");
    let owner = app::access::bootstrap(app, &email, "a long enough pass phrase", "Ops", None).await.unwrap();
    let draft = |n: usize| {
        let target = Some(format!("8.{}.{}.8", n / 250, 1 + n % 250));
        Ok(AssetDraft { target, enabled: false, notes: Some("n".repeat(500)), ..AssetDraft::default() })
    };
    let drafts = (from..from + count).map(draft).collect();
    app::assets::import(app, &owner, drafts, OnExisting::Reject, false).await.unwrap();
}

/// A data directory with so many assets; how a setting names it.
async fn filled(folder: &Path, count: usize) -> String {
    let storage = format!("embedded:{}", folder.join("data").display());
    let app = app(&storage);
    app.tables.prepare().await.unwrap();
    register(&app, 0, count).await;
    storage
}

/// Everything that a store holds, by the archive that is made of it, whatever the order.
fn contents(storage: &str, file: &Path) -> Vec<String> {
    expect(&ended(storage, &["backup", file.to_str().unwrap()]));
    records(file)
}

fn records(file: &Path) -> Vec<String> {
    let mut reader = Reader::new(BufReader::new(File::open(file).unwrap())).unwrap();
    let records = std::iter::from_fn(|| reader.next_record().unwrap());
    let mut lines: Vec<String> = records.filter_map(line).collect();
    lines.sort_unstable();
    lines
}

/// How many assets are among them: each reserves its target.
fn assets(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.starts_with("Assets ") && line.contains(" target:")).count()
}

/// Messages only remind, and files are not moved.
fn line(record: Record) -> Option<String> {
    let Record::Row { table, partition, key, mut columns } = record else { return None };
    columns.sort_by(|(one, _), (other, _)| one.cmp(other));
    Some(format!("{table:?} {partition} {key} {columns:?}"))
}

#[tokio::test]
async fn a_move_that_is_killed_again_and_again_ends_with_the_same_at_both_ends_and_back() {
    let Some(azurite) = Azurite::start_empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let here = filled(folder.path(), ASSETS).await;
    let secret = folder.path().join("azure");
    fs::write(&secret, azurite.connection_string()).unwrap();
    let there = format!("@{}", secret.display());
    let before = contents(&here, &folder.path().join("before"));
    assert!(before.len() > 2_000, "only {} rows", before.len());

    let (kills, told) = killed_until_it_ends(&here, &["migrate", "--from", &here, "--to", &there]);
    assert!(kills >= 2 && told.contains("Both hold the same"), "{kills}: {told}");
    let back = format!("embedded:{}", folder.path().join("back").display());
    let (kills, told) = killed_until_it_ends(&here, &["migrate", "--from", &there, "--to", &back]);
    assert!(kills >= 2 && told.contains("Both hold the same"), "{kills}: {told}");
    assert_eq!(contents(&back, &folder.path().join("after")), before);
    assert_eq!(contents(&here, &folder.path().join("untouched")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_out_of_an_account_to_which_somebody_writes_is_never_called_the_same() {
    let Some(azurite) = Azurite::start_empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let account = azurite.connection_string().to_owned();
    let app = app(&account);
    app.tables.prepare().await.unwrap();
    let enough = Arc::new(AtomicBool::new(false));
    let writing = {
        let enough = Arc::clone(&enough);
        tokio::spawn(async move {
            let mut made = 0;
            while !enough.load(Ordering::Relaxed) {
                register(&app, made, 20).await;
                made += 20;
            }
        })
    };
    tokio::time::sleep(PAUSE * 20).await;
    let [moved, again] = ["moved", "again"].map(|name| format!("embedded:{}", folder.path().join(name).display()));
    let refused = ended(&account, &["migrate", "--from", &account, "--to", &moved]);
    assert!(!refused.status.success() && said(&refused).contains("do not hold the same"), "{}", said(&refused));
    enough.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    let moved = ended(&account, &["migrate", "--from", &account, "--to", &again]);
    expect(&moved);
    assert!(said(&moved).contains("Both hold the same"), "{}", said(&moved));
}

#[tokio::test]
async fn a_backup_that_is_killed_leaves_no_file_that_passes_for_one_and_the_next_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = filled(folder.path(), ASSETS).await;
    let before = assets(&contents(&data, &folder.path().join("before")));
    assert_eq!(before, ASSETS);
    let file = folder.path().join("backup");
    let arguments = ["backup", file.to_str().unwrap()];
    let server = command(&data, &["serve"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let socket = iotmonitor::backup::door::socket(&folder.path().join("data"));
    for _ in 0..PATIENCE {
        if socket.exists() {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    let mut kills = 0;
    while !file.exists() {
        let mut child = command(&data, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2 + kills));
        kill(&mut child);
        kills += 1;
        assert!(kills < 2_000, "it never ends");
    }
    assert!(kills > 1, "it was never broken off");
    // What has its name is whole, and the server goes on.
    assert_eq!(assets(&records(&file)), before);
    fs::remove_file(&file).unwrap();
    expect(&ended(&data, &arguments));

    // When it is the server that is killed, there is no file either, or a whole one.
    fs::remove_file(&file).unwrap();
    let mut asking = command(&data, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(10));
    let mut server = server;
    kill(&mut server);
    assert_eq!(asking.wait().unwrap().success(), file.exists());
    if file.exists() {
        fs::remove_file(&file).unwrap();
    }
    expect(&ended(&data, &arguments));
    assert_eq!(assets(&records(&file)), before);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().ends_with(".unfinished")), "{names:?}");
}
