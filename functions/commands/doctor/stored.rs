//! What is told by what is stored: whether it can be written, opened, and finished.

use app::access::is_anybody_registered;
use app::ports::{Batch, Clock, Commit, Op, QueueName, StoreError, Table, Tables, Value, WriteRow};
use app::vault::sealed_with;
use app::{App, Registration};
use storage::copy::{Place, Whole, is_unfinished};

use super::check::{Check, fail, ok, skip, warn};
use crate::config::{Config, Storage};
use crate::http::Program;
use crate::outside::SystemClock;
use crate::readyz::late;

/// Rows that are searched for sealed secrets: more than most installations have, and a second's work.
const ROWS: usize = 5_000;

/// A row is written and read, and the queue is asked.
pub(super) async fn storage(program: &Program) -> Check {
    match write_and_read(program).await {
        Ok(true) => ok("storage", "tables are there; a row was written and read"),
        Ok(false) => fail("storage", "a row that was written did not come back: is somebody else emptying the tables?"),
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
    program.app.queue.depth(QueueName::Notifications).await?;
    Ok(written == Commit::Done && row.is_some_and(|row| row.columns == columns))
}

/// A data directory that others can read gives them everything.
pub(super) fn directory(config: &Config) -> Option<Check> {
    let Storage::Embedded(dir) = &config.storage else { return None };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(dir).ok()?.permissions().mode();
        (mode & 0o077 != 0).then(|| {
            let dir = dir.display();
            warn("storage", format!("others on this machine can look into {dir}: chmod 700 {dir}"))
        })
    }
    #[cfg(not(unix))]
    {
        let _ = dir;
        None
    }
}

/// Another store was being copied into this one.
pub(super) async fn copying(tables: &dyn Tables) -> Option<Check> {
    match is_unfinished(tables).await {
        Ok(None) => None,
        Ok(Some(source)) => Some(fail(
            "storage",
            format!("it holds the beginning of a copy of {source}: run that iotmonitor migrate again, it carries on"),
        )),
        Err(error) => Some(fail("storage", error.to_string())),
    }
}

/// What was sealed with a key that is not here any more stays closed: channels without their secrets, organizations without
/// their keys of Shodan.
pub(super) async fn secrets(store: &dyn Whole, app: &App) -> Check {
    let (mut after, mut searched, mut sealed, mut closed) = (None, 0, 0_usize, 0_usize);
    while searched < ROWS {
        let page = match store.scan(Table::Accounts, after.as_ref(), 500).await {
            Ok(page) => page,
            Err(error) => return fail("secrets", error.to_string()),
        };
        let Some((partition, last)) = page.last() else { break };
        after = Some(Place { partition: partition.clone(), key: last.key.clone() });
        searched += page.len();
        let texts = page.iter().flat_map(|(_, row)| &row.columns).filter_map(|(_, value)| match value {
            Value::Text(text) => Some(text),
            _ => None,
        });
        for id in texts.flat_map(|text| text.split('"')).filter_map(sealed_with) {
            sealed += 1;
            closed += usize::from(!app.vault.has(&id));
        }
    }
    match (sealed, closed) {
        (0, _) => ok("secrets", "none is stored yet"),
        (_, 0) => ok("secrets", format!("all {sealed} that are stored open with the key")),
        _ => fail(
            "secrets",
            format!(
                "{closed} of {sealed} that are stored were sealed with another key: put that one behind the new one in \
                 IOTMONITOR_SECRET_KEY (new,old)"
            ),
        ),
    }
}

/// Can anybody get in at all?
pub(super) async fn people(app: &App) -> Check {
    match is_anybody_registered(app).await {
        Ok(true) => ok("people", "somebody is registered"),
        Ok(false) if app.settings.registration == Registration::Open => {
            warn("people", "nobody is registered, and whoever comes first may: set IOTMONITOR_REGISTRATION to invited")
        }
        Ok(false) if app.settings.setup_code.is_some() => {
            ok("people", "nobody is registered yet; whoever has the setup code becomes the first owner")
        }
        Ok(false) => fail(
            "people",
            "nobody is registered, and nobody can: run iotmonitor user add EMAIL, or set IOTMONITOR_SETUP_CODE",
        ),
        Err(error) => fail("people", error.to_string()),
    }
}

/// What was given up on is in the log of deliveries a few minutes later; what stays here is not settled by anybody.
pub(super) async fn poisoned(app: &App) -> Option<Check> {
    match app.queue.depth(QueueName::NotificationsPoison).await {
        Ok(0) => None,
        Ok(count) => Some(warn(
            "queue",
            format!(
                "{count} messages were given up on: the next poll settles them and tells of each delivery; see the log"
            ),
        )),
        Err(error) => Some(fail("queue", error.to_string())),
    }
}

/// Does the timer fire?
pub(super) async fn timer(tables: &dyn Tables, config: &Config) -> Check {
    match app::poll::last_tick(tables).await {
        Err(error) => fail("timer", error.to_string()),
        Ok(None) => skip("timer", "no poll has ended yet: start iotmonitor serve, or deploy the timer"),
        Ok(Some(last)) => match late(Some(last), SystemClock.now(), &config.server.schedule) {
            None => ok("timer", format!("the last poll ended at {last:.0}")),
            Some(why) => fail("timer", why),
        },
    }
}
