use std::sync::Arc;

use anyhow::{Context, Result, bail};
use app::ports::{Clock, Table};
use storage::Embedded;
use storage::copy::{self, Copied, Digest, Progress};

use super::{config::print, on_one_thread};
use crate::compose::whole;
use crate::config::{Config, Environment, Storage};
use crate::outside::{KEY_FILE, Outbound, SystemClock};

/// Copies one store into another, and compares them.
pub(super) fn migrate(environment: &Environment, from: &str, to: &str) -> Result<()> {
    let source = Storage::named(from, "--from", environment)?;
    let target = Storage::named(to, "--to", environment)?;
    let config = Config::read(environment)?;
    if let Storage::Embedded(dir) = &source
        && !Embedded::is_in(dir)
    {
        bail!("there is no store in {}", dir.display());
    }
    let outbound = Outbound::new(config.egress.authorities.as_deref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    on_one_thread(async {
        let from = whole(&source, &outbound, &clock)?;
        let to = whole(&target, &outbound, &clock)?;
        let mut watch = |step| match step {
            Progress::Copied(table, rows) => tracing::info!("{}: {rows} rows copied", table.as_str()),
            Progress::Compared(table, rows) => tracing::info!("{}: {rows} rows compared", table.as_str()),
        };
        let copied = copy::migrate(&*from, &*to, &name(&source)?, &mut watch).await;
        let copied = copied.context("what was copied stays; the same command carries on")?;
        print(&told(&copied, &source, &target))
    })
}

/// The same store has the same name wherever one stands.
fn name(storage: &Storage) -> Result<String> {
    Ok(match storage {
        Storage::Embedded(dir) => format!("embedded:{}", std::fs::canonicalize(dir)?.display()),
        account => format!("{account:?}"),
    })
}

fn told(copied: &Copied, source: &Storage, target: &Storage) -> String {
    let table =
        |(table, digest): &(Table, Digest)| format!("{:<13} {:>9} rows  {digest}\n", table.as_str(), digest.rows);
    let mut lines: Vec<String> = copied.tables.iter().map(table).collect();
    lines.push(format!("{:<13} {:>9} put\n", "messages", copied.messages));
    if copied.hidden > 0 {
        let hidden = copied.hidden;
        lines.push(format!(
            "{:<13} {hidden:>9} not shown by the store: the program asks for them again by what its tables say\n",
            ""
        ));
    }
    lines.push("Both hold the same. Stored secrets open with the same key: ".into());
    lines.push(match (source, target) {
        (Storage::Embedded(dir), Storage::Embedded(to)) => {
            format!("copy {} to {} too, if it is there.\n", dir.join(KEY_FILE).display(), to.display())
        }
        (Storage::Embedded(dir), _) => {
            let key = dir.join(KEY_FILE);
            format!("set IOTMONITOR_SECRET_KEY to what {} holds, if you set none so far.\n", key.display())
        }
        _ => "keep IOTMONITOR_SECRET_KEY as it is.\n".into(),
    });
    lines.concat()
}
