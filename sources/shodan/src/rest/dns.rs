use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::lenient::{Object, digits, instant, list, object, string, texts, truth};
use crate::search::strings;
use crate::{Error, Shodan, answer};

/// What to tell of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainOptions {
    /// Also what was there before.
    pub history: bool,
    /// Only records of this type: A, AAAA, CNAME, NS, SOA, MX or TXT.
    pub kind: Option<String>,
    /// The page, from 1; 0 is the first, too.
    pub page: u32,
}

/// What Shodan knows of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The domain.
    pub domain: String,
    /// What it is known for, such as `ipv6` or `dmarc`.
    pub tags: Vec<String>,
    /// Its subdomains, without the domain.
    pub subdomains: Vec<String>,
    /// Its records.
    pub records: Vec<DomainRecord>,
    /// Is there another page?
    pub more: bool,
}

/// One record of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainRecord {
    /// Of which subdomain; empty: of the domain itself.
    pub subdomain: String,
    /// A, AAAA, CNAME, NS, SOA, MX or TXT.
    pub kind: String,
    /// What it says.
    pub value: String,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
}

/// Addresses with the names that they resolve to; empty: none is known.
pub type Reverse = BTreeMap<IpAddr, Vec<String>>;

impl Shodan {
    /// `GET /dns/domain/{domain}`: subdomains and records. A query credit for each page ([`crate::Cost::domain`]).
    pub async fn domain(&self, domain: &str, options: &DomainOptions) -> Result<Domain, Error> {
        let call = self.get(&["dns", "domain"]).at(domain).with("page", options.page.max(1));
        let call =
            call.with_some("history", options.history.then_some(true)).with_some("type", options.kind.as_deref());
        self.ask(call, |text| Ok(read_domain(&answer::object(text)?, domain))).await
    }

    /// `GET /dns/resolve`: the addresses of host names, sorted, under the names as they were asked; empty where a name
    /// has none. IPv4 only. Free.
    pub async fn resolve(&self, hostnames: &[&str]) -> Result<BTreeMap<String, Vec<IpAddr>>, Error> {
        let call = self.get(&["dns", "resolve"]).with("hostnames", hostnames.join(","));
        self.ask(call, |text| {
            let answer = answer::object(text)?;
            // A name may come back in other letters.
            let found = |name: &str| {
                let same = answer.members().filter(move |(found, _)| found.eq_ignore_ascii_case(name));
                sorted(same.flat_map(|(_, ips)| texts(ips)).filter_map(|ip| ip.parse().ok()).collect())
            };
            Ok(hostnames.iter().map(|name| ((*name).to_owned(), found(name))).collect())
        })
        .await
    }

    /// `GET /dns/reverse`: the names of addresses. Free.
    pub async fn reverse(&self, ips: &[IpAddr]) -> Result<Reverse, Error> {
        let list = ips.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(",");
        self.ask(self.get(&["dns", "reverse"]).with("ips", list), |text| {
            let answer = answer::object(text)?;
            let each = answer.members().filter_map(|(ip, names)| {
                let names = texts(names).into_iter().map(Cow::into_owned).collect();
                Some((ip.parse().ok()?, sorted(names)))
            });
            Ok(each.collect())
        })
        .await
    }
}

fn read_domain(answer: &Object<'_>, asked: &str) -> Domain {
    let records = answer.read("data", list).unwrap_or_default().into_iter().filter_map(object);
    Domain {
        domain: answer.read("domain", string).map_or_else(|| asked.to_owned(), Cow::into_owned),
        tags: strings(answer, "tags"),
        subdomains: strings(answer, "subdomains"),
        records: records.filter_map(|one| record(&one)).collect(),
        more: answer.read("more", truth).unwrap_or(false),
    }
}

fn record(one: &Object<'_>) -> Option<DomainRecord> {
    let text = |name| one.read(name, digits).map(Cow::into_owned);
    Some(DomainRecord {
        subdomain: text("subdomain").unwrap_or_default(),
        kind: text("type")?,
        value: text("value")?,
        last_seen: one.read("last_seen", string).and_then(|at| instant(&at)),
    })
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}
