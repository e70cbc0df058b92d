//! What the rules of expressions say of a service.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use super::{Judge, Verdicts, Wanted, evidence_of};
use crate::asset::Asset;
use crate::host::Host;
use crate::observation::VulnerabilityClaim;
use crate::rule::{AssetFacts, HostFacts, Verdict};
use crate::service::Service;
use crate::severity::Confidence;

/// The asset's facts, and those of the host that was asked for last: its services come one after another.
pub(super) struct AssetAndHost {
    asset: AssetFacts,
    host: RefCell<Option<(IpAddr, Rc<HostFacts>)>>,
}

impl AssetAndHost {
    pub(super) fn of(asset: &Asset) -> Self {
        Self { asset: AssetFacts::of(asset), host: RefCell::new(None) }
    }

    fn host(&self, ip: IpAddr, host: Option<&Host>) -> Rc<HostFacts> {
        let mut last = self.host.borrow_mut();
        match &*last {
            Some((of, facts)) if *of == ip => Rc::clone(facts),
            _ => {
                let facts = Rc::new(HostFacts::of(ip, host));
                *last = Some((ip, Rc::clone(&facts)));
                facts
            }
        }
    }
}

pub(super) fn judge(
    verdicts: &mut Verdicts,
    by: Judge<'_>,
    service: &Service,
    host: Option<&Host>,
    facts: &AssetAndHost,
) {
    let Some(banner) = &service.banner else { return };
    let port = Some((service.port(), service.transport()));
    verdicts.wake_at(by.rules.wake(banner, by.now));
    let host_facts = facts.host(service.ip(), host);
    for judgement in by.rules.judge(banner, &host_facts, &facts.asset, by.now) {
        let rule = judgement.rule;
        let identity = by.identity(service.ip(), port, rule.id.as_str(), "");
        match judgement.verdict {
            Verdict::NoMatch => {}
            Verdict::Undecided(why) => {
                verdicts.undecided.insert(identity, why);
            }
            Verdict::Match => {
                let evidence = judgement.evidence.into_iter().map(|e| evidence_of(service, e.field, e.value));
                let mut wanted = Wanted::of(rule, service, evidence.take(3).collect());
                let verified = rule.confidence == Confidence::Verified;
                let claim = |cve| (cve, VulnerabilityClaim { verified, ..VulnerabilityClaim::default() });
                let claims = rule.cves.iter().cloned().map(claim);
                wanted.vulnerabilities = claims.map(|(cve, claim)| by.intelligence.name(cve, claim)).collect();
                verdicts.wanted.insert(identity, wanted.held_back(host.and_then(Host::doubt)));
            }
        }
    }
}

impl AssetFacts {
    /// What rules see of an asset.
    pub fn of(asset: &Asset) -> Self {
        Self {
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
}

impl HostFacts {
    /// What rules see of a host; `None`: nothing but its address is known.
    pub fn of(ip: IpAddr, host: Option<&Host>) -> Self {
        let Some(host) = host else { return Self { ip: ip.to_string(), ..Self::default() } };
        Self {
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
}
