//! What sources claim of vulnerabilities: what was tested or is exploited stands alone, the rest is folded by product.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;

use super::{Judge, Verdicts, Wanted};
use crate::cve::CveId;
use crate::finding::{Evidence, NamedVulnerability};
use crate::host::Host;
use crate::ids::ServiceId;
use crate::observation::{DataSource, Transport, VulnerabilityClaim};
use crate::rule::{Category, vulnerability};
use crate::service::Service;
use crate::severity::{Confidence, Severity};

/// All rules about CVEs count as one in a finding's identity.
const FAMILY: &str = "cve";

pub(super) fn of_service(verdicts: &mut Verdicts, by: Judge<'_>, service: &Service, host: Option<&Host>) {
    let Some(banner) = &service.banner else { return };
    let place = Place {
        by,
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
    place.want(verdicts, claims.map(|(cve, claim)| (cve.clone(), claim.clone())));
}

/// CVEs that the source lists for the host and no banner names.
pub(super) fn of_host(verdicts: &mut Verdicts, by: Judge<'_>, host: &Host, on_ports: &BTreeSet<(IpAddr, CveId)>) {
    let place = Place {
        by,
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
    place.want(verdicts, loose.map(|cve| (cve.clone(), VulnerabilityClaim::default())));
}

/// Where vulnerabilities were seen.
struct Place<'a> {
    by: Judge<'a>,
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
    /// VERIFIED or known-exploited CVEs stand alone, at once; the inferred ones of one product are folded into one finding,
    /// which waits for facts that are on their way.
    fn want(&self, verdicts: &mut Verdicts, claims: impl Iterator<Item = (CveId, VulnerabilityClaim)>) {
        let (alone, mut folded): (Vec<_>, Vec<_>) = claims
            .map(|(cve, claim)| self.by.intelligence.name(cve, claim))
            .partition(|v| v.claim.verified || v.claim.known_exploited);
        for one in alone {
            let rule = if one.claim.verified { vulnerability::VERIFIED } else { vulnerability::INFERRED };
            let title = format!("{} in {}", one.cve, self.product);
            let cve = one.cve.clone();
            self.want_one(verdicts, rule, cve.as_str(), title, Some(cve.clone()), vec![one]);
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
        self.want_one(verdicts, vulnerability::INFERRED, &subject, title, None, folded);
    }

    /// Nobody told how bad one of them is, and that is being asked for: what would be said of it now, by a version alone,
    /// would be taken back in a minute. What is held back in any case waits for nothing.
    fn awaits_facts(&self, vulnerabilities: &[NamedVulnerability]) -> bool {
        let Some(answered) = self.by.answered else { return false };
        let unknown = |v: &NamedVulnerability| v.claim.cvss.is_none() && !answered.contains(&v.cve);
        let inferred = |v: &NamedVulnerability| !v.claim.verified && !v.claim.known_exploited;
        self.doubt.is_none() && vulnerabilities.iter().all(inferred) && vulnerabilities.iter().any(unknown)
    }

    fn want_one(
        &self,
        verdicts: &mut Verdicts,
        rule: &str,
        subject: &str,
        title: String,
        cve: Option<CveId>,
        vulnerabilities: Vec<NamedVulnerability>,
    ) {
        let Some(rule) = self.by.rules.find(rule).filter(|r| r.enabled) else { return };
        let identity = self.by.identity(self.ip, self.port, FAMILY, subject);
        if self.awaits_facts(&vulnerabilities) {
            verdicts.undecided.insert(identity, "facts about its CVEs are on their way".into());
            verdicts.awaits_facts = true;
            return;
        }
        let verified = vulnerabilities.iter().any(|v| v.claim.verified);
        let confidence = if verified { Confidence::Verified } else { Confidence::Inferred };
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
            severity: severity_of(&vulnerabilities, rule.severity),
            confidence,
            cve,
            vulnerabilities,
            evidence: vec![evidence],
            remediation: rule.remediation.clone(),
            references,
            observed_at: self.observed_at,
        };
        verdicts.wanted.insert(identity, wanted.held_back(self.doubt));
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
