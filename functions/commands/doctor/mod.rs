//! Checks what the program stands on, one thing after the other, and says what to do about what does not hold.

use std::process::ExitCode;

use app::ports::{
    Batch, Clock, Commit, Exposure, Mailer, Op, SourceError, SourceKey, StoreError, Table, Tables, Value, WriteRow,
};
use serde::Serialize;
use storage::Embedded;

use super::{config::print, on_one_thread};
use crate::compose::{ComposeError, Manner, compose, mailer};
use crate::config::{Config, Environment, Storage};
use crate::http::Program;
use crate::outside::SystemClock;
use crate::readyz::late;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Verdict {
    Ok,
    Fail,
    Skip,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    /// What was found, and what to do if it is not well.
    message: String,
}

/// An address that InternetDB always answers for.
const ASKED_ABOUT: [u8; 4] = [1, 1, 1, 1];

/// Prints every check; 1 if any fails.
pub(super) fn doctor(environment: &Environment, json: bool) -> ExitCode {
    let checks = on_one_thread(async { Ok(examine(environment).await) });
    let checks = checks.unwrap_or_else(|error| vec![fail("runtime", error.to_string())]);
    let text = if json { as_json(&checks) } else { as_text(&checks) };
    let printed = print(&text).is_ok();
    let well = checks.iter().all(|check| check.verdict != Verdict::Fail);
    if printed && well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn examine(environment: &Environment) -> Vec<Check> {
    let config = match Config::read(environment) {
        Ok(config) => config,
        Err(error) => return vec![fail("settings", error.to_string())],
    };
    let mut checks =
        vec![ok("settings", format!("storage {:?}, public address {}", config.storage, config.server.base()))];
    match compose(&config, Manner::default()) {
        Ok(program) => {
            checks.push(check_storage(&program).await);
            checks.push(check_source(&*program.app.exposure, config.sources.shodan_key.as_ref()).await);
            checks.push(check_mail(&*program.app.mailer).await);
            checks.push(check_timer(&*program.app.tables, &config).await);
        }
        Err(ComposeError::InUse(_)) => checks.extend(beside_a_server(&config).await),
        Err(error) => checks.push(fail("composition", error.to_string())),
    }
    checks
}

/// The server has the store open for writing: we read along, and leave its turns at the sources alone.
async fn beside_a_server(config: &Config) -> Vec<Check> {
    let Storage::Embedded(dir) = &config.storage else { return Vec::new() };
    let mut checks = Vec::new();
    match Embedded::open_read_only(dir) {
        Ok(tables) => {
            checks.push(ok("storage", "in use by a running iotmonitor; it can be read".into()));
            checks.push(check_timer(&tables, config).await);
        }
        Err(error) => checks.push(fail("storage", error.to_string())),
    }
    checks.push(skip("sources", "the running iotmonitor asks them: see monitorStatus".into()));
    checks.push(match mailer(config) {
        Ok(mailer) => check_mail(&*mailer).await,
        Err(error) => fail("mail", error.to_string()),
    });
    checks
}

async fn check_storage(program: &Program) -> Check {
    match write_and_read(program).await {
        Ok(true) => ok("storage", "tables are there; a row was written and read".into()),
        Ok(false) => {
            fail("storage", "a row that was written did not come back: is somebody else emptying the tables?".into())
        }
        Err(error) => fail(
            "storage",
            format!("{error}. Check the connection and that the credential may write tables and queues"),
        ),
    }
}

async fn write_and_read(program: &Program) -> Result<bool, StoreError> {
    program.ready().await?;
    let (partition, key) = ("state", "doctor");
    let columns = vec![("v".to_owned(), Value::Int(1)), ("nonce".to_owned(), Value::Text(program.app.ulid()))];
    let ops = vec![Op::Upsert(WriteRow { key: key.into(), columns: columns.clone() })];
    let tables = &program.app.tables;
    let written =
        tables.commit(Batch { table: Table::Schedule, partition: partition.into(), ops, witness: None }).await?;
    let row = tables.get(Table::Schedule, partition, key).await?;
    program.app.queue.depth(app::ports::QueueName::Notifications).await?;
    Ok(written == Commit::Done && row.is_some_and(|row| row.columns == columns))
}

async fn check_source(exposure: &dyn Exposure, key: Option<&String>) -> Check {
    let Some(key) = key else {
        let found = exposure.host(&SourceKey::InternetDb, ASKED_ABOUT.into()).await;
        return match found {
            Ok(_) => ok("sources", "InternetDB answers; no Shodan key is set".into()),
            Err(error) => fail("sources", format!("InternetDB: {error}. Is outbound https open?")),
        };
    };
    match exposure.account(&SourceKey::Shodan(key.clone())).await {
        Ok(account) => {
            let credits = account.query_credits.map_or_else(|| "no limit of".to_owned(), |credits| credits.to_string());
            ok("sources", format!("Shodan answers: plan {}, {credits} query credits left", account.plan))
        }
        Err(SourceError::BadKey) => fail("sources", "Shodan does not know the key: check IOTMONITOR_SHODAN_KEY".into()),
        Err(error) => fail("sources", format!("Shodan: {error}")),
    }
}

async fn check_mail(mailer: &dyn Mailer) -> Check {
    if !mailer.configured() {
        return skip(
            "mail",
            "no mail server is set up: set IOTMONITOR_SMTP_URL and IOTMONITOR_MAIL_FROM to send mail".into(),
        );
    }
    match mailer.check().await {
        Ok(()) => ok("mail", "the mail server greets us".into()),
        Err(error) => fail("mail", format!("{}. Check IOTMONITOR_SMTP_URL", error.message)),
    }
}

async fn check_timer(tables: &dyn Tables, config: &Config) -> Check {
    let last = match tables.get(Table::Schedule, "state", "tick").await {
        Ok(row) => row.as_ref().map(app::rows::decode).transpose(),
        Err(error) => return fail("timer", error.to_string()),
    };
    match last {
        Err(error) => fail("timer", error.to_string()),
        Ok(None) => skip("timer", "no poll has ended yet: start iotmonitor serve, or deploy the timer".into()),
        Ok(Some(last)) => match late(Some(last), SystemClock.now(), &config.server.schedule) {
            None => ok("timer", format!("the last poll ended at {last:.0}")),
            Some(why) => fail("timer", why),
        },
    }
}

fn ok(name: &'static str, message: String) -> Check {
    Check { name, verdict: Verdict::Ok, message }
}

fn fail(name: &'static str, message: String) -> Check {
    Check { name, verdict: Verdict::Fail, message }
}

fn skip(name: &'static str, message: String) -> Check {
    Check { name, verdict: Verdict::Skip, message }
}

fn as_json(checks: &[Check]) -> String {
    let well = checks.iter().all(|check| check.verdict != Verdict::Fail);
    format!("{}\n", serde_json::json!({ "ok": well, "checks": checks }))
}

fn as_text(checks: &[Check]) -> String {
    let line = |check: &Check| {
        let verdict = match check.verdict {
            Verdict::Ok => "OK  ",
            Verdict::Fail => "FAIL",
            Verdict::Skip => "SKIP",
        };
        format!("{verdict}  {:<9} {}\n", check.name, check.message)
    };
    checks.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wrong_setting_is_the_only_thing_told() {
        let checks = examine(&Environment::of([("IOTMONITOR_PUBLIC_URL", "nowhere")])).await;
        assert_eq!(checks.len(), 1);
        assert!(as_text(&checks).starts_with("FAIL  settings  IOTMONITOR_PUBLIC_URL"), "{}", as_text(&checks));
    }

    #[tokio::test]
    async fn beside_a_running_server_it_reads_along_and_fails_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::of([("IOTMONITOR_STORAGE", format!("embedded:{}", dir.path().display()))]);
        let program = compose(&Config::read(&environment).unwrap(), Manner::default()).unwrap();
        crate::poll::tick(&program).await.unwrap();
        let checks = examine(&environment).await;
        let verdict = |name: &str| checks.iter().find(|check| check.name == name).unwrap().verdict;
        assert_eq!(
            (verdict("storage"), verdict("timer"), verdict("sources")),
            (Verdict::Ok, Verdict::Ok, Verdict::Skip)
        );
        assert!(as_json(&checks).starts_with("{\"checks\":[{\"message\":\"storage"), "{}", as_json(&checks));
    }
}
