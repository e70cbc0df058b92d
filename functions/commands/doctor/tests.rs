//! Misconfigurations, each planted by itself: every one is found, and something is said of what to do.

use std::fs;
use std::path::Path;

use app::ports::{Batch, Op, QueueName, Table, Tables as _, WriteRow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::ToSpan as _;
use sources::simulator::{Options, Simulator};

use super::check::Verdict;
use super::*;

const AZURITE: &str = "UseDevelopmentStorage=true";

/// Settings over the good ones, and what must be said of them.
type Plant<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// A simulated Shodan, a data directory, and settings with which nothing is wrong.
struct Ground {
    simulator: Simulator,
    dir: tempfile::TempDir,
}

impl Ground {
    async fn new() -> Self {
        let options = Options { keys: vec!["GOOD".into()], ..Options::default() };
        let simulator = Simulator::start(Simulator::demo_data(), options).await.unwrap();
        Self { simulator, dir: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// The good settings with these over them; an empty value takes one away.
    fn with(&self, changes: &[(&str, &str)]) -> Environment {
        let good = [
            ("IOTMONITOR_STORAGE", format!("embedded:{}", self.data().display())),
            ("IOTMONITOR_SHODAN_URL", self.simulator.shodan_url().into()),
            ("IOTMONITOR_INTERNETDB_URL", self.simulator.internetdb_url().into()),
            ("IOTMONITOR_CVEDB_URL", self.simulator.cvedb_url().into()),
            ("IOTMONITOR_KEV_URL", self.simulator.kev_url().into()),
            ("IOTMONITOR_EPSS_URL", self.simulator.epss_url().into()),
            ("IOTMONITOR_EPSS_FILE_URL", self.simulator.epss_file_url().into()),
            ("IOTMONITOR_SSVC_URL", self.simulator.ssvc_url().into()),
            ("IOTMONITOR_SHODAN_KEY", "GOOD".into()),
            ("IOTMONITOR_SETUP_CODE", "a code".into()),
        ];
        let good = good.into_iter().map(|(name, value)| (name.to_owned(), value));
        let changes = changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::of(good.chain(changes))
    }

    async fn checks(&self, changes: &[(&str, &str)]) -> String {
        as_text(&examine(&self.with(changes)).await)
    }

    /// The store, as `compose` opens it.
    fn program(&self) -> Arc<Program> {
        compose(&Config::read(&self.with(&[])).unwrap(), Manner::default()).unwrap()
    }
}

/// Finds a line of a verdict that says all of this.
#[track_caller]
fn finds(text: &str, verdict: &str, says: &[&str]) {
    let found = text.lines().any(|line| line.starts_with(verdict) && says.iter().all(|word| line.contains(word)));
    assert!(found, "no {verdict} says {says:?}:\n{text}");
}

#[tokio::test]
async fn where_nothing_is_wrong_nothing_is_found() {
    let ground = Ground::new().await;
    for _ in 0..2 {
        let text = ground.checks(&[]).await;
        assert!(text.lines().all(|line| line.starts_with("OK") || line.starts_with("SKIP")), "{text}");
    }
}

#[tokio::test]
async fn every_planted_fault_of_a_setting_is_found_and_says_what_to_do() {
    let ground = Ground::new().await;
    let file = |name: &str, text: &str| {
        let path = ground.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (key, empty, not_pem) = (STANDARD.encode([1; 32]), file("empty", "\n"), file("not.pem", "hello"));
    let nowhere = ground.dir.path().join("nowhere").display().to_string();
    let a_file = format!("embedded:{}", file("a-file", "x"));
    let functions = ("FUNCTIONS_CUSTOMHANDLER_PORT", "7000");
    let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
    let closed = "smtp://127.0.0.1:9";
    let plants: &[Plant<'_>] = &[
        (&[("IOTMONITOR_PUBLIC_URL", "nowhere")], &["IOTMONITOR_PUBLIC_URL", "such as https://"]),
        (&[("IOTMONITOR_PUBLIC_URL", "http://iot.example.com")], &["IOTMONITOR_PUBLIC_URL", "use https"]),
        (&[("IOTMONITOR_LISTEN", "7071")], &["IOTMONITOR_LISTEN", "such as 127.0.0.1:7071"]),
        (&[("IOTMONITOR_LISTEN", "0.0.0.0:7071")], &["IOTMONITOR_LISTEN", "put a proxy with TLS before"]),
        (&[("IOTMONITOR_POLL_SCHEDULE", "every minute")], &["IOTMONITOR_POLL_SCHEDULE", "six fields"]),
        (&[("IOTMONITOR_POLL_SCHEDULE", "0 0 0 31 2 *")], &["IOTMONITOR_POLL_SCHEDULE", "ever reached"]),
        (&[("IOTMONITOR_CLIENT_IP_HEADER", "x real ip")], &["IOTMONITOR_CLIENT_IP_HEADER", "such as x-real-ip"]),
        (&[("IOTMONITOR_SECRET_KEY", "hunter2")], &["IOTMONITOR_SECRET_KEY", "openssl rand"]),
        (&[("IOTMONITOR_SECRET_KEY", &key), ("IOTMONITOR_SECRET_KEY_FILE", &empty)], &["keep one of them"]),
        (&[("IOTMONITOR_SECRET_KEY_FILE", &nowhere)], &["IOTMONITOR_SECRET_KEY_FILE", "cannot be read"]),
        (&[("IOTMONITOR_SECRET_KEY_FILE", &empty)], &["IOTMONITOR_SECRET_KEY_FILE", "is empty"]),
        (&[("IOTMONITOR_STORAGE", AZURITE)], &["IOTMONITOR_SECRET_KEY is not set", "openssl rand"]),
        (&[("IOTMONITOR_STORAGE", "/srv/data")], &["IOTMONITOR_STORAGE", "write embedded:DIR"]),
        (&[("IOTMONITOR_STORAGE", "azure:My Account")], &["IOTMONITOR_STORAGE", "lower-case letters and digits"]),
        (&[("IOTMONITOR_STORAGE", &a_file)], &["a-file"]),
        (&[("IOTMONITOR_SMTP_URL", closed)], &["IOTMONITOR_MAIL_FROM is not set", "such as alerts@"]),
        (&[("IOTMONITOR_SMTP_URL", "https://mail"), ("IOTMONITOR_MAIL_FROM", "a@b.example")], &["write smtp://"]),
        (&[("IOTMONITOR_SMTP_URL", closed), ("IOTMONITOR_MAIL_FROM", "nobody")], &["IOTMONITOR_MAIL_FROM"]),
        (
            &[("IOTMONITOR_SMTP_URL", closed), ("IOTMONITOR_MAIL_FROM", "a@b.example")],
            &["mail", "Check IOTMONITOR_SMTP_URL"],
        ),
        (&[("IOTMONITOR_CA_FILE", &nowhere)], &["IOTMONITOR_CA_FILE", "cannot be read"]),
        (&[("IOTMONITOR_CA_FILE", &not_pem)], &["IOTMONITOR_CA_FILE", "PEM"]),
        (&[("IOTMONITOR_EGRESS_ALLOW", "10.1")], &["IOTMONITOR_EGRESS_ALLOW", "such as 10.20.0.0/16"]),
        (&[("IOTMONITOR_EGRESS_ALLOW", "0.0.0.0/0")], &["IOTMONITOR_EGRESS_ALLOW", "name only the ranges"]),
        (&[("IOTMONITOR_TARGET_ALLOW", "all")], &["IOTMONITOR_TARGET_ALLOW", "such as 10.20.0.0/16"]),
        (&[("IOTMONITOR_REGISTRATION", "maybe")], &["IOTMONITOR_REGISTRATION", "write open, invited or closed"]),
        (&[("IOTMONITOR_SETUP_CODE", "")], &["people", "set IOTMONITOR_SETUP_CODE"]),
        (&[("IOTMONITOR_LOG", "info,=")], &["IOTMONITOR_LOG", "write a level"]),
        (&[("IOTMONITOR_LOG_FORMAT", "xml")], &["IOTMONITOR_LOG_FORMAT", "write text or json"]),
        (&[("IOTMONITOR_SHODAN_KYE", "k")], &["IOTMONITOR_SHODAN_KYE", "did you mean IOTMONITOR_SHODAN_KEY?"]),
        (&[("IOTMONITOR_SHODAN_KEY", "BAD")], &["sources", "check IOTMONITOR_SHODAN_KEY"]),
        (&[("IOTMONITOR_SHODAN_URL", "http://127.0.0.1:9")], &["sources", "IOTMONITOR_SHODAN_URL right?"]),
        (&[("IOTMONITOR_SHODAN_URL", "shodan")], &["IOTMONITOR_SHODAN_URL", "such as https://api.shodan.io"]),
        (&[("IOTMONITOR_SHODAN_KEY", ""), ("IOTMONITOR_INTERNETDB_URL", "http://127.0.0.1:9")], &["outbound https"]),
        (&[("IOTMONITOR_KEV_URL", "ftp://x")], &["IOTMONITOR_KEV_URL", "such as https://"]),
        (&[("IOTMONITOR_OIDC_ISSUER", "nowhere")], &["IOTMONITOR_OIDC_ISSUER"]),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318")], &["OTEL_EXPORTER_OTLP_ENDPOINT", "such as http://"]),
        (&[functions], &["IOTMONITOR_STORAGE", "remove this setting"]),
        (&[functions, ("IOTMONITOR_STORAGE", "")], &["AzureWebJobsStorage is not set", "connection string"]),
        (
            &[functions, ("IOTMONITOR_STORAGE", ""), ("AzureWebJobsStorage", AZURITE), ("IOTMONITOR_SECRET_KEY", &key)],
            &["IOTMONITOR_POLL_SCHEDULE is not set", "set it to"],
        ),
        (&[lambda], &["IOTMONITOR_STORAGE", "connection string of an Azure Storage account"]),
    ];
    for (changes, says) in plants {
        finds(&ground.checks(changes).await, "FAIL", says);
    }
    for (changes, says) in [
        (&[("IOTMONITOR_MAIL_FROM", "a@b.example")][..], "IOTMONITOR_SMTP_URL"),
        (&[("IOTMONITOR_TARGET_ALLOW", "0.0.0.0/0")], "IOTMONITOR_TARGET_ALLOW"),
        (&[("IOTMONITOR_REGISTRATION", "open")], "set IOTMONITOR_REGISTRATION"),
    ] {
        finds(&ground.checks(changes).await, "WARN", &[says]);
    }
    if cfg!(not(feature = "otel")) {
        let text = ground.checks(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")]).await;
        finds(&text, "WARN", &["OTEL_EXPORTER_OTLP_ENDPOINT", "--features otel"]);
    }
    ground.simulator.set_query_credits(Some(0));
    finds(&ground.checks(&[]).await, "WARN", &["sources", "no query credits are left"]);
}

#[tokio::test]
async fn several_faults_are_told_at_once_and_no_secret_with_them() {
    let ground = Ground::new().await;
    let text = ground
        .checks(&[
            ("IOTMONITOR_LISTEN", "x"),
            ("IOTMONITOR_SECRET_KEY", "hunter2-hunter2"),
            ("IOTMONITOR_SMTP_URL", "https://u:hunter2-hunter2@mail"),
            ("IOTMONITOR_MAIL_FROM", "a@b.example"),
            ("IOTMONITOR_LOG_FORMAT", "xml"),
        ])
        .await;
    assert_eq!(text.lines().filter(|line| line.starts_with("FAIL")).count(), 4, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_key_that_does_not_open_what_is_stored_is_found() {
    let ground = Ground::new().await;
    let (old, new) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
    let program = {
        let environment = ground.with(&[("IOTMONITOR_SECRET_KEY", &old)]);
        compose(&Config::read(&environment).unwrap(), Manner::default()).unwrap()
    };
    let place = app::vault::Place { table: Table::Accounts, partition: "org:org_1", row: "profile", column: "k" };
    let sealed = program.app.vault.seal(&*program.app.ids, b"a secret", &place).unwrap();
    let row = WriteRow {
        key: "profile".into(),
        columns: app::rows::encode("profile", &serde_json::json!({"k": sealed})).unwrap().columns,
    };
    put(&program, Table::Accounts, "org:org_1", row).await;
    drop(program);
    finds(&ground.checks(&[("IOTMONITOR_SECRET_KEY", &old)]).await, "OK", &["all 1"]);
    finds(&ground.checks(&[("IOTMONITOR_SECRET_KEY", &new)]).await, "FAIL", &["secrets", "1 of 1", "(new,old)"]);
    finds(&ground.checks(&[("IOTMONITOR_SECRET_KEY", &format!("{new},{old}"))]).await, "OK", &["all 1"]);
}

#[tokio::test]
async fn a_directory_that_is_damaged_or_open_to_others_is_found() {
    let ground = Ground::new().await;
    drop(ground.program());
    fs::write(ground.data().join("secret.key"), "half a k").unwrap();
    finds(&ground.checks(&[]).await, "FAIL", &["secret.key", "restore it from a backup"]);
    fs::remove_file(ground.data().join("secret.key")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |mode| fs::set_permissions(ground.data(), fs::Permissions::from_mode(mode)).unwrap();
        mode(0o755);
        finds(&ground.checks(&[]).await, "WARN", &["storage", "chmod 700"]);
        mode(0o700);
    }
    let garbage = |dir: &Path| fs::write(dir.join("tables.redb"), "not a database".repeat(1000)).unwrap();
    garbage(&ground.data());
    finds(&ground.checks(&[]).await, "FAIL", &["composition", "tables.redb"]);
}

#[tokio::test]
async fn what_is_stored_tells_of_a_late_timer_of_poison_and_of_half_a_copy() {
    let ground = Ground::new().await;
    let program = ground.program();
    let hours_ago = SystemClock.now() - 5.hours();
    put(&program, Table::Schedule, "agenda", app::rows::encode("!at:tick", &hours_ago).unwrap()).await;
    program.app.queue.put(QueueName::NotificationsPoison, "x", std::time::Duration::ZERO).await.unwrap();
    drop(program);
    let text = ground.checks(&[]).await;
    finds(&text, "FAIL", &["timer", "does the timer fire?"]);
    finds(&text, "WARN", &["queue", "1 messages were given up on"]);

    let half = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let to = Embedded::open(half.path(), clock).unwrap();
    let text = |value: &str| app::ports::Value::Text(value.into());
    let columns = vec![("source".into(), text("azure:old")), ("stage".into(), app::ports::Value::Int(2))];
    let ops = vec![Op::Upsert(WriteRow { key: "migration".into(), columns })];
    to.commit(Batch { table: Table::Schedule, partition: "state".into(), ops, witness: None }).await.unwrap();
    drop(to);
    let text = ground.checks(&[("IOTMONITOR_STORAGE", &format!("embedded:{}", half.path().display()))]).await;
    finds(&text, "FAIL", &["storage", "copy of azure:old", "it carries on"]);
}

async fn put(program: &Program, table: Table, partition: &str, row: WriteRow) {
    let ops = vec![Op::Upsert(row)];
    program.app.tables.commit(Batch { table, partition: partition.into(), ops, witness: None }).await.unwrap();
}

#[tokio::test]
async fn beside_a_running_server_it_reads_along_and_fails_nothing() {
    let ground = Ground::new().await;
    let program = ground.program();
    crate::poll::tick(&program).await.unwrap();
    let checks = examine(&ground.with(&[])).await;
    let verdict = |name: &str| checks.iter().find(|check| check.name == name).unwrap().verdict;
    assert_eq!((verdict("storage"), verdict("timer"), verdict("sources")), (Verdict::Ok, Verdict::Ok, Verdict::Skip));
    assert!(as_json(&checks).starts_with("{\"checks\":[{\"message\":\"storage"), "{}", as_json(&checks));
}
