//! From what is known to what is wrong: the rules and the vulnerabilities of every open service.
//!
//! This judges what is stored, not what was answered: so a new rule, new intelligence or a passing hour act
//! without asking anybody again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;

use crate::asset::Asset;
use crate::cve::CveId;
use crate::finding::{Evidence, Identity, NamedVulnerability};
use crate::host::Host;
use crate::ids::ServiceId;
use crate::merge::Known;
use crate::observation::{DataSource, Transport, VulnerabilityClaim};
use crate::rule::{AssetFacts, Category, HostFacts, RuleId, RuleSet, Verdict, vulnerability};
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
}

/// Judges all open services and hosts of an asset.
pub fn judge(asset: &Asset, known: &Known, rules: &RuleSet, now: Timestamp) -> Verdicts {
    let mut verdicts = Verdicts::default();
    let asset_facts = facts_of(asset);
    let mut on_ports: BTreeSet<(IpAddr, CveId)> = BTreeSet::new();
    for service in known.services.values().filter(|s| s.state == ServiceState::Open) {
        let host = known.hosts.get(&service.ip());
        judge_rules(&mut verdicts, asset, service, host, &asset_facts, rules, now);
        judge_vulnerabilities(&mut verdicts, asset, service, host, rules);
        let named = service.banner.iter().flat_map(|b| b.vulnerabilities.keys().chain(&b.not_vulnerable));
        on_ports.extend(named.map(|cve| (service.ip(), cve.clone())));
    }
    for host in known.hosts.values() {
        judge_host(&mut verdicts, asset, host, rules, &on_ports);
    }
    verdicts
}

fn facts_of(asset: &Asset) -> AssetFacts {
    AssetFacts {
        kind: asset.kind().as_str().into(),
        name: asset.name.clone(),
        tags: asset.tags.clone(),
        criticality: asset.criticality.as_str().into(),
        owner: asset.owner.clone(),
        site: asset.device.site.clone(),
        vendor: asset.device.vendor.clone(),
        model: asset.device.model.clone(),
        device_type: asset.device.device_type.clone(),
        allowed_services: asset.allowed_services.clone(),
    }
}

fn host_facts(ip: IpAddr, host: Option<&Host>) -> HostFacts {
    let Some(host) = host else { return HostFacts { ip: ip.to_string(), ..HostFacts::default() } };
    HostFacts {
        ip: ip.to_string(),
        hostnames: host.hostnames.clone(),
        asn: host.asn.clone(),
        organization: host.organization.clone(),
        isp: host.isp.clone(),
        operating_system: host.operating_system.clone(),
        country: host.location.as_ref().and_then(|l| l.country_code.clone()),
        tags: host.tags.clone(),
        ports: host.ports.clone(),
    }
}

fn identity(asset: &Asset, ip: IpAddr, port: Option<(u16, Transport)>, rule: &str, subject: &str) -> Identity {
    Identity { ip: asset.has_many_addresses().then_some(ip), port, rule: rule.into(), subject: subject.into() }
}

fn judge_rules(
    verdicts: &mut Verdicts,
    asset: &Asset,
    service: &Service,
    host: Option<&Host>,
    asset_facts: &AssetFacts,
    rules: &RuleSet,
    now: Timestamp,
) {
    let Some(banner) = &service.banner else { return };
    let port = Some((service.port(), service.transport()));
    if let Some(wake) = rules.wake(banner, now) {
        verdicts.wake = Some(verdicts.wake.map_or(wake, |w| w.min(wake)));
    }
    for judgement in rules.judge(banner, &host_facts(service.ip(), host), asset_facts, now) {
        let rule = judgement.rule;
        let identity = identity(asset, service.ip(), port, rule.id.as_str(), "");
        let evidence = judgement.evidence.into_iter().map(|e| evidence_of(service, e.field, e.value)).take(3).collect();
        match judgement.verdict {
            Verdict::NoMatch => {}
            Verdict::Undecided(why) => {
                verdicts.undecided.insert(identity, why);
            }
            Verdict::Match => {
                let doubt = host.and_then(Host::doubt).filter(|_| rule.confidence == Confidence::Inferred);
                let wanted = Wanted {
                    service: Some(service.id.clone()),
                    ip: service.ip(),
                    port,
                    rule: (rule.id.clone(), rule.name.clone(), rule.version),
                    title: rule.name.clone(),
                    category: rule.category,
                    severity: if doubt.is_some() { Severity::Info } else { rule.severity },
                    confidence: rule.confidence,
                    cve: None,
                    vulnerabilities: Vec::new(),
                    evidence,
                    remediation: with_doubt(&rule.remediation, doubt),
                    references: rule.references.iter().take(5).cloned().collect(),
                    observed_at: service.last_observed_at,
                };
                verdicts.wanted.insert(identity, wanted);
            }
        }
    }
}

fn with_doubt(remediation: &str, doubt: Option<&str>) -> String {
    match doubt {
        Some(why) => format!("Held back as information: {why}. {remediation}"),
        None => remediation.to_owned(),
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

fn judge_vulnerabilities(
    verdicts: &mut Verdicts,
    asset: &Asset,
    service: &Service,
    host: Option<&Host>,
    rules: &RuleSet,
) {
    let Some(banner) = &service.banner else { return };
    let place = Place {
        asset,
        service: Some(service.id.clone()),
        ip: service.ip(),
        port: Some((service.port(), service.transport())),
        product: match (&banner.product, &banner.version) {
            (Some(product), Some(version)) => format!("{product} {version}"),
            (Some(product), None) => product.clone(),
            _ => banner.module.clone().unwrap_or_else(|| "the service".into()),
        },
        fold: banner.product.clone().or_else(|| banner.module.clone()).unwrap_or_default(),
        doubt: host.and_then(Host::doubt),
        source: service.source,
        observed_at: service.last_observed_at,
        exact: service.observed_at_exact,
        polled_at: service.polled_at,
        field: "service.vulnerabilities",
    };
    let claims = banner.vulnerabilities.iter().filter(|(cve, _)| !banner.not_vulnerable.contains(cve));
    place.want(verdicts, rules, claims.map(|(cve, claim)| (cve.clone(), claim.clone())));
}

/// CVEs that the source lists for the host and no banner names.
fn judge_host(
    verdicts: &mut Verdicts,
    asset: &Asset,
    host: &Host,
    rules: &RuleSet,
    on_ports: &BTreeSet<(IpAddr, CveId)>,
) {
    let place = Place {
        asset,
        service: None,
        ip: host.ip,
        port: None,
        product: host.ip.to_string(),
        fold: String::new(),
        doubt: host.doubt(),
        source: host.source,
        observed_at: host.last_observed_at,
        exact: host.observed_at_exact,
        polled_at: host.polled_at,
        field: "host.vulnerabilities",
    };
    let loose = host.vulnerabilities.iter().filter(|cve| !on_ports.contains(&(host.ip, (*cve).clone())));
    place.want(verdicts, rules, loose.map(|cve| (cve.clone(), VulnerabilityClaim::default())));
}

/// Where vulnerabilities were seen.
struct Place<'a> {
    asset: &'a Asset,
    service: Option<ServiceId>,
    ip: IpAddr,
    port: Option<(u16, Transport)>,
    product: String,
    fold: String,
    doubt: Option<&'static str>,
    source: DataSource,
    observed_at: Timestamp,
    exact: bool,
    polled_at: Timestamp,
    field: &'static str,
}

impl Place<'_> {
    /// VERIFIED or known-exploited CVEs stand alone; the inferred ones of one product are folded into one finding.
    fn want(
        &self,
        verdicts: &mut Verdicts,
        rules: &RuleSet,
        claims: impl Iterator<Item = (CveId, VulnerabilityClaim)>,
    ) {
        let (alone, mut folded): (Vec<_>, Vec<_>) = claims
            .map(|(cve, claim)| NamedVulnerability { cve, claim })
            .partition(|v| v.claim.verified || v.claim.known_exploited);
        for one in alone {
            let rule = if one.claim.verified { vulnerability::VERIFIED } else { vulnerability::INFERRED };
            let title = format!("{} in {}", one.cve, self.product);
            let cve = one.cve.clone();
            self.want_one(verdicts, rules, rule, cve.as_str(), title, Some(cve.clone()), vec![one]);
        }
        if folded.is_empty() {
            return;
        }
        folded.sort_by(|a, b| score_of(b).total_cmp(&score_of(a)).then_with(|| a.cve.cmp(&b.cve)));
        let title = match folded.len() {
            1 => format!("{} inferred for {}", folded[0].cve, self.product),
            n => format!("{n} CVEs inferred for {}", self.product),
        };
        let subject = format!("fold:{}", self.fold);
        self.want_one(verdicts, rules, vulnerability::INFERRED, &subject, title, None, folded);
    }

    #[expect(clippy::too_many_arguments, reason = "one call site each; a struct would only rename them")]
    fn want_one(
        &self,
        verdicts: &mut Verdicts,
        rules: &RuleSet,
        rule: &str,
        subject: &str,
        title: String,
        cve: Option<CveId>,
        vulnerabilities: Vec<NamedVulnerability>,
    ) {
        let Some(rule) = rules.find(rule).filter(|r| r.enabled) else { return };
        let verified = vulnerabilities.iter().any(|v| v.claim.verified);
        let confidence = if verified { Confidence::Verified } else { Confidence::Inferred };
        let doubt = self.doubt.filter(|_| !verified);
        let shown: Vec<&str> = vulnerabilities.iter().take(20).map(|v| v.cve.as_str()).collect();
        let evidence = Evidence {
            source: self.source,
            observed_at: self.observed_at,
            observed_at_exact: self.exact,
            polled_at: self.polled_at,
            field: self.field.into(),
            value: shown.join(", "),
        };
        let mut references: Vec<String> =
            vulnerabilities.iter().flat_map(|v| v.claim.references.iter().cloned()).collect();
        references.extend(rule.references.iter().cloned());
        references.dedup();
        references.truncate(5);
        let wanted = Wanted {
            service: self.service.clone(),
            ip: self.ip,
            port: self.port,
            rule: (rule.id.clone(), rule.name.clone(), rule.version),
            title,
            category: Category::Vulnerability,
            severity: if doubt.is_some() { Severity::Info } else { severity_of(&vulnerabilities, rule.severity) },
            confidence,
            cve,
            vulnerabilities,
            evidence: vec![evidence],
            remediation: with_doubt(&rule.remediation, doubt),
            references,
            observed_at: self.observed_at,
        };
        verdicts.wanted.insert(identity(self.asset, self.ip, self.port, "cve", subject), wanted);
    }
}

fn score_of(vulnerability: &NamedVulnerability) -> f64 {
    vulnerability.claim.cvss.unwrap_or(0.0)
}

/// From CVSS (9/7/4), raised to at least HIGH when known exploited and verified; the rule's where there is no score.
fn severity_of(vulnerabilities: &[NamedVulnerability], rule: Severity) -> Severity {
    let worst = vulnerabilities.iter().filter_map(|v| v.claim.cvss).reduce(f64::max);
    let severity = worst.map_or(rule, Severity::from_cvss);
    if vulnerabilities.iter().any(|v| v.claim.known_exploited && v.claim.verified) {
        severity.max(Severity::High)
    } else {
        severity
    }
}
