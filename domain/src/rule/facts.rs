//! What an expression is judged by: the service, its host and its asset, or the parts of an event.
//!
//! Facts borrow what is known; the values that `cel` works with are built when an expression first asks for a
//! field, and once for all rules: no rule pays for a block that it does not name.

use std::borrow::Cow;
use std::sync::OnceLock;

use cel::common::types::CelMap;
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fact::Fact;
use crate::observation::{Banner, Tls, Transport};

/// The host of a service, as rules see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostFacts {
    /// The address.
    pub ip: String,
    /// Names.
    pub hostnames: Vec<String>,
    /// Autonomous system, `AS64500`.
    pub asn: Option<String>,
    /// Who the address is assigned to.
    pub organization: Option<String>,
    /// Internet provider.
    pub isp: Option<String>,
    /// Operating system: `host.os`.
    pub operating_system: Option<String>,
    /// ISO 3166 code of two letters.
    pub country: Option<String>,
    /// Tags of the host.
    pub tags: Vec<String>,
    /// Open ports; `host.openPorts` is their number.
    pub ports: Vec<u16>,
}

/// The asset of a service, as rules see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AssetFacts {
    /// `DEVICE`, `NETWORK`, `DOMAIN` or `QUERY`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Labels.
    pub tags: Vec<String>,
    /// `LOW`, `MEDIUM`, `HIGH` or `CRITICAL`.
    pub criticality: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Kind of device: `asset.type`.
    pub device_type: Option<String>,
    /// Services that are meant to be there, such as `443/tcp`.
    pub allowed_services: Vec<String>,
}

/// The facts of one judgement. A root that was not given is empty: its fields are missing, and no rule matches by them.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    roots: Vec<Root<'a>>,
}

#[derive(Debug)]
struct Root<'a> {
    name: &'static str,
    members: Vec<Member<'a>>,
    /// Which members there are, for `has(service.mqtt)`.
    present: OnceLock<Box<dyn Val + 'a>>,
}

#[derive(Debug)]
struct Member<'a> {
    name: &'a str,
    fact: Fact<'a>,
    value: OnceLock<Box<dyn Val + 'a>>,
}

impl<'a> Root<'a> {
    fn member(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.name == name)
    }

    fn present(&self) -> Box<dyn Val + 'a> {
        Fact::Group(self.members.iter().map(|member| (member.name, Fact::Flag(true))).collect()).value()
    }
}

impl<'a> Facts<'a> {
    /// No facts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `service`: a banner at an instant, by which certificates are judged.
    #[must_use]
    pub fn service(self, banner: &'a Banner, now: Timestamp) -> Self {
        self.with("service", service(banner, now))
    }

    /// `host`.
    #[must_use]
    pub fn host(self, host: &'a HostFacts) -> Self {
        let mut fields = vec![
            ("ip", Fact::text(&host.ip)),
            ("hostnames", Fact::Texts(&host.hostnames)),
            ("tags", Fact::Texts(&host.tags)),
            ("ports", Fact::Ports(&host.ports)),
            ("openPorts", Fact::Number(i64::try_from(host.ports.len()).unwrap_or(i64::MAX))),
        ];
        known(&mut fields, "asn", host.asn.as_deref());
        known(&mut fields, "organization", host.organization.as_deref());
        known(&mut fields, "isp", host.isp.as_deref());
        known(&mut fields, "os", host.operating_system.as_deref());
        known(&mut fields, "country", host.country.as_deref());
        self.with("host", fields)
    }

    /// `asset` of rules.
    #[must_use]
    pub fn asset(self, asset: &'a AssetFacts) -> Self {
        let mut fields = vec![
            ("kind", Fact::text(&asset.kind)),
            ("name", Fact::text(&asset.name)),
            ("tags", Fact::Texts(&asset.tags)),
            ("criticality", Fact::text(&asset.criticality)),
            ("allowedServices", Fact::Texts(&asset.allowed_services)),
        ];
        known(&mut fields, "owner", asset.owner.as_deref());
        known(&mut fields, "site", asset.site.as_deref());
        known(&mut fields, "vendor", asset.vendor.as_deref());
        known(&mut fields, "model", asset.model.as_deref());
        known(&mut fields, "type", asset.device_type.as_deref());
        self.with("asset", fields)
    }

    /// A root that is JSON already: `event`, `finding` and `asset` of triggers. Members that are `null` are absent.
    #[must_use]
    pub fn json(self, name: &'static str, value: &'a Value) -> Self {
        let members = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        self.with(name, members.map(|(name, value)| (name.as_str(), Fact::Json(value))).collect())
    }

    /// What lies at a path such as `service.mqtt.code`, as text, word for word.
    pub fn text(&self, path: &str) -> Option<String> {
        let mut parts = path.split('.');
        let root = self.root(parts.next()?)?;
        root.member(parts.next()?)?.fact.at(&parts.collect::<Vec<_>>())
    }

    fn root(&self, name: &str) -> Option<&Root<'a>> {
        self.roots.iter().find(|root| root.name == name)
    }

    fn with(mut self, name: &'static str, fields: Vec<(&'a str, Fact<'a>)>) -> Self {
        let member = |(name, fact)| Member { name, fact, value: OnceLock::new() };
        self.roots.retain(|root| root.name != name);
        self.roots.push(Root { name, members: fields.into_iter().map(member).collect(), present: OnceLock::new() });
        self
    }
}

/// `cel` asks for the longest name first: for `service.mqtt.code` that, then `service.mqtt`, then `service`. The
/// second is answered with the field; the third is asked only by `has`, or for a field that is missing: the guard
/// lets no expression use a root as a whole.
impl VariableResolver for Facts<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable.split_once('.') {
            Some((_, field)) if field.contains('.') => None,
            Some((root, field)) => {
                let member = self.root(root)?.member(field)?;
                Some(CowVal::Borrowed(member.value.get_or_init(|| member.fact.value()).as_ref()))
            }
            None => Some(match self.root(variable) {
                Some(root) => CowVal::Borrowed(root.present.get_or_init(|| root.present()).as_ref()),
                None => CowVal::owned(CelMap::default()),
            }),
        }
    }
}

fn known<'a>(fields: &mut Vec<(&'a str, Fact<'a>)>, name: &'a str, value: Option<&'a str>) {
    fields.extend(value.map(|text| (name, Fact::text(text))));
}

fn service(banner: &Banner, now: Timestamp) -> Vec<(&str, Fact<'_>)> {
    // The blocks first: a name of ours wins over a block that calls itself `port`.
    let mut fields: Vec<(&str, Fact<'_>)> =
        banner.blocks.iter().map(|(name, block)| (name.as_str(), Fact::Json(block))).collect();
    fields.retain(|(name, _)| !OURS.contains(name));
    fields.extend([
        ("port", Fact::Number(i64::from(banner.port))),
        ("transport", Fact::text(transport_word(banner.transport))),
        ("cpes", Fact::Texts(&banner.cpes)),
        ("tags", Fact::Texts(&banner.tags)),
        ("banner", Fact::text(&banner.text)),
    ]);
    known(&mut fields, "module", banner.module.as_deref());
    known(&mut fields, "product", banner.product.as_deref());
    known(&mut fields, "version", banner.version.as_deref());
    fields.extend(banner.tls.as_ref().map(|tls| ("tls", Fact::Group(certificate(tls, now)))));
    fields
}

/// The fields of `service` that are not blocks.
const OURS: [&str; 9] = ["port", "transport", "module", "product", "version", "cpes", "tags", "banner", "tls"];

/// In lower case, as Shodan writes it.
pub(super) const fn transport_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

fn certificate(tls: &Tls, now: Timestamp) -> Vec<(&str, Fact<'_>)> {
    let mut fields = vec![("versions", Fact::Texts(&tls.versions)), ("selfSigned", Fact::Flag(tls.self_signed))];
    known(&mut fields, "cipher", tls.cipher.as_deref());
    known(&mut fields, "subject", tls.subject.as_deref());
    known(&mut fields, "issuer", tls.issuer.as_deref());
    known(&mut fields, "signatureAlgorithm", tls.signature_algorithm.as_deref());
    fields.extend(tls.not_before.map(|at| ("notBefore", Fact::Text(Cow::Owned(at.to_string())))));
    fields.extend(tls.not_after.map(|at| ("notAfter", Fact::Text(Cow::Owned(at.to_string())))));
    fields.extend(tls.key_bits.map(|bits| ("keyBits", Fact::Number(i64::from(bits)))));
    if let Some(end) = tls.not_after {
        fields.push(("expired", Fact::Flag(super::validity::expired(end, now))));
        fields.push(("expiresInDays", Fact::Number(super::validity::days_left(end, now))));
    }
    fields
}
