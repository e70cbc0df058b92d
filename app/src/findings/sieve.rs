use std::collections::HashSet;

use domain::finding::{Finding, FindingState};
use domain::observation::VulnerabilityClaim;
use domain::rule::Category;
use jiff::Timestamp;

use super::filter::FindingFilter;
use crate::App;
use crate::access::Caller;
use crate::assets::Register;
use crate::directory::{Entry, Flags, cve_bits, number, rule_number};
use crate::ports::StoreError;

/// What the directory says of a finding and a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does not match.
    No,
    /// Only its row can tell.
    Maybe,
    /// It matches.
    Yes,
}

/// A filter at one instant, ready to be asked about many findings.
pub(super) struct Sieve<'a> {
    filter: &'a FindingFilter,
    now: Timestamp,
    /// The assets that it allows; `None`: all.
    assets: Option<HashSet<u128>>,
    rule: Option<u64>,
    cve: Option<u64>,
    cves: Option<Vec<u64>>,
}

impl<'a> Sieve<'a> {
    /// Reads the register where the filter asks about assets.
    pub(super) async fn new(app: &App, caller: &Caller, filter: &'a FindingFilter) -> Result<Self, StoreError> {
        Self::new_at(app, caller, filter, app.now()).await
    }

    /// The same at another instant.
    pub(super) async fn new_at(
        app: &App,
        caller: &Caller,
        filter: &'a FindingFilter,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let assets = if filter.asks_of_asset() {
            let register = Register::read(app, &caller.org).await?;
            Some(allowed(filter, &register))
        } else {
            filter.asset_ids.as_ref().map(|ids| ids.iter().map(|id| number(&id.ulid)).collect())
        };
        Ok(Self {
            filter,
            now,
            assets,
            rule: filter.rule.as_ref().map(rule_number),
            cve: filter.cve.as_ref().map(cve_bits),
            cves: filter.cves.as_ref().map(|cves| cves.iter().map(cve_bits).collect()),
        })
    }

    /// What the directory says.
    pub(super) fn verdict(&self, e: &Entry) -> Verdict {
        if !self.may_be(e) {
            return Verdict::No;
        }
        let f = self.filter;
        let rows = if f.asks_of_rows() { Verdict::Maybe } else { Verdict::Yes };
        let overdue = f.overdue.map_or(Verdict::Yes, |wanted| {
            let is = self.overdue(e);
            if wanted { is } else { is.not() }
        });
        [
            rows,
            overdue,
            after(f.first_observed_after, e.first),
            after(f.updated_after, e.updated),
            after(f.opened_after, e.opened),
            before(f.opened_before, e.opened),
            after(f.resolved_after, e.resolved),
            before(f.resolved_before, e.resolved),
            before(f.due_before, e.due),
        ]
        .into_iter()
        .fold(Verdict::Yes, Verdict::and)
    }

    /// Is it open or acknowledged, and due?
    pub(super) fn overdue(&self, e: &Entry) -> Verdict {
        if e.state.is_active() { after(Some(self.now), e.due).not().and(has(e.due)) } else { Verdict::No }
    }

    fn may_be(&self, e: &Entry) -> bool {
        let f = self.filter;
        let category =
            |c: &Vec<Category>| Category::ALL.get(usize::from(e.category)).is_some_and(|own| c.contains(own));
        let named = |bits: &Vec<u64>| bits.iter().any(|bits| e.may_name(*bits));
        f.severities.as_ref().is_none_or(|s| s.contains(&e.severity))
            && f.states.as_ref().is_none_or(|s| s.contains(&e.state))
            && f.categories.as_ref().is_none_or(category)
            && f.confidence.as_ref().is_none_or(|c| c.contains(&e.confidence))
            && f.ports.as_ref().is_none_or(|p| e.port != 0 && p.contains(&e.port))
            && f.known_exploited.is_none_or(|k| e.flags.has(Flags::KNOWN_EXPLOITED) == k)
            && f.ransomware.is_none_or(|k| e.flags.has(Flags::RANSOMWARE) == k)
            && f.stale.is_none_or(|k| e.flags.has(Flags::STALE) == k)
            && f.unassigned.is_none_or(|k| e.flags.has(Flags::ASSIGNED) != k)
            && f.has_ticket.is_none_or(|k| e.flags.has(Flags::TICKET) == k)
            && f.min_risk_score.is_none_or(|r| e.risk >= r)
            && self.rule.is_none_or(|r| e.rule == r)
            && self.cve.is_none_or(|bits| e.may_name(bits))
            && self.cves.as_ref().is_none_or(named)
            && f.resolutions.as_ref().is_none_or(|r| r.iter().any(|r| e.resolution_is(*r)))
            && f.ssvc.as_ref().is_none_or(|s| s.iter().any(|decision| e.ssvc_is(*decision)))
            && self.assets.as_ref().is_none_or(|assets| assets.contains(&e.owner))
            // What follows spares rows that cannot match.
            && (f.assignee.is_none() || e.flags.has(Flags::ASSIGNED))
            && (f.min_epss.is_none() && f.min_cvss.is_none() || e.cves != 0)
            && (f.triage_policy.is_none() && f.triage_ends_before.is_none() || e.state != FindingState::Open)
    }

    /// Does a finding that was read match?
    pub(super) fn takes(&self, f: &Finding) -> bool {
        match self.verdict(&Entry::of(f)) {
            Verdict::No => false,
            Verdict::Maybe => self.takes_row(f),
            Verdict::Yes => true,
        }
    }

    /// What the row says where the directory could not: text, addresses, CVEs, people, and instants exactly.
    pub(super) fn takes_row(&self, f: &Finding) -> bool {
        let w = self.filter;
        let most = |value: fn(&VulnerabilityClaim) -> Option<f64>| {
            f.vulnerabilities.iter().filter_map(|v| value(&v.claim)).reduce(f64::max)
        };
        let overdue = || f.state.is_active() && f.due_at.is_some_and(|due| due <= self.now);
        let later = |wanted: Option<Timestamp>, own: Option<Timestamp>| {
            wanted.is_none_or(|wanted| own.is_some_and(|own| own > wanted))
        };
        let sooner = |wanted: Option<Timestamp>, own: Option<Timestamp>| {
            wanted.is_none_or(|wanted| own.is_some_and(|own| own < wanted))
        };
        w.text.as_ref().is_none_or(|wanted| has_text(f, &wanted.to_lowercase()))
            && w.ip.is_none_or(|ip| f.ip == ip)
            && w.within.as_ref().is_none_or(|nets| nets.iter().any(|n| n.contains(&f.ip)))
            && w.cve.as_ref().is_none_or(|cve| f.vulnerabilities.iter().any(|v| v.cve == *cve))
            && w.cves.as_ref().is_none_or(|cves| f.vulnerabilities.iter().any(|v| cves.contains(&v.cve)))
            && w.min_epss.is_none_or(|p| most(|c| c.epss).is_some_and(|own| own >= p))
            && w.min_cvss.is_none_or(|p| most(|c| c.cvss).is_some_and(|own| own >= p))
            && w.assignee
                .as_ref()
                .is_none_or(|id| f.assignee.as_ref().is_some_and(|a| a.id.as_deref() == Some(id.as_str())))
            && w.triage_policy
                .as_ref()
                .is_none_or(|id| f.triage.as_ref().is_some_and(|t| t.policy_id() == Some(id.as_str())))
            && sooner(w.triage_ends_before, f.triage.as_ref().and_then(|t| t.until))
            && w.overdue.is_none_or(|wanted| overdue() == wanted)
            && later(w.first_observed_after, Some(f.first_observed_at))
            && later(w.updated_after, Some(f.updated_at))
            && later(w.opened_after, Some(f.opened_at))
            && sooner(w.opened_before, Some(f.opened_at))
            && later(w.resolved_after, f.resolved_at)
            && sooner(w.resolved_before, f.resolved_at)
            && sooner(w.due_before, f.due_at)
    }
}

fn has_text(f: &Finding, wanted: &str) -> bool {
    [&f.title, &f.rule_name, &f.remediation].into_iter().any(|t| t.to_lowercase().contains(wanted))
        || f.ip.to_string().contains(wanted)
        || f.evidence.iter().any(|e| e.value.to_lowercase().contains(wanted))
}

/// The assets that a filter allows.
fn allowed(filter: &FindingFilter, register: &Register) -> HashSet<u128> {
    let among = |wanted: &Option<Vec<String>>, value: Option<&String>| {
        wanted.as_ref().is_none_or(|w| value.is_some_and(|v| w.contains(v)))
    };
    let fits = register.assets().filter(|a| {
        filter.asset_ids.as_ref().is_none_or(|ids| ids.contains(&a.id))
            && filter.asset_tags.as_ref().is_none_or(|tags| tags.iter().any(|t| a.tags.contains(t)))
            && among(&filter.owners, a.owner.as_ref())
            && among(&filter.sites, a.device.site.as_ref())
            && filter.asset_criticality.as_ref().is_none_or(|c| c.contains(&a.criticality))
    });
    fits.map(|a| number(&a.id.ulid)).collect()
}

impl Verdict {
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Maybe, _) | (_, Self::Maybe) => Self::Maybe,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }
}

/// Is there an instant?
const fn has(at: u32) -> Verdict {
    if at == 0 { Verdict::No } else { Verdict::Yes }
}

/// Is the instant that begins with this second later? The very second that is asked for is its row's to tell, and so
/// is what does not fit the directory's count of seconds.
fn after(wanted: Option<Timestamp>, at: u32) -> Verdict {
    let Some(wanted) = wanted else { return Verdict::Yes };
    match i64::from(at).cmp(&wanted.as_second()) {
        _ if at == 0 => Verdict::No,
        _ if at == 1 || at == u32::MAX => Verdict::Maybe,
        std::cmp::Ordering::Less => Verdict::No,
        std::cmp::Ordering::Equal => Verdict::Maybe,
        std::cmp::Ordering::Greater => Verdict::Yes,
    }
}

fn before(wanted: Option<Timestamp>, at: u32) -> Verdict {
    let Some(wanted) = wanted else { return Verdict::Yes };
    after(Some(wanted), at).not().and(has(at))
}
