use std::collections::BTreeMap;

use domain::finding::{FindingState, Resolution};
use domain::ids::{AssetId, Bucket};
use domain::role::Action;
use jiff::Timestamp;

use super::days::{self, Day};
use super::filter::FindingFilter;
use super::sieve::{Sieve, Verdict};
use super::sweep::Sweep;
use crate::access::Caller;
use crate::directory::{Counts, Entry, Flags};
use crate::{App, Error};

/// The organization at a glance, from the directory alone.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Findings.
    pub counts: Counts,
    /// Opened since the period began.
    pub new_findings: usize,
    /// Resolved since the period began, and not opened again.
    pub resolved_findings: usize,
    /// From opening to resolution, in hours, of those that were fixed or are gone.
    pub mean_time_to_resolve_hours: Option<f64>,
    /// Active and known to be exploited.
    pub known_exploited: usize,
    /// Active and due.
    pub overdue: usize,
    /// The greatest risk of an active finding.
    pub risk: u8,
    /// Active findings by port, most first, at most ten.
    pub top_ports: Vec<(u16, usize)>,
    /// Assets by risk, greatest first, at most five.
    pub top_assets: Vec<AssetId>,
    /// Half of the active findings are older, in hours.
    pub median_age_hours: Option<f64>,
    /// How the days of the period ended, and how today stands.
    pub trend: Vec<Day>,
}

/// What stands for work done: not a rule that changed, or an asset that is watched no more.
const FIXED: [Resolution; 3] = [Resolution::NotSeen, Resolution::SeenFixed, Resolution::Manual];

/// The organization at a glance: the head, the directory, and the rows of the days.
pub async fn overview(app: &App, caller: &Caller, since: Timestamp) -> Result<Overview, Error> {
    caller.may(Action::Read)?;
    let bucket = Bucket::default();
    let (head, snapshot) = app.snapshot(&caller.org, bucket).await?;
    let all = FindingFilter::default();
    let sieve = Sieve::new(app, caller, &all).await?;
    let now = app.now();
    let of_the_second = |e: &Entry| {
        let second = since.as_second();
        sieve.overdue(e) == Verdict::Maybe || i64::from(e.opened) == second || i64::from(e.resolved) == second
    };
    let mut overview = Overview { counts: head.counts, ..Overview::default() };
    let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
    let mut assets: BTreeMap<u128, u8> = BTreeMap::new();
    let (mut ages, mut times) = (Vec::new(), Vec::new());
    let sweep = Sweep { app, org: &caller.org, snapshot: &snapshot, sieve: &sieve };
    sweep
        .each(of_the_second, |entry, row| {
            let later = |at: u32, own: Option<Timestamp>| own.map_or(i64::from(at) > since.as_second(), |t| t > since);
            overview.new_findings += usize::from(later(entry.opened, row.map(|f| f.opened_at)));
            if entry.state == FindingState::Resolved
                && entry.resolved != 0
                && later(entry.resolved, row.and_then(|f| f.resolved_at))
            {
                overview.resolved_findings += 1;
                if FIXED.iter().any(|r| entry.resolution_is(*r)) {
                    times.push(entry.resolved.saturating_sub(entry.opened));
                }
            }
            if !entry.state.is_active() {
                return;
            }
            let overdue = row.map_or(sieve.overdue(entry) == Verdict::Yes, |f| f.due_at.is_some_and(|due| due <= now));
            overview.known_exploited += usize::from(entry.flags.has(Flags::KNOWN_EXPLOITED));
            overview.overdue += usize::from(overdue);
            overview.risk = overview.risk.max(entry.risk);
            if entry.port != 0 {
                *ports.entry(entry.port).or_default() += 1;
            }
            let worst = assets.entry(entry.owner).or_default();
            *worst = entry.risk.max(*worst);
            ages.push(crate::directory::seconds(now).saturating_sub(entry.opened));
        })
        .await?;
    ages.sort_unstable();
    overview.median_age_hours = ages.get(ages.len() / 2).map(|s| f64::from(*s) / 3600.0);
    overview.mean_time_to_resolve_hours = mean_hours(&times);
    overview.top_ports = most(ports, 10);
    overview.top_assets =
        most(assets, 5).into_iter().map(|(ulid, _)| AssetId { bucket, ulid: ulid::Ulid(ulid).to_string() }).collect();
    overview.trend = days::days(app, caller, &snapshot, since).await?;
    Ok(overview)
}

fn mean_hours(seconds: &[u32]) -> Option<f64> {
    let sum: f64 = seconds.iter().map(|s| f64::from(*s) / 3600.0).sum();
    let count = u32::try_from(seconds.len()).ok().filter(|n| *n > 0)?;
    Some(sum / f64::from(count))
}

/// The greatest first; ties by key.
pub(super) fn most<K: Ord, V: Ord>(counted: impl IntoIterator<Item = (K, V)>, limit: usize) -> Vec<(K, V)> {
    let mut all: Vec<_> = counted.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(limit);
    all
}
