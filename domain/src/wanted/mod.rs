//! From what is known to what is wrong: the rules and the vulnerabilities of every open service.
//!
//! This judges what is stored, not what was answered: so a new rule, new intelligence or a passing hour act
//! without asking anybody again. Never here: what becomes of a finding over time (`crate::lifecycle`).

mod changes;
mod rules;
mod vulnerabilities;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;

use crate::asset::Asset;
use crate::cve::CveId;
use crate::finding::{Evidence, Identity, NamedVulnerability};
use crate::ids::ServiceId;
use crate::intelligence::Intelligence;
use crate::merge::Known;
use crate::observation::Transport;
use crate::rule::{Category, Rule, RuleId, RuleSet};
use crate::service::{Service, ServiceState};
use crate::severity::{Confidence, Severity};

/// A finding that should be there, by what is known now.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its service.
    pub service: Option<ServiceId>,
    /// Its address.
    pub ip: IpAddr,
    /// Its port and transport.
    pub port: Option<(u16, Transport)>,
    /// The rule, its name and version.
    pub rule: (RuleId, String, u32),
    /// One line.
    pub title: String,
    /// What sort of thing.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The one CVE, when it is about one.
    pub cve: Option<CveId>,
    /// Its CVEs.
    pub vulnerabilities: Vec<NamedVulnerability>,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remediation: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// When the source saw it.
    pub observed_at: Timestamp,
}

/// What the rules say of an asset.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// What should be there, by identity.
    pub wanted: BTreeMap<Identity, Wanted>,
    /// What a rule could not decide: it opens and resolves nothing.
    pub undecided: BTreeMap<Identity, String>,
    /// When time alone will change something.
    pub wake: Option<Timestamp>,
    /// Something is undecided because facts about its CVEs are on their way.
    pub awaits_facts: bool,
}

/// What there is to judge by, beside what is known.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The asset.
    pub asset: &'a Asset,
    /// The rules.
    pub rules: &'a RuleSet,
    /// What is known of vulnerabilities.
    pub intelligence: &'a Intelligence,
    /// The CVEs that publishers have answered about; others are being asked for. `None`: nobody is asked.
    pub answered: Option<&'a BTreeSet<CveId>>,
    /// The instant.
    pub now: Timestamp,
}

impl Judge<'_> {
    /// Judges all open services and hosts of the asset.
    pub fn judge(self, known: &Known) -> Verdicts {
        let mut verdicts = Verdicts::default();
        let facts = rules::AssetAndHost::of(self.asset);
        let mut on_ports: BTreeSet<(IpAddr, CveId)> = BTreeSet::new();
        for service in known.services.values().filter(|s| s.state == ServiceState::Open) {
            let host = known.hosts.get(&service.ip());
            rules::judge(&mut verdicts, self, service, host, &facts);
            vulnerabilities::of_service(&mut verdicts, self, service, host);
            let named = service.banner.iter().flat_map(|b| b.vulnerabilities.keys().chain(&b.not_vulnerable));
            on_ports.extend(named.map(|cve| (service.ip(), cve.clone())));
        }
        for host in known.hosts.values() {
            vulnerabilities::of_host(&mut verdicts, self, host, &on_ports);
        }
        changes::judge(&mut verdicts, self, known);
        changes::yield_to_others(&mut verdicts);
        verdicts
    }

    fn identity(self, ip: IpAddr, port: Option<(u16, Transport)>, rule: &str, subject: &str) -> Identity {
        let ip = self.asset.has_many_addresses().then_some(ip);
        Identity { ip, port, rule: rule.into(), subject: subject.into() }
    }
}

impl Wanted {
    /// What a rule wants of a service, as the rule describes it.
    fn of(rule: &Rule, service: &Service, evidence: Vec<Evidence>) -> Self {
        Self {
            service: Some(service.id.clone()),
            ip: service.ip(),
            port: Some((service.port(), service.transport())),
            rule: (rule.id.clone(), rule.name.clone(), rule.version),
            title: rule.name.clone(),
            category: rule.category,
            severity: rule.severity,
            confidence: rule.confidence,
            cve: None,
            vulnerabilities: Vec::new(),
            evidence,
            remediation: rule.remediation.clone(),
            references: rule.references.iter().take(5).cloned().collect(),
            observed_at: service.last_observed_at,
        }
    }

    /// Holds it back as information where its host cannot be believed and it was only concluded.
    fn held_back(mut self, doubt: Option<&str>) -> Self {
        if let Some(why) = doubt.filter(|_| self.confidence == Confidence::Inferred) {
            self.severity = Severity::Info;
            self.remediation = format!("Held back as information: {why}. {}", self.remediation);
        }
        self
    }
}

impl Verdicts {
    fn wake_at(&mut self, at: Option<Timestamp>) {
        self.wake = [self.wake, at].into_iter().flatten().min();
    }
}

fn evidence_of(service: &Service, field: String, value: String) -> Evidence {
    Evidence {
        source: service.source,
        observed_at: service.last_observed_at,
        observed_at_exact: service.observed_at_exact,
        polled_at: service.polled_at,
        field,
        value,
    }
}
