use domain::due::Sla;
use domain::ids::{OrgId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::read;
use crate::App;
use crate::ports::{RowRange, StoreError, Table};
use crate::vault::{Place, VaultError};

/// Who shares assets, findings and channels. Every row of theirs lies under its id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Never changes.
    pub id: OrgId,
    /// As events and mails name it.
    pub name: String,
    /// When it was founded.
    pub created_at: Timestamp,
    /// How many buckets new assets are spread over, from 1.
    pub buckets: u8,
    /// What it decided.
    pub settings: OrganizationSettings,
    /// Its own Shodan key, sealed for [`shodan_key_place`].
    pub shodan_key: Option<String>,
    /// When its last member left for good: it is being cleared away, and nobody finds it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

impl std::fmt::Debug for Organization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, name, created_at, buckets, settings, shodan_key, closed_at } = self;
        f.debug_struct("Organization")
            .field("id", id)
            .field("name", name)
            .field("created_at", created_at)
            .field("buckets", buckets)
            .field("settings", settings)
            .field("shodan_key", &shodan_key.as_ref().map(|_| "…"))
            .field("closed_at", closed_at)
            .finish()
    }
}

/// What an organization decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OrganizationSettings {
    /// Seconds between polls of an asset that says nothing else; at least [`MIN_POLL_INTERVAL`].
    pub poll_interval: u32,
    /// Days without an observation after which a service is stale.
    pub stale_after_days: u32,
    /// How many misses close a service.
    pub close_after_misses: u32,
    /// Days to fix.
    pub sla: Sla,
    /// Days for which events are kept; `None`: for ever.
    pub event_retention_days: Option<u32>,
    /// Are alerts kept in its own Shodan account, so that what they see is pushed?
    pub shodan_monitor: bool,
}

/// Nobody may poll more often than every so many seconds: Shodan itself looks again after days.
pub const MIN_POLL_INTERVAL: u32 = 300;

impl Default for OrganizationSettings {
    fn default() -> Self {
        let judging = domain::decide::Settings::default();
        Self {
            poll_interval: 3_600,
            stale_after_days: judging.stale_after_days,
            close_after_misses: judging.close_after_misses,
            sla: judging.sla,
            event_retention_days: None,
            shodan_monitor: true,
        }
    }
}

impl OrganizationSettings {
    /// As the decision wants them.
    pub fn judging(&self) -> domain::decide::Settings {
        domain::decide::Settings {
            close_after_misses: self.close_after_misses,
            stale_after_days: self.stale_after_days,
            sla: self.sla.clone(),
        }
    }
}

pub(crate) const PROFILE: &str = "profile";
/// Which organizations there are. A row comes before its organization, so it may name one that never came to be.
pub(super) const REGISTRY: &str = "orgs";
const PAGE: usize = 1_000;

/// The organization with this id.
pub async fn organization(app: &App, id: &OrgId) -> Result<Option<Organization>, StoreError> {
    let stored = read::<Organization>(app, Table::Accounts, &partition(id), PROFILE).await?;
    Ok(stored.map(|stored| stored.thing).filter(|organization| organization.closed_at.is_none()))
}

/// The ids of all organizations, oldest first, for the timer. One that was not finished may be among them: it has
/// no assets, and [`organization`] does not find it.
pub async fn organizations(app: &App) -> Result<Vec<OrgId>, StoreError> {
    let mut ids = Vec::new();
    let mut from = Some(String::new());
    while let Some(start) = from {
        let page = app.tables.range(Table::Accounts, REGISTRY, RowRange { from: start, to: None, limit: PAGE }).await?;
        for row in &page.rows {
            let id = row.key.parse().map_err(|_| StoreError::Corrupt(format!("{:?} is no organization", row.key)))?;
            ids.push(id);
        }
        from = page.next;
    }
    Ok(ids)
}

/// Where an organization's Shodan key is sealed for.
pub fn shodan_key_place(partition: &str) -> Place<'_> {
    Place { table: Table::Accounts, partition, row: PROFILE, column: "shodanKey" }
}

/// The organization's own Shodan key, opened; `None`: it has none.
///
/// # Errors
/// It was sealed with a secret key that is not set any more, or altered: the operator has to act.
pub fn shodan_key(app: &App, organization: &Organization) -> Result<Option<String>, VaultError> {
    let Some(sealed) = &organization.shodan_key else { return Ok(None) };
    let plain = app.vault.open(sealed, &shodan_key_place(&partition(&organization.id)))?;
    String::from_utf8(plain).map(Some).map_err(|_| VaultError::Broken)
}

/// The partition of an organization in `accounts`.
pub(crate) fn partition(id: &OrgId) -> String {
    format!("org:{id}")
}

pub(super) fn member(user: &UserId) -> String {
    format!("member|{user}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    #[test]
    fn settings_that_were_stored_before_a_field_existed_have_its_default() {
        let read: OrganizationSettings = serde_json::from_str(r#"{"pollInterval":600}"#).unwrap();
        assert_eq!(read, OrganizationSettings { poll_interval: 600, ..OrganizationSettings::default() });
    }

    #[test]
    fn a_key_opens_for_its_own_organization_alone_and_is_not_shown() {
        let bench = Bench::new();
        let found = |ulid: &str| Organization {
            id: OrgId::from_ulid(ulid).unwrap(),
            name: "Acme".into(),
            created_at: bench.now(),
            buckets: 1,
            settings: OrganizationSettings::default(),
            shodan_key: None,
            closed_at: None,
        };
        let (mut acme, mut other) = (found("01J8ZQ4W3E9V6T5R2P1N0M8K7H"), found("01J8ZQ4W3E9V6T5R2P1N0M8K7J"));
        let place = partition(&acme.id);
        let sealed = bench.vault.seal(&*bench.ids, b"SHODANKEY", &shodan_key_place(&place)).unwrap();
        (acme.shodan_key, other.shodan_key) = (Some(sealed.clone()), Some(sealed.clone()));
        assert_eq!(shodan_key(&bench, &acme).unwrap().as_deref(), Some("SHODANKEY"));
        assert_eq!(shodan_key(&bench, &other), Err(VaultError::Broken));
        assert!(!format!("{acme:?}").contains(&sealed));
    }
}
