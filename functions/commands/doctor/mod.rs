//! Checks what the program stands on, one thing after the other, and says what to do about what does not hold.
//!
//! Beside a running server on the embedded store it reads along and asks nobody in its place. Never here: mending.

mod check;
mod reached;
mod settings;
mod stored;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Arc;

use app::ports::Clock;
use storage::Embedded;
use storage::copy::Whole;

use self::check::{Check, as_json, as_text, fail, ok, skip, well};
use super::{config::print, on_one_thread};
use crate::compose::{ComposeError, Manner, compose, mailer, whole};
use crate::config::{Config, Environment, Storage};
use crate::http::Program;
use crate::outside::{Outbound, SystemClock};

/// Prints every check; 1 if any fails.
pub(super) fn doctor(environment: &Environment, json: bool) -> ExitCode {
    let checks = on_one_thread(async { Ok(examine(environment).await) });
    let checks = checks.unwrap_or_else(|error| vec![fail("runtime", error.to_string())]);
    let printed = print(&if json { as_json(&checks) } else { as_text(&checks) }).is_ok();
    if printed && well(&checks) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn examine(environment: &Environment) -> Vec<Check> {
    let mut checks = settings::faults(environment);
    let Ok(config) = Config::read(environment) else { return checks };
    checks.extend(settings::risks(&config, environment));
    checks.extend(stored::directory(&config));
    match compose(&config, Manner::default()) {
        Ok(program) => checks.extend(alone(&program, &config).await),
        Err(ComposeError::InUse(_)) => checks.extend(beside_a_server(&config).await),
        Err(error) => checks.push(fail("composition", error.to_string())),
    }
    checks
}

async fn alone(program: &Program, config: &Config) -> Vec<Check> {
    let app = &program.app;
    let storage = stored::storage(program).await;
    let stands = well(std::slice::from_ref(&storage));
    let mut checks = vec![storage];
    if stands {
        checks.extend(stored::copying(&*app.tables).await);
        checks.push(match opened_again(program, config) {
            Ok(store) => stored::secrets(&*store, app).await,
            Err(error) => fail("secrets", error.to_string()),
        });
        checks.push(stored::people(app).await);
        checks.extend(stored::poisoned(app).await);
    }
    checks.push(reached::source(&*app.exposure, config.sources.shodan_key.as_ref()).await);
    checks.push(reached::mail(&*app.mailer).await);
    if stands {
        checks.push(stored::timer(&*app.tables, config).await);
    }
    checks
}

/// The store as one that can be read as a whole; the program's own ports show it by single questions only.
fn opened_again(program: &Program, config: &Config) -> Result<Arc<dyn Whole>, ComposeError> {
    if let Some(kept) = &program.kept {
        return Ok(Arc::clone(&kept.store) as _);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    whole(&config.storage, &Outbound::new(config.egress.authorities.as_deref())?, &clock)
}

/// The server has the store open for writing: we read along, and leave its turns at the sources alone.
async fn beside_a_server(config: &Config) -> Vec<Check> {
    let Storage::Embedded(dir) = &config.storage else { return Vec::new() };
    let mut checks = Vec::new();
    match Embedded::open_read_only(dir) {
        Ok(tables) => {
            checks.push(ok("storage", "in use by a running iotmonitor; it can be read"));
            checks.push(stored::timer(&tables, config).await);
        }
        Err(error) => checks.push(fail("storage", error.to_string())),
    }
    checks.push(skip("sources", "the running iotmonitor asks them: see monitorStatus"));
    checks.push(match mailer(config) {
        Ok(mailer) => reached::mail(&*mailer).await,
        Err(error) => fail("mail", error.to_string()),
    });
    checks
}
