use domain::due::Sla;
use domain::event::Change;
use domain::role::Action;
use domain::severity::Severity;

use super::Caller;
use super::names::required_name;
use super::organization::{self, MIN_POLL_INTERVAL, Organization, OrganizationSettings, shodan_key_place};
use super::store::{Command, read};
use crate::audit::{Act, Deed};
use crate::ports::{Commit, Op, SourceError, SourceKey, StoreError, Table};
use crate::{App, Error, UserError, UserErrorCode};

/// What is to be changed of an organization. `None`: stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationPatch {
    /// At most 200 characters.
    pub name: Option<String>,
    /// Seconds, at least [`MIN_POLL_INTERVAL`], at most 30 days.
    pub poll_interval: Option<i64>,
    /// 1 to 365.
    pub stale_after_days: Option<i64>,
    /// 1 to 20.
    pub close_after_misses: Option<i64>,
    /// Days to fix, 1 to 3 650, for these severities; the others have no date then.
    pub sla: Option<Vec<(Severity, i64)>>,
    /// 30 to 3 650; `Some(None)`: for ever.
    pub event_retention_days: Option<Option<i64>>,
    /// Are alerts kept in its own Shodan account?
    pub shodan_monitor: Option<bool>,
}

const TRIES: usize = 8;
const MONTH: i64 = 30 * 24 * 3_600;
const TEN_YEARS: i64 = 3_650;
/// Shodan's keys have 32 characters; what is much longer is something else.
const LONGEST_KEY: usize = 128;

/// Changes name and settings of the caller's organization.
pub async fn update_organization(app: &App, caller: &Caller, patch: &OrganizationPatch) -> Result<Organization, Error> {
    caller.may(Action::ManageOrganization)?;
    amend(app, caller, Deed::OrganizationUpdated, |before| {
        let after = patch.apply(before)?;
        let changes = changes(before, &after);
        Ok((after, changes))
    })
    .await
}

/// Sets the organization's own Shodan key, or takes it away. A key that Shodan does not accept is not stored.
pub async fn set_shodan_key(app: &App, caller: &Caller, key: Option<&str>) -> Result<Organization, Error> {
    caller.may(Action::ManageOrganization)?;
    let sealed = match key.map(str::trim) {
        Some(key) => {
            check(app, key).await?;
            let partition = organization::partition(&caller.org);
            let sealed = app.vault.seal(&*app.ids, key.as_bytes(), &shodan_key_place(&partition));
            Some(sealed.map_err(|error| StoreError::Denied(format!("a Shodan key: {error}")))?)
        }
        None => None,
    };
    let organization = amend(app, caller, Deed::ShodanKeyChanged, |before| {
        let state = |key: &Option<String>| Some(if key.is_some() { "set" } else { "not set" }.to_owned());
        let after = Organization { shodan_key: sealed.clone(), ..before.clone() };
        // Another key in place of one is a change, and neither of them is told.
        let change = Change { field: "shodanKey".into(), before: state(&before.shodan_key), after: state(&sealed) };
        let same = before.shodan_key.is_none() && sealed.is_none();
        Ok((after, if same { Vec::new() } else { vec![change] }))
    })
    .await?;
    // What a crash leaves out here the timer makes up for once a day.
    crate::monitor::plan(app, &caller.org).await?;
    Ok(organization)
}

async fn check(app: &App, key: &str) -> Result<(), Error> {
    let fault = |code, message: &str| Err(UserError::of(code, "key", message).into());
    if key.is_empty() {
        return fault(UserErrorCode::Required, "enter the key, or null to take it away");
    }
    if key.len() > LONGEST_KEY || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return fault(UserErrorCode::Invalid, "this is no Shodan key: it has letters and digits only");
    }
    match app.exposure.account(&SourceKey::Shodan(key.to_owned())).await {
        Ok(_) => Ok(()),
        Err(SourceError::BadKey) => fault(UserErrorCode::InvalidCredentials, "Shodan does not accept this key"),
        Err(error) => {
            let message = format!("the key could not be checked: {error}; try again");
            fault(UserErrorCode::Upstream, &message)
        }
    }
}

async fn amend(
    app: &App,
    caller: &Caller,
    deed: Deed,
    change: impl Fn(&Organization) -> Result<(Organization, Vec<Change>), Error>,
) -> Result<Organization, Error> {
    let partition = organization::partition(&caller.org);
    for _ in 0..TRIES {
        let stored = read::<Organization>(app, Table::Accounts, &partition, organization::PROFILE).await?;
        let Some(stored) = stored.filter(|stored| stored.thing.closed_at.is_none()) else {
            return Err(Error::Unauthenticated);
        };
        let (after, changes) = change(&stored.thing)?;
        if changes.is_empty() {
            return Ok(stored.thing);
        }
        let act = Act::of(caller, deed, (caller.org.as_str(), &after.name)).changing(changes);
        let command = Command::new(app);
        let ops = vec![Op::Replace(command.row(organization::PROFILE, &after)?, stored.etag), act.op(app)?];
        if command.commit(Table::Accounts, &partition, ops).await? == Commit::Done {
            return Ok(after);
        }
    }
    Err(Error::Busy)
}

impl OrganizationPatch {
    fn apply(&self, before: &Organization) -> Result<Organization, Error> {
        let mut faults = Vec::new();
        let mut after = before.clone();
        if let Some(name) = &self.name {
            match required_name(name, "name") {
                Ok(name) => after.name = name,
                Err(fault) => faults.push(fault),
            }
        }
        let mut number = |field: &str, wanted: i64, least: i64, most: i64| {
            let within = (least..=most).contains(&wanted);
            if !within {
                let message = format!("choose a number from {least} to {most}");
                faults.push(UserError::of(UserErrorCode::Invalid, field, message));
            }
            u32::try_from(wanted).unwrap_or(0)
        };
        let settings = &mut after.settings;
        if let Some(seconds) = self.poll_interval {
            settings.poll_interval = number("pollInterval", seconds, i64::from(MIN_POLL_INTERVAL), MONTH);
        }
        if let Some(days) = self.stale_after_days {
            settings.stale_after_days = number("staleAfterDays", days, 1, 365);
        }
        if let Some(misses) = self.close_after_misses {
            settings.close_after_misses = number("closeAfterMisses", misses, 1, 20);
        }
        if let Some(days) = self.event_retention_days {
            settings.event_retention_days = days.map(|days| number("eventRetentionDays", days, 30, TEN_YEARS));
        }
        if let Some(on) = self.shodan_monitor {
            settings.shodan_monitor = on;
        }
        if let Some(wanted) = &self.sla {
            let mut sla = Sla { critical: None, high: None, medium: None, low: None };
            for (severity, days) in wanted {
                let days = Some(number("sla", *days, 1, TEN_YEARS));
                match severity {
                    Severity::Critical => sla.critical = days,
                    Severity::High => sla.high = days,
                    Severity::Medium => sla.medium = days,
                    Severity::Low => sla.low = days,
                    // It is told and never due.
                    Severity::Info => {}
                }
            }
            settings.sla = sla;
        }
        if faults.is_empty() { Ok(after) } else { Err(Error::User(faults)) }
    }
}

fn changes(before: &Organization, after: &Organization) -> Vec<Change> {
    type Read = fn(&OrganizationSettings) -> Option<String>;
    let settings: [(&str, Read); 5] = [
        ("pollInterval", |s| Some(s.poll_interval.to_string())),
        ("staleAfterDays", |s| Some(s.stale_after_days.to_string())),
        ("closeAfterMisses", |s| Some(s.close_after_misses.to_string())),
        ("shodanMonitor", |s| Some(s.shodan_monitor.to_string())),
        ("eventRetentionDays", |s| s.event_retention_days.map(|days| days.to_string())),
    ];
    let mut changes: Vec<Change> =
        Change::between("name", Some(before.name.clone()), Some(after.name.clone())).into_iter().collect();
    changes.extend(
        settings
            .iter()
            .filter_map(|(field, read)| Change::between(field, read(&before.settings), read(&after.settings))),
    );
    for severity in Severity::ALL {
        let days = |organization: &Organization| organization.settings.sla.days(severity).map(|days| days.to_string());
        changes.extend(Change::between(&format!("sla.{}", severity.as_str()), days(before), days(after)));
    }
    changes
}
