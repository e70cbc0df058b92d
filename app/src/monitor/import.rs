use std::collections::BTreeSet;

use domain::policy::TriagePolicy;
use domain::role::Action;

use super::channels::{Planned, make, planned};
use super::ignored;
use super::wanted::mark;
use crate::access::{self, Caller};
use crate::assets::{self, AssetDraft, Imported, OnExisting};
use crate::notify::Channel;
use crate::poll::{self, Spent};
use crate::ports::Alert;
use crate::repeat::ClientRequest;
use crate::research::refused;
use crate::{App, Error, UserError, UserErrorCode};

/// What came along from somebody's Shodan Monitor.
#[derive(Clone, Debug, Default)]
pub struct Moved {
    /// The assets, a row for each network and domain.
    pub assets: Vec<Imported>,
    /// The channels that were made: none of them sends before a person switches it on, or a recipient confirms.
    pub channels: Vec<Channel>,
    /// The channels that were to be made, in words.
    pub planned: Vec<String>,
    /// The triage policies that were made of what alerts ignore.
    pub policies: Vec<TriagePolicy>,
    /// Those that were to be made, in words.
    pub planned_policies: Vec<String>,
    /// What did not come along, and why.
    pub left: Vec<String>,
}

/// The convention of Shodan's own tools: an alert of this name watches what a domain resolves to.
const DOMAIN: &str = "__domain:";
/// Rows of one import.
const MOST: usize = 1000;
/// Characters of a label.
const LONGEST: usize = 50;

/// Takes over the alerts of the organization's own account: networks and domains become assets that bear the name of
/// their alert as a label, notifiers become channels about those labels, and what they ignore becomes triage policies. With `dry_run` nothing is changed. What is
/// there already is left as it is, so that doing it again adds what is new.
pub async fn import_alerts(
    app: &App,
    caller: &Caller,
    dry_run: bool,
    request: Option<&ClientRequest>,
) -> Result<Moved, Error> {
    caller.may(Action::WriteAssets)?;
    let organization = access::organization(app, &caller.org).await?.ok_or(Error::Unauthenticated)?;
    if organization.shodan_key.is_none() {
        let message = "alerts come from an account of your own: set its key with setShodanKey";
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    }
    let key = poll::source_key(app, &organization)?;
    let asked = async { Ok((app.alerts.alerts(&key).await?, app.alerts.notifiers(&key).await?)) };
    let asked = asked.await;
    poll::spend_budget(app, &key, &Spent { calls: 2, ..Spent::default() }).await?;
    let (mut alerts, notifiers) = asked.map_err(refused)?;
    alerts.retain(|alert| !alert.name.starts_with(&mark(&caller.org)));
    let mut moved = Moved { left: empty(&alerts), ..Moved::default() };
    let drafts = drafts(&alerts);
    for (number, several) in drafts.chunks(MOST).enumerate() {
        let rows = several.iter().cloned().map(Ok).collect();
        let part = request.map(|request| request.part(number));
        moved.assets.extend(assets::import_once(app, caller, rows, OnExisting::Skip, dry_run, part.as_ref()).await?);
    }
    let (planned, left) = planned(app, &alerts, &notifiers);
    moved.left.extend(left);
    moved.planned = planned.iter().map(Planned::describe).collect();
    if caller.may(Action::ManageNotifications).is_err() {
        moved.left.extend(moved.planned.drain(..).map(|what| format!("{what}: you may not make channels")));
    } else if !dry_run {
        let (channels, left) = make(app, caller, planned).await?;
        moved.channels = channels;
        moved.left.extend(left);
    }
    let (planned, left) = ignored::planned(app, &alerts);
    moved.left.extend(left);
    moved.planned_policies = planned.iter().map(ignored::Planned::describe).collect();
    if caller.may(Action::ManageRules).is_err() {
        let policies = moved.planned_policies.drain(..);
        moved.left.extend(policies.map(|what| format!("{what}: you may not make triage policies")));
    } else if !dry_run {
        let (policies, left) = ignored::make(app, caller, planned).await?;
        moved.policies = policies;
        moved.left.extend(left);
    }
    Ok(moved)
}

/// An asset for each network and domain, each once, labelled with its alert's name.
fn drafts(alerts: &[Alert]) -> Vec<AssetDraft> {
    let mut seen = BTreeSet::new();
    let mut drafts = Vec::new();
    for alert in alerts {
        let domain = alert.name.strip_prefix(DOMAIN).map(|name| vec![name.trim().to_owned()]);
        let targets = domain.unwrap_or_else(|| alert.networks.clone());
        let alone = targets.len() == 1;
        for target in targets {
            // A network of one address is a device.
            let target = target.strip_suffix("/32").or(target.strip_suffix("/128")).unwrap_or(&target).to_owned();
            if !seen.insert(target.clone()) {
                continue;
            }
            let name = alert.name.strip_prefix(DOMAIN).unwrap_or(&alert.name).trim();
            let name = if alone { name.to_owned() } else { format!("{name} {target}") };
            drafts.push(AssetDraft {
                name: Some(name.chars().take(200).collect::<String>()).filter(|name| !name.is_empty()),
                target: Some(target),
                tags: vec![label(alert)],
                enabled: true,
                ..AssetDraft::default()
            });
        }
    }
    drafts
}

/// The label that tells from which alert an asset came.
pub(super) fn label(alert: &Alert) -> String {
    let name = alert.name.strip_prefix(DOMAIN).unwrap_or(&alert.name);
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.trim().chars().map(plain).take(LONGEST - "shodan-".len()).collect();
    format!("shodan-{}", text.trim_matches('-'))
}

/// Alerts that have nothing to bring along.
fn empty(alerts: &[Alert]) -> Vec<String> {
    let idle = alerts.iter().filter(|alert| alert.networks.is_empty() && !alert.name.starts_with(DOMAIN));
    idle.map(|alert| format!("alert {:?} watches nothing", alert.name)).collect()
}

#[cfg(test)]
mod tests {
    use domain::target::Target;

    use super::*;

    fn alert(name: &str, networks: &[&str]) -> Alert {
        Alert {
            id: "A".into(),
            name: name.into(),
            networks: networks.iter().map(|n| (*n).to_owned()).collect(),
            created: None,
            expires: None,
            triggers: Vec::new(),
            notifiers: Vec::new(),
        }
    }

    #[test]
    fn networks_domains_and_single_addresses_become_assets_once() {
        let all = [
            alert("Plant (north)", &["8.8.8.8/32", "8.8.4.0/24"]),
            alert("__domain: plant.example", &["9.9.9.9"]),
            alert("again", &["8.8.4.0/24"]),
        ];
        let drafts = drafts(&all);
        let targets: Vec<&str> = drafts.iter().map(|d| d.target.as_deref().unwrap()).collect();
        assert_eq!(targets, ["8.8.8.8", "8.8.4.0/24", "plant.example"]);
        assert_eq!(drafts[0].tags, ["shodan-plant--north"]);
        assert_eq!(drafts[2].name.as_deref(), Some("plant.example"));
        assert!(targets.iter().all(|target| Target::parse(target, &[]).is_ok()));
    }
}
