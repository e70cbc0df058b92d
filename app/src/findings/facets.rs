//! What an overview says that the directory does not know: vulnerabilities, products, countries. Each is worked out when it
//! is asked for, of at most 10 000 rows.

use std::collections::{BTreeMap, BTreeSet};

use domain::cve::CveId;
use domain::finding::{FindingState, NamedVulnerability};
use domain::host::Host;
use domain::ids::{Bucket, OrgId};
use domain::role::Action;
use domain::service::{Service, ServiceState};
use serde::de::DeserializeOwned;

use super::filter::FindingFilter;
use super::overview::most;
use super::sieve::Sieve;
use super::sweep::Sweep;
use crate::access::Caller;
use crate::assets::Register;
use crate::directory::Counts;
use crate::ports::{RowRange, Table};
use crate::{App, Error, ledger, rows};

/// How many are shown.
const SHOWN: usize = 10;
/// How many rows are looked at.
const MOST_ROWS: usize = 10_000;

/// A vulnerability with what it concerns.
#[derive(Clone, Debug)]
pub struct VulnerabilitySummary {
    /// The vulnerability, as the source of a finding describes it.
    pub vulnerability: NamedVulnerability,
    /// The findings about it.
    pub counts: Counts,
    /// The assets with such a finding that is open or acknowledged.
    pub assets: usize,
}

/// The CVEs of most active findings, at most ten; of the first 10 000 findings with CVEs.
pub async fn top_vulnerabilities(app: &App, caller: &Caller) -> Result<Vec<VulnerabilitySummary>, Error> {
    caller.may(Action::Read)?;
    let states = Some(vec![FindingState::Open, FindingState::Acknowledged]);
    let filter = FindingFilter { states, ..FindingFilter::default() };
    let (_, snapshot) = app.snapshot(&caller.org, Bucket::default()).await?;
    let sieve = Sieve::new(app, caller, &filter).await?;
    let mut found: BTreeMap<CveId, (NamedVulnerability, Counts, BTreeSet<u128>)> = BTreeMap::new();
    let sweep = Sweep { app, org: &caller.org, snapshot: &snapshot, sieve: &sieve };
    sweep
        .each(
            |entry| entry.cves != 0,
            |entry, row| {
                let mut named = BTreeSet::new();
                let all = row.iter().flat_map(|f| &f.vulnerabilities);
                for vulnerability in all.filter(|v| named.insert(v.cve.clone())) {
                    let fresh = || (vulnerability.clone(), Counts::default(), BTreeSet::new());
                    let (_, counts, assets) = found.entry(vulnerability.cve.clone()).or_insert_with(fresh);
                    counts.add(entry.state, entry.severity);
                    assets.insert(entry.owner);
                }
            },
        )
        .await?;
    let ranked = found.iter().map(|(cve, (_, counts, _))| (cve.clone(), counts.0.iter().flatten().sum::<u32>()));
    let top = most(ranked, SHOWN);
    Ok(top
        .into_iter()
        .filter_map(|(cve, _)| found.remove(&cve))
        .map(|(vulnerability, counts, assets)| VulnerabilitySummary { vulnerability, counts, assets: assets.len() })
        .collect())
}

/// What is known of a CVE here. `None`: no finding is or was about it.
///
/// # Errors
/// More than 10 000 rows would have to be read to count.
pub async fn vulnerability(app: &App, caller: &Caller, cve: &CveId) -> Result<Option<VulnerabilitySummary>, Error> {
    caller.may(Action::Read)?;
    let filter = FindingFilter { cve: Some(cve.clone()), ..FindingFilter::default() };
    let (_, snapshot) = app.snapshot(&caller.org, Bucket::default()).await?;
    let sieve = Sieve::new(app, caller, &filter).await?;
    let (mut counts, mut assets) = (Counts::default(), BTreeSet::new());
    let mut known: Option<(jiff::Timestamp, NamedVulnerability)> = None;
    let sweep = Sweep { app, org: &caller.org, snapshot: &snapshot, sieve: &sieve };
    sweep
        .each(
            |_| true,
            |entry, row| {
                counts.add(entry.state, entry.severity);
                if entry.state.is_active() {
                    assets.insert(entry.owner);
                }
                let Some(finding) = row else { return };
                let Some(named) = finding.vulnerabilities.iter().find(|v| v.cve == *cve) else { return };
                // The latest word counts.
                if known.as_ref().is_none_or(|(at, _)| *at < finding.last_observed_at) {
                    known = Some((finding.last_observed_at, named.clone()));
                }
            },
        )
        .await?;
    Ok(known.map(|(_, vulnerability)| VulnerabilitySummary { vulnerability, counts, assets: assets.len() }))
}

/// The products of most open services of watched assets, at most ten; of the first 10 000 services.
pub async fn top_products(app: &App, caller: &Caller) -> Result<Vec<(String, usize)>, Error> {
    caller.may(Action::Read)?;
    let product = |service: Service| {
        let open = service.state == ServiceState::Open;
        service.banner.filter(|_| open).and_then(|banner| banner.product)
    };
    top(app, &caller.org, "s|", product).await
}

/// The countries of most hosts of watched assets by their ISO 3166 codes, at most ten; of the first 10 000 hosts.
pub async fn countries(app: &App, caller: &Caller) -> Result<Vec<(String, usize)>, Error> {
    caller.may(Action::Read)?;
    top(app, &caller.org, "h|", |host: Host| host.location.and_then(|location| location.country_code)).await
}

async fn top<T: DeserializeOwned>(
    app: &App,
    org: &OrgId,
    prefix: &str,
    value: impl Fn(T) -> Option<String>,
) -> Result<Vec<(String, usize)>, Error> {
    let register = Register::read(app, org).await?;
    let partition = ledger::partition(org, Bucket::default());
    let watched = |key: &str| {
        let asset = key.split('|').nth(1).and_then(|ulid| register.by_ulid(ulid));
        asset.is_some_and(|a| a.retired_at.is_none())
    };
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let mut range = RowRange::prefix(prefix, 1000);
    let mut read = 0;
    loop {
        let page = app.tables.range(Table::Exposure, &partition, range.clone()).await?;
        read += page.rows.len();
        for row in page.rows.iter().filter(|row| watched(&row.key)) {
            if let Some(value) = value(rows::decode(row)?) {
                *counted.entry(value).or_default() += 1;
            }
        }
        match page.next {
            Some(next) if read < MOST_ROWS => range.from = next,
            _ => return Ok(most(counted, SHOWN)),
        }
    }
}
