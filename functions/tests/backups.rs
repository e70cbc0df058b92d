//! A backup is taken while the server runs, and is enough to begin anew elsewhere.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use ::storage::archive::{Reader, Record};
use app::assets::AssetDraft;
use app::ports::Table;
use iotmonitor::commands::run;
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use iotmonitor::http::Program;
use iotmonitor::standalone;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const OK: u8 = 0;
const FAILED: u8 = 1;
const IN_USE: u8 = 3;

/// Sources are nowhere (port 9 discards): no request leaves this machine.
fn environment(dir: &Path) -> Environment {
    let sources = ["SHODAN", "SHODAN_EXPLOITS", "INTERNETDB", "CVEDB", "KEV", "EPSS"];
    let nowhere = sources.map(|source| (format!("IOTMONITOR_{source}_URL"), "http://127.0.0.1:9".to_owned()));
    let storage = ("IOTMONITOR_STORAGE".to_owned(), format!("embedded:{}", dir.display()));
    Environment::of(nowhere.into_iter().chain([storage]))
}

#[track_caller]
fn expect(code: u8, dir: &Path, arguments: &[&str]) {
    let arguments = ["iotmonitor"].iter().chain(arguments).map(Into::into);
    let ended = run(&environment(dir), arguments);
    assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::from(code)));
}

/// `iotmonitor serve` on a free port, in a thread.
struct Server {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    fn start(dir: &Path) -> Self {
        let environment = environment(dir);
        let (end, ended) = oneshot::channel::<()>();
        let (ready, started) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let program = compose(&Config::read(&environment).unwrap(), Manner::default()).unwrap();
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let end = async move { drop(ended.await) };
                let server = tokio::spawn(standalone::run(listener, program, end));
                while !iotmonitor::backup::door::socket(&storage(&environment)).exists() {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                ready.send(()).unwrap();
                server.await.unwrap().unwrap();
            });
        });
        started.recv().unwrap();
        Self { end, thread }
    }

    fn stop(self) {
        self.end.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

fn storage(environment: &Environment) -> std::path::PathBuf {
    environment.text("IOTMONITOR_STORAGE").unwrap().trim_start_matches("embedded:").into()
}

/// A folder with a data directory in which Ada is registered.
fn with_ada() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    expect(OK, &folder.path().join("data"), &["user", "add", "ada@example.com"]);
    folder
}

#[test]
fn a_backup_taken_beside_a_running_server_is_the_whole_of_it() {
    let folder = with_ada();
    let (data, file, other) = (folder.path().join("data"), folder.path().join("backup"), folder.path().join("other"));
    let server = Server::start(&data);
    expect(OK, &data, &["backup", file.to_str().unwrap()]);
    expect(FAILED, &data, &["backup", file.to_str().unwrap()]);
    server.stop();
    assert!(!iotmonitor::backup::door::socket(&data).exists());

    expect(OK, &other, &["restore", file.to_str().unwrap()]);
    assert_eq!(fs::read(data.join("secret.key")).unwrap(), fs::read(other.join("secret.key")).unwrap());
    // She is there already, and so are the tables that say so.
    expect(FAILED, &other, &["user", "add", "ada@example.com"]);
    expect(OK, &other, &["user", "add", "grace@example.com"]);
}

#[test]
fn without_a_server_it_is_taken_as_well_and_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = with_ada();
    let (data, file) = (folder.path().join("data"), folder.path().join("backup"));
    expect(FAILED, &folder.path().join("nowhere"), &["backup", file.to_str().unwrap()]);
    assert!(!folder.path().join("nowhere").exists());
    expect(OK, &data, &["backup", file.to_str().unwrap()]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-made is left");
}

#[test]
fn nothing_is_restored_over_a_store_that_is_used_or_open_or_from_a_damaged_file() {
    let folder = with_ada();
    let (data, file, other) = (folder.path().join("data"), folder.path().join("backup"), folder.path().join("other"));
    expect(OK, &data, &["backup", file.to_str().unwrap()]);
    expect(FAILED, &data, &["restore", file.to_str().unwrap()]);
    let server = Server::start(&data);
    expect(IN_USE, &data, &["restore", file.to_str().unwrap()]);
    server.stop();

    let mut damaged = fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let wrong = folder.path().join("wrong");
    for bytes in [&damaged[..], &damaged[..middle], b"something else"] {
        fs::write(&wrong, bytes).unwrap();
        expect(FAILED, &other, &["restore", wrong.to_str().unwrap()]);
        assert!(!other.exists(), "the store is not touched before the whole file was read");
    }
    expect(OK, &other, &["restore", file.to_str().unwrap()]);
}

#[test]
fn a_store_goes_to_azure_and_comes_back_with_everybody_in_it() {
    let Some(azurite) = ::storage::azurite::Azurite::start_empty() else { return };
    let folder = with_ada();
    let (data, back, secret) = (folder.path().join("data"), folder.path().join("back"), folder.path().join("azure"));
    fs::write(&secret, format!("{}\n", azurite.connection_string())).unwrap();
    let (here, there) = (format!("embedded:{}", data.display()), format!("@{}", secret.display()));
    let server = Server::start(&data);
    expect(IN_USE, &data, &["migrate", "--from", &here, "--to", &there]);
    server.stop();
    expect(OK, &data, &["migrate", "--from", &here, "--to", &there]);
    expect(FAILED, &data, &["migrate", "--from", &here, "--to", &there]);
    expect(OK, &data, &["migrate", "--from", &there, "--to", &format!("embedded:{}", back.display())]);
    fs::copy(data.join("secret.key"), back.join("secret.key")).unwrap();
    expect(FAILED, &back, &["user", "add", "ada@example.com"]);
    expect(OK, &back, &["user", "add", "grace@example.com"]);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        expect(OK, Path::new("."), &["completions", shell]);
    }
    expect(2, Path::new("."), &["completions", "cmd"]);
}

/// Registers assets until that is enough, and answers how many.
async fn register_until(program: Arc<Program>, enough: Arc<AtomicBool>) -> usize {
    let owner = app::access::bootstrap(&program.app, "ops@example.com", "a long enough pass phrase", "Ops", None);
    let owner = owner.await.unwrap();
    let mut made = 0;
    while !enough.load(Ordering::Relaxed) {
        let target = Some(format!("8.{}.{}.8", made / 250, 1 + made % 250));
        let draft = AssetDraft { target, enabled: false, ..AssetDraft::default() };
        app::assets::create(&program.app, &owner, &draft).await.unwrap();
        made += 1;
    }
    made
}

/// Everything that a backup holds, in its order.
fn records(file: &Path) -> Vec<Record> {
    let mut reader = Reader::new(std::io::BufReader::new(fs::File::open(file).unwrap())).unwrap();
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

/// Rows of a table whose keys begin like this.
fn rows(file: &Path, wanted: Table, start: &str) -> usize {
    let is = |record: &&Record| matches!(record, Record::Row { table, key, .. } if *table == wanted && key.starts_with(start));
    records(file).iter().filter(is).count()
}

#[test]
fn a_backup_taken_under_load_is_of_one_instant_and_comes_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let data = path("data");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let program = compose(&Config::read(&environment(&data)).unwrap(), Manner::default()).unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let server = runtime.spawn(standalone::run(listener, Arc::clone(&program), async move { drop(ended.await) }));
    let enough = Arc::new(AtomicBool::new(false));
    let writer = runtime.spawn(register_until(program, Arc::clone(&enough)));
    while !iotmonitor::backup::door::socket(&data).exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for number in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(300));
        expect(OK, &data, &["backup", path(&format!("backup-{number}")).to_str().unwrap()]);
    }
    enough.store(true, Ordering::Relaxed);
    let made = runtime.block_on(writer).unwrap();
    end.send(()).unwrap();
    runtime.block_on(server).unwrap().unwrap();

    let mut seen = Vec::new();
    for number in 0..3 {
        let [file, other, again, after] =
            ["backup", "other", "again", "after"].map(|name| path(&format!("{name}-{number}")));
        expect(OK, &other, &["restore", file.to_str().unwrap()]);
        expect(OK, &other, &["backup", again.to_str().unwrap()]);
        assert_eq!(records(&file), records(&again));
        // What the instant cut through is finished as after a crash: every asset was told of once.
        expect(OK, &other, &["poll"]);
        expect(OK, &other, &["backup", after.to_str().unwrap()]);
        let assets = rows(&after, Table::Assets, "target:");
        assert_eq!(assets, rows(&after, Table::Exposure, "e|"));
        seen.push(assets);
    }
    assert!(seen.is_sorted() && seen[0] < seen[2] && seen[2] <= made, "{seen:?} of {made}");
}
