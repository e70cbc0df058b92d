use domain::ids::OrgId;
use ipnet::IpNet;
use tokio::time::Instant;

use super::wanted::{Wanted, mark};
use crate::App;
use crate::ports::{Alert, Notifier, SourceError, SourceKey};

/// What sets our alerts off, where Shodan has it.
const TRIGGERS: [&str; 10] = [
    "industrial_control_system",
    "internet_scanner",
    "iot",
    "malware",
    "new_service",
    "open_database",
    "ssl_expired",
    "uncommon",
    "vulnerable",
    "vulnerable_unverified",
];
/// Changes that one round makes at the account.
const MOST_CHANGES: u32 = 20;

/// One round at the account: what is there is brought in step with what is wanted, a bounded number of changes at a
/// time. Each change is complete in itself and is found again by name, so a crash between two loses nothing.
pub(super) struct Round<'a> {
    pub(super) app: &'a App,
    pub(super) key: &'a SourceKey,
    pub(super) org: &'a OrgId,
    pub(super) deadline: Instant,
    /// Requests that were made.
    pub(super) calls: u32,
    /// Changes among them.
    pub(super) changes: u32,
}

/// What stands at the account after a round.
#[derive(Debug, Default)]
pub(super) struct Stand {
    /// The ids of our alerts that are as they should be.
    pub(super) alerts: Vec<String>,
    /// Something is left to be done.
    pub(super) unfinished: bool,
}

impl Round<'_> {
    /// All of our alerts at the account.
    pub(super) async fn ours(&mut self) -> Result<Vec<Alert>, SourceError> {
        self.calls += 1;
        let all = self.app.alerts.alerts(self.key).await?;
        let mark = mark(self.org);
        Ok(all.into_iter().filter(|alert| alert.name.starts_with(&mark)).collect())
    }

    /// Our notifier, which posts to `url`; others that bear our mark and post elsewhere go. `None`: all of them go.
    pub(super) async fn notifier(&mut self, url: Option<&str>) -> Result<Option<String>, SourceError> {
        self.calls += 1;
        let mark = mark(self.org);
        let all = self.app.alerts.notifiers(self.key).await?;
        let is_ours = |one: &&Notifier| {
            one.provider == "webhook" && one.description.as_ref().is_some_and(|d| d.starts_with(mark.trim_end()))
        };
        let mut found = None;
        for one in all.iter().filter(is_ours) {
            if found.is_none() && url.is_some() && one.args.get("url").map(String::as_str) == url {
                found = Some(one.id.clone());
            } else if self.may_change() {
                self.app.alerts.delete_notifier(self.key, &one.id).await?;
            }
        }
        match url {
            Some(url) if found.is_none() && self.may_change() => {
                found = Some(self.app.alerts.create_webhook(self.key, mark.trim_end(), url).await?);
            }
            _ => {}
        }
        Ok(found)
    }

    /// Brings the alerts in step.
    pub(super) async fn bring(
        &mut self,
        ours: Vec<Alert>,
        wanted: &[Wanted],
        notifier: Option<&str>,
    ) -> Result<Stand, SourceError> {
        let mut stand = Stand::default();
        let mut there: Vec<Option<Alert>> = vec![None; wanted.len()];
        for alert in ours {
            match wanted.iter().position(|w| w.name == alert.name).filter(|place| there[*place].is_none()) {
                Some(place) => there[place] = Some(alert),
                // Not wanted any more, or made twice.
                None if self.may_change() => self.app.alerts.delete(self.key, &alert.id).await?,
                None => stand.unfinished = true,
            }
        }
        let mut known = None;
        for (alert, wanted) in there.into_iter().zip(wanted) {
            let alert = match alert {
                Some(alert) => alert,
                None if self.may_change() => self.app.alerts.create(self.key, &wanted.name, &wanted.networks).await?,
                None => {
                    stand.unfinished = true;
                    continue;
                }
            };
            if self.mend(&alert, wanted, notifier, &mut known).await? {
                stand.alerts.push(alert.id);
            } else {
                stand.unfinished = true;
            }
        }
        Ok(stand)
    }

    /// Gives one alert its networks, triggers and notifier. `false`: not all of it.
    async fn mend(
        &mut self,
        alert: &Alert,
        wanted: &Wanted,
        notifier: Option<&str>,
        known: &mut Option<Vec<String>>,
    ) -> Result<bool, SourceError> {
        if networks(&alert.networks) != wanted.networks {
            if !self.may_change() {
                return Ok(false);
            }
            self.app.alerts.edit(self.key, &alert.id, &wanted.networks).await?;
        }
        let lacks = |name: &str| !alert.triggers.iter().any(|trigger| trigger.name == name);
        if TRIGGERS.iter().any(|name| lacks(name)) {
            if known.is_none() {
                self.calls += 1;
                *known = Some(self.app.alerts.triggers(self.key).await?);
            }
            let has = |name: &str| known.iter().flatten().any(|known| known == name);
            let missing: Vec<&str> = TRIGGERS.into_iter().filter(|name| lacks(name) && has(name)).collect();
            if !missing.is_empty() {
                if !self.may_change() {
                    return Ok(false);
                }
                self.app.alerts.enable(self.key, &alert.id, &missing).await?;
            }
        }
        if let Some(notifier) = notifier.filter(|wanted| !alert.notifiers.iter().any(|id| id == wanted)) {
            if !self.may_change() {
                return Ok(false);
            }
            self.app.alerts.attach(self.key, &alert.id, notifier).await?;
        }
        Ok(true)
    }

    /// Counts a change that is about to be made, if one more may be.
    fn may_change(&mut self) -> bool {
        let may = self.changes < MOST_CHANGES && Instant::now() < self.deadline;
        if may {
            self.changes += 1;
            self.calls += 1;
        }
        may
    }
}

/// Networks as Shodan writes them, sorted.
fn networks(texts: &[String]) -> Vec<IpNet> {
    let read = |text: &String| {
        let address = || text.trim().parse::<std::net::IpAddr>().ok().map(IpNet::from);
        text.trim().parse().ok().or_else(address)
    };
    let mut networks: Vec<IpNet> = texts.iter().filter_map(read).collect();
    networks.sort();
    networks.dedup();
    networks
}
