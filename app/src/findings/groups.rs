use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::asset::Asset;
use domain::finding::Finding;
use domain::ids::{Bucket, OrgId, ServiceId};
use domain::role::Action;
use domain::rule::{Category, RuleSet};
use domain::service::Service;
use domain::target::Target;

use super::filter::FindingFilter;
use super::sieve::{Sieve, Verdict};
use super::sweep::Sweep;
use crate::access::Caller;
use crate::assets::Register;
use crate::directory::{Counts, Entry, Flags, rule_number};
use crate::ports::Table;
use crate::{App, Error, UserError, UserErrorCode, ledger, rows};

/// By what findings are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Severity.
    Severity,
    /// Owner of the asset.
    Owner,
    /// Site of the asset.
    Site,
    /// Id of the asset.
    Asset,
    /// The asset's network: itself, or the smallest registered one that holds it.
    Network,
    /// Tag of the asset; a finding is in the group of each.
    Tag,
    /// CVE; a finding is in the group of each.
    Cve,
    /// Id of the rule.
    Rule,
    /// Category.
    Category,
    /// Port.
    Port,
    /// Product of the service.
    Product,
    /// Id of who works on it.
    Assignee,
    /// Why it was resolved.
    Resolution,
}

/// Findings with the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// One text per dimension; empty: it has none.
    pub key: Vec<String>,
    /// How many.
    pub counts: Counts,
    /// Of so many assets.
    pub assets: usize,
    /// Open or acknowledged, and due.
    pub overdue: usize,
    /// The greatest risk of those that are open or acknowledged.
    pub risk: u8,
    /// When the oldest of those was opened, in seconds since 1970; 0: there are none.
    pub oldest: u32,
}

/// Groups, those with most open and acknowledged findings first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The groups.
    pub groups: Vec<Group>,
    /// `false`: there are more groups, or more findings than could be looked at.
    pub complete: bool,
}

/// Dimensions of one question.
const DIMENSIONS: usize = 3;
/// Groups that are shown.
const MOST_SHOWN: usize = 1000;
/// Groups that are counted.
const MOST_COUNTED: usize = 20_000;

/// Groups the findings that a filter matches. Where the directory cannot tell the key, at most 10 000 rows are read.
pub async fn groups(
    app: &App,
    caller: &Caller,
    by: &[Dimension],
    filter: &FindingFilter,
    first: usize,
) -> Result<Groups, Error> {
    caller.may(Action::Read)?;
    let fault = |message: String| Error::from(UserError::general(UserErrorCode::Invalid, message));
    if by.is_empty() || by.len() > DIMENSIONS {
        return Err(fault(format!("group by 1 to {DIMENSIONS} dimensions")));
    }
    if !(1..=MOST_SHOWN).contains(&first) {
        return Err(fault(format!("first lies between 1 and {MOST_SHOWN}")));
    }
    let (_, snapshot) = app.snapshot(&caller.org, Bucket::default()).await?;
    let register = Register::read(app, &caller.org).await?;
    let sieve = Sieve::new(app, caller, filter).await?;
    let products = if by.contains(&Dimension::Product) { Some(products(app, &caller.org).await?) } else { None };
    let now = app.now();
    let wants_row = |e: &Entry| {
        let key = |d: &Dimension| match d {
            Dimension::Cve => e.cves != 0,
            Dimension::Assignee => e.flags.has(Flags::ASSIGNED),
            Dimension::Product => true,
            Dimension::Rule => built_in(e.rule).is_none(),
            _ => false,
        };
        by.iter().any(key) || sieve.overdue(e) == Verdict::Maybe
    };
    let mut found: BTreeMap<Vec<String>, (Group, BTreeSet<u128>)> = BTreeMap::new();
    let mut room = true;
    let sweep = Sweep { app, org: &caller.org, snapshot: &snapshot, sieve: &sieve };
    let complete = sweep
        .each(wants_row, |entry, row| {
            let overdue = row.map_or(sieve.overdue(entry) == Verdict::Yes, |f| {
                f.state.is_active() && f.due_at.is_some_and(|due| due <= now)
            });
            let asset = register.find(&entry.owner(Bucket::default()));
            let place = Place { entry, row, asset, register: &register, products: products.as_ref().map(|(p, _)| p) };
            for key in place.keys(by) {
                if found.len() >= MOST_COUNTED && !found.contains_key(&key) {
                    room = false;
                    continue;
                }
                let (group, assets) = found.entry(key).or_default();
                group.counts.add(entry.state, entry.severity);
                assets.insert(entry.owner);
                if entry.state.is_active() {
                    group.overdue += usize::from(overdue);
                    group.risk = group.risk.max(entry.risk);
                    group.oldest = if group.oldest == 0 { entry.opened } else { group.oldest.min(entry.opened) };
                }
            }
        })
        .await?;
    let mut groups: Vec<Group> =
        found.into_iter().map(|(key, (group, assets))| Group { key, assets: assets.len(), ..group }).collect();
    let active = |g: &Group| FINDING_STATES.iter().map(|s| g.counts.total(*s)).sum::<u32>();
    groups.sort_by(|a, b| active(b).cmp(&active(a)).then_with(|| b.risk.cmp(&a.risk)).then_with(|| a.key.cmp(&b.key)));
    let shown = groups.len() <= first;
    groups.truncate(first);
    let known = products.is_none_or(|(_, all)| all);
    Ok(Groups { groups, complete: complete && room && shown && known })
}

const FINDING_STATES: [domain::finding::FindingState; 2] =
    [domain::finding::FindingState::Open, domain::finding::FindingState::Acknowledged];

/// Services whose products are looked up.
const MOST_SERVICES: usize = 10_000;

/// The products of services; and whether these are all.
async fn products(app: &App, org: &OrgId) -> Result<(HashMap<ServiceId, String>, bool), Error> {
    let partition = ledger::partition(org, Bucket::default());
    let mut range = crate::ports::RowRange::prefix("s|", 1000);
    let (mut found, mut read) = (HashMap::new(), 0);
    loop {
        let page = app.tables.range(Table::Exposure, &partition, range.clone()).await?;
        read += page.rows.len();
        for row in &page.rows {
            let service: Service = rows::decode(row)?;
            if let Some(product) = service.banner.and_then(|b| b.product) {
                found.insert(service.id, product);
            }
        }
        match page.next {
            None => return Ok((found, true)),
            Some(_) if read >= MOST_SERVICES => return Ok((found, false)),
            Some(next) => range.from = next,
        }
    }
}

/// The id of a rule of the house.
fn built_in(number: u64) -> Option<&'static str> {
    static NAMES: std::sync::LazyLock<HashMap<u64, &'static str>> =
        std::sync::LazyLock::new(|| RuleSet::built_in().rules().map(|r| (rule_number(&r.id), r.id.as_str())).collect());
    NAMES.get(&number).copied()
}

/// A finding with what its keys are read off.
struct Place<'a> {
    entry: &'a Entry,
    row: Option<&'a Finding>,
    asset: Option<&'a Asset>,
    register: &'a Register,
    products: Option<&'a HashMap<ServiceId, String>>,
}

impl Place<'_> {
    /// One key, or several where a dimension has several values.
    fn keys(&self, by: &[Dimension]) -> Vec<Vec<String>> {
        let mut keys = vec![Vec::new()];
        for dimension in by {
            let mut values = self.values(*dimension);
            if values.is_empty() {
                values.push(String::new());
            }
            keys = keys
                .into_iter()
                .flat_map(|key: Vec<String>| {
                    values.iter().map(move |value| key.iter().cloned().chain([value.clone()]).collect())
                })
                .collect();
        }
        keys
    }

    fn values(&self, dimension: Dimension) -> Vec<String> {
        let one = |value: Option<String>| value.into_iter().collect::<Vec<_>>();
        let (entry, asset) = (self.entry, self.asset);
        match dimension {
            Dimension::Severity => vec![entry.severity.as_str().to_owned()],
            Dimension::Owner => one(asset.and_then(|a| a.owner.clone())),
            Dimension::Site => one(asset.and_then(|a| a.device.site.clone())),
            Dimension::Asset => vec![entry.owner(Bucket::default()).to_string()],
            Dimension::Network => one(asset.and_then(|a| self.network(a))),
            Dimension::Tag => asset.map(|a| a.tags.clone()).unwrap_or_default(),
            Dimension::Cve => {
                let mut cves: Vec<String> =
                    self.row.iter().flat_map(|f| &f.vulnerabilities).map(|v| v.cve.to_string()).collect();
                cves.sort_unstable();
                cves.dedup();
                cves
            }
            Dimension::Rule => {
                one(built_in(entry.rule).map(str::to_owned).or_else(|| self.row.map(|f| f.rule.to_string())))
            }
            Dimension::Category => one(Category::ALL.get(usize::from(entry.category)).map(|c| c.as_str().to_owned())),
            Dimension::Port => one((entry.port != 0).then(|| entry.port.to_string())),
            Dimension::Product => {
                let service = self.row.and_then(|f| f.service.as_ref());
                one(service.zip(self.products).and_then(|(id, products)| products.get(id).cloned()))
            }
            Dimension::Assignee => one(self.row.and_then(|f| f.assignee.as_ref()).and_then(|a| a.id.clone())),
            Dimension::Resolution => one(entry.resolution().map(|r| r.as_str().to_owned())),
        }
    }

    fn network(&self, asset: &Asset) -> Option<String> {
        if let Target::Network(net) = &asset.target {
            return Some(net.to_string());
        }
        let parent = self.register.owners().parent(&asset.target, &asset.id)?;
        self.register.find(parent).map(|a| a.target.to_string())
    }
}
