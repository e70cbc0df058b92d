use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use domain::asset::Criticality;
use domain::cve::CveId;
use domain::finding::{Finding, FindingState, Resolution};
use domain::ids::{AssetId, FindingId};
use domain::role::Action;
use domain::rule::{Category, RuleId};
use domain::severity::{Confidence, Severity};
use ipnet::IpNet;
use jiff::Timestamp;

use super::stored::read_finding;
use crate::access::Caller;
use crate::assets::{Register, bad_cursor};
use crate::directory::{Counts, Cursor, Direction, Entry, Flags, Order, Snapshot};
use crate::ports::Table;
use crate::{App, Error, ledger};

/// Which findings to list. Fields are and-ed; the values of a list are or-ed.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of the API's FindingFilter, described there")]
pub struct FindingFilter {
    pub text: Option<String>,
    pub severities: Option<Vec<Severity>>,
    pub states: Option<Vec<FindingState>>,
    pub categories: Option<Vec<Category>>,
    pub confidence: Option<Vec<Confidence>>,
    pub asset_ids: Option<Vec<AssetId>>,
    pub asset_tags: Option<Vec<String>>,
    pub owners: Option<Vec<String>>,
    pub sites: Option<Vec<String>>,
    pub asset_criticality: Option<Vec<Criticality>>,
    pub ip: Option<IpAddr>,
    pub within: Option<Vec<IpNet>>,
    pub ports: Option<Vec<u16>>,
    pub cves: Option<Vec<CveId>>,
    pub rule: Option<RuleId>,
    pub known_exploited: Option<bool>,
    pub ransomware: Option<bool>,
    pub min_epss: Option<f64>,
    pub min_cvss: Option<f64>,
    pub min_risk_score: Option<u8>,
    pub overdue: Option<bool>,
    pub stale: Option<bool>,
    pub unassigned: Option<bool>,
    pub resolutions: Option<Vec<Resolution>>,
    pub first_observed_after: Option<Timestamp>,
    pub updated_after: Option<Timestamp>,
    pub opened_after: Option<Timestamp>,
    pub opened_before: Option<Timestamp>,
    pub resolved_after: Option<Timestamp>,
    pub resolved_before: Option<Timestamp>,
    pub due_before: Option<Timestamp>,
    pub triage_ends_before: Option<Timestamp>,
}

/// A finding in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The finding.
    pub finding: Arc<Finding>,
    /// Its place in the list.
    pub cursor: String,
}

/// A page of findings.
#[derive(Clone, Debug)]
pub struct FindingPage {
    /// The findings.
    pub items: Vec<Listed>,
    /// Is there more behind the page, in the direction of reading? `true` also when the page stopped at its bound.
    pub more: bool,
    /// Of all that match; `None` when only reading every row could tell.
    pub counts: Option<Counts>,
}

/// What the rows of a page may cost when the directory cannot tell: so many point reads.
const MOST_ROWS: usize = 1000;
const READ_AHEAD: usize = 100;

/// A page of findings: `limit` from behind the cursor, or before it when `backward`.
pub async fn page(
    app: &App,
    caller: &Caller,
    filter: &FindingFilter,
    (order, direction): (Order, Direction),
    (cursor, limit, backward): (Option<&str>, usize, bool),
) -> Result<FindingPage, Error> {
    caller.may(Action::Read)?;
    let bucket = domain::ids::Bucket::default();
    let after = cursor.map(|c| Cursor::decode(c).ok_or_else(bad_cursor)).transpose()?;
    let (_, snapshot) = app.snapshot(&caller.org, bucket).await?;
    let assets = filter.assets(app, caller).await?;
    let now = crate::directory::seconds(app.now());
    let takes = |e: &&Entry| filter.takes(e, assets.as_ref(), now);
    let direction = match (direction, backward) {
        (d, false) => d,
        (Direction::Ascending, true) => Direction::Descending,
        (Direction::Descending, true) => Direction::Ascending,
    };
    let partition = ledger::partition(&caller.org, bucket);
    let mut candidates = snapshot.walk(order, direction, after).filter(takes).copied();
    let mut items = Vec::new();
    let mut more = false;
    let mut read = 0;
    if filter.needs_rows() {
        'reading: while read < MOST_ROWS {
            let some: Vec<Entry> = candidates.by_ref().take(READ_AHEAD).collect();
            if some.is_empty() {
                break;
            }
            read += some.len();
            for (entry, finding) in read_rows(app, &partition, bucket, &snapshot, &some).await? {
                if !filter.takes_row(&finding) {
                    continue;
                }
                if items.len() == limit {
                    more = true;
                    break 'reading;
                }
                items.push(Listed { finding, cursor: Cursor::of(order, &entry).encode() });
            }
            more = read >= MOST_ROWS;
        }
    } else {
        let some: Vec<Entry> = candidates.by_ref().take(limit).collect();
        more = candidates.next().is_some();
        let rows = read_rows(app, &partition, bucket, &snapshot, &some).await?;
        items.extend(
            rows.into_iter().map(|(entry, finding)| Listed { finding, cursor: Cursor::of(order, &entry).encode() }),
        );
    }
    if backward {
        items.reverse();
    }
    drop(candidates);
    Ok(FindingPage { items, more, counts: None })
}

/// How many findings match, by state and severity. `None`: only reading every row could tell.
pub async fn counts(app: &App, caller: &Caller, filter: &FindingFilter) -> Result<Option<Counts>, Error> {
    caller.may(Action::Read)?;
    if filter.needs_rows() {
        return Ok(None);
    }
    let (head, snapshot) = app.snapshot(&caller.org, domain::ids::Bucket::default()).await?;
    if let Some(counts) = filter.of_all(&head.counts) {
        return Ok(Some(counts));
    }
    let assets = filter.assets(app, caller).await?;
    let now = crate::directory::seconds(app.now());
    let mut counts = Counts::default();
    for entry in snapshot.entries().iter().filter(|e| filter.takes(e, assets.as_ref(), now)) {
        counts.add(entry.state, entry.severity);
    }
    Ok(Some(counts))
}

async fn read_rows(
    app: &App,
    partition: &str,
    bucket: domain::ids::Bucket,
    snapshot: &Snapshot,
    entries: &[Entry],
) -> Result<Vec<(Entry, Arc<Finding>)>, Error> {
    let shown = app.directories.shown();
    let mut found: Vec<Option<Arc<Finding>>> = entries.iter().map(|e| shown.get(snapshot, e)).collect();
    let missing: Vec<usize> = (0..entries.len()).filter(|n| found[*n].is_none()).collect();
    let keys: Vec<String> = missing.iter().map(|n| FindingId::row(&entries[*n].id(bucket))).collect();
    let rows =
        if keys.is_empty() { Vec::new() } else { app.tables.get_many(Table::Exposure, partition, &keys).await? };
    for (number, row) in missing.into_iter().zip(rows) {
        // A row that went between the directory and here is simply not there any more.
        let Some(row) = row else { continue };
        let finding = Arc::new(read_finding(&row)?.finding);
        shown.keep(snapshot, &entries[number], &finding);
        found[number] = Some(finding);
    }
    Ok(entries.iter().copied().zip(found).filter_map(|(entry, finding)| Some((entry, finding?))).collect())
}

impl FindingFilter {
    /// The assets that the filter allows; `None`: all.
    async fn assets(&self, app: &App, caller: &Caller) -> Result<Option<HashSet<u128>>, Error> {
        let asks = self.asset_tags.is_some()
            || self.owners.is_some()
            || self.sites.is_some()
            || self.asset_criticality.is_some();
        if !asks && self.asset_ids.is_none() {
            return Ok(None);
        }
        let by_id = |id: &AssetId| self.asset_ids.as_ref().is_none_or(|ids| ids.contains(id));
        if !asks {
            let ids = self.asset_ids.iter().flatten();
            return Ok(Some(ids.map(|id| crate::directory::number(&id.ulid)).collect()));
        }
        let register = Register::read(app, &caller.org).await?;
        let among = |wanted: &Option<Vec<String>>, value: Option<&String>| {
            wanted.as_ref().is_none_or(|w| value.is_some_and(|v| w.contains(v)))
        };
        let allowed = register.assets().filter(|a| {
            by_id(&a.id)
                && self.asset_tags.as_ref().is_none_or(|tags| tags.iter().any(|t| a.tags.contains(t)))
                && among(&self.owners, a.owner.as_ref())
                && among(&self.sites, a.device.site.as_ref())
                && self.asset_criticality.as_ref().is_none_or(|c| c.contains(&a.criticality))
        });
        Ok(Some(allowed.map(|a| crate::directory::number(&a.id.ulid)).collect()))
    }

    /// What states and severities leave of the counts of everything; `None`: the filter asks for more than these.
    fn of_all(&self, all: &Counts) -> Option<Counts> {
        let rest = Self { states: None, severities: None, ..self.clone() };
        (rest == Self::default()).then(|| {
            let takes_state = |state| self.states.as_ref().is_none_or(|s| s.contains(&state));
            let takes_severity = |severity| self.severities.as_ref().is_none_or(|s| s.contains(&severity));
            all.only(takes_state, takes_severity)
        })
    }

    fn takes(&self, e: &Entry, assets: Option<&HashSet<u128>>, now: u32) -> bool {
        let after = |wanted: Option<Timestamp>, at: u32| wanted.is_none_or(|t| i64::from(at) > t.as_second());
        let before = |wanted: Option<Timestamp>, at: u32| wanted.is_none_or(|t| i64::from(at) < t.as_second());
        let category =
            |c: &Vec<Category>| Category::ALL.get(usize::from(e.category)).is_some_and(|own| c.contains(own));
        self.severities.as_ref().is_none_or(|s| s.contains(&e.severity))
            && self.states.as_ref().is_none_or(|s| s.contains(&e.state))
            && self.categories.as_ref().is_none_or(category)
            && self.confidence.as_ref().is_none_or(|c| c.contains(&e.confidence))
            && assets.is_none_or(|a| a.contains(&e.owner))
            && self.ports.as_ref().is_none_or(|p| p.contains(&e.port))
            && self.known_exploited.is_none_or(|k| e.flags.has(Flags::KNOWN_EXPLOITED) == k)
            && self.ransomware.is_none_or(|k| e.flags.has(Flags::RANSOMWARE) == k)
            && self.stale.is_none_or(|k| e.flags.has(Flags::STALE) == k)
            && self.unassigned.is_none_or(|k| e.flags.has(Flags::ASSIGNED) != k)
            && self.min_risk_score.is_none_or(|r| e.risk >= r)
            && self.overdue.is_none_or(|o| (e.state.is_active() && e.due != 0 && e.due <= now) == o)
            && after(self.first_observed_after, e.first)
            && after(self.updated_after, e.updated)
            && after(self.opened_after, e.opened)
            && before(self.opened_before, e.opened)
            && (self.due_before.is_none() || (e.due != 0 && before(self.due_before, e.due)))
    }

    /// Does the filter ask what only rows can tell?
    fn needs_rows(&self) -> bool {
        self.text.is_some()
            || self.ip.is_some()
            || self.within.is_some()
            || self.cves.is_some()
            || self.rule.is_some()
            || self.min_epss.is_some()
            || self.min_cvss.is_some()
            || self.resolutions.is_some()
            || self.resolved_after.is_some()
            || self.resolved_before.is_some()
            || self.triage_ends_before.is_some()
    }

    fn takes_row(&self, f: &Finding) -> bool {
        let most = |value: fn(&domain::observation::VulnerabilityClaim) -> Option<f64>| {
            f.vulnerabilities.iter().filter_map(|v| value(&v.claim)).reduce(f64::max)
        };
        let text = |wanted: &String| {
            let wanted = wanted.to_lowercase();
            [&f.title, &f.rule_name, &f.remediation].into_iter().any(|t| t.to_lowercase().contains(&wanted))
                || f.ip.to_string().contains(&wanted)
                || f.evidence.iter().any(|e| e.value.to_lowercase().contains(&wanted))
        };
        self.text.as_ref().is_none_or(text)
            && self.ip.is_none_or(|ip| f.ip == ip)
            && self.within.as_ref().is_none_or(|nets| nets.iter().any(|n| n.contains(&f.ip)))
            && self.cves.as_ref().is_none_or(|cves| f.vulnerabilities.iter().any(|v| cves.contains(&v.cve)))
            && self.rule.as_ref().is_none_or(|r| f.rule == *r)
            && self.min_epss.is_none_or(|p| most(|c| c.epss).is_some_and(|own| own >= p))
            && self.min_cvss.is_none_or(|p| most(|c| c.cvss).is_some_and(|own| own >= p))
            && self.resolutions.as_ref().is_none_or(|r| f.resolution.is_some_and(|own| r.contains(&own)))
            && self.resolved_after.is_none_or(|t| f.resolved_at.is_some_and(|own| own > t))
            && self.resolved_before.is_none_or(|t| f.resolved_at.is_some_and(|own| own < t))
            && self
                .triage_ends_before
                .is_none_or(|t| f.triage.as_ref().and_then(|t| t.until).is_some_and(|own| own < t))
    }
}
