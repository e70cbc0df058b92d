//! What a call costs, known before it is made.
//!
//! The figures are those of Shodan's help pages: look-ups of addresses and counts are free; a page of a search costs
//! a query credit when the query has a filter or the page is not the first; a page of a domain costs one; a scan
//! costs a scan credit for each address. Which plan a call needs is known only in part: where Shodan's plan has a
//! name that is not known here, nothing is refused in advance.

use std::fmt;
use std::ops::Add;

use ipnet::IpNet;

use crate::rest::ApiInfo;
use crate::{Error, query};

/// What a call takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Query credits.
    pub query_credits: u64,
    /// Scan credits.
    pub scan_credits: u64,
    /// Addresses of the quota for monitoring.
    pub monitored_ips: u64,
    /// The least plan that may.
    pub plan: Plan,
}

/// Shodan's plans, from least to greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// A free account.
    #[default]
    Free,
    /// Membership, paid once.
    Member,
    /// Freelancer.
    Freelancer,
    /// Small Business.
    SmallBusiness,
    /// Corporate.
    Corporate,
    /// Enterprise.
    Enterprise,
}

impl Plan {
    /// The plan of that name in `/api-info`. `None`: not known here.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "oss" => Self::Free,
            "dev" | "edu" => Self::Member,
            "basic" => Self::Freelancer,
            "plus" => Self::SmallBusiness,
            "corp" => Self::Corporate,
            "stream-100" | "enterprise" => Self::Enterprise,
            _ => return None,
        })
    }
}

impl Cost {
    /// Nothing, on any plan: `host`, `count`, `tokens`, `dns/resolve` and the like.
    pub const FREE: Self = Self { query_credits: 0, scan_credits: 0, monitored_ips: 0, plan: Plan::Free };

    /// Page `page` (from 1) of a search.
    pub fn search(query: &str, page: u32) -> Self {
        Self::pages_of_search(query, page, page)
    }

    /// The pages from `first` to `last` of a search, both included.
    pub fn pages_of_search(query: &str, first: u32, last: u32) -> Self {
        let filters = query::filters(query);
        let pages = u64::from((last + 1).saturating_sub(first));
        let first_is_free = filters.is_empty() && first <= 1 && pages > 0;
        Self { query_credits: pages - u64::from(first_is_free), plan: plan_for(&filters), ..Self::FREE }
    }

    /// A look-up of so many addresses in one request.
    pub fn hosts(addresses: usize) -> Self {
        Self { plan: if addresses > 1 { Plan::Corporate } else { Plan::Free }, ..Self::FREE }
    }

    /// So many pages of a domain's names.
    pub fn domain(pages: u32) -> Self {
        Self { query_credits: pages.into(), plan: Plan::Member, ..Self::FREE }
    }

    /// A scan of these addresses and networks.
    pub fn scan(networks: &[IpNet]) -> Self {
        Self { scan_credits: addresses(networks), plan: Plan::Member, ..Self::FREE }
    }

    /// A scan of the whole Internet.
    pub fn scan_internet() -> Self {
        Self { plan: Plan::Enterprise, ..Self::FREE }
    }

    /// Watching these addresses and networks.
    pub fn alert(networks: &[IpNet]) -> Self {
        Self { monitored_ips: addresses(networks), plan: Plan::Member, ..Self::FREE }
    }

    /// Is there enough left for it, and is the plan high enough?
    ///
    /// # Errors
    /// [`Error::NotAffordable`] with what is missing; [`Error::PlanTooLow`].
    pub fn covered_by(&self, account: &ApiInfo) -> Result<(), Error> {
        if let Some(plan) = Plan::named(&account.plan).filter(|plan| *plan < self.plan) {
            return Err(Error::PlanTooLow(format!("it needs {:?}, the key has {plan:?}", self.plan)));
        }
        let monitored = account.monitored_ips_left();
        for (credit, needed, left) in [
            (Credit::Query, self.query_credits, account.query_credits),
            (Credit::Scan, self.scan_credits, account.scan_credits),
            (Credit::MonitoredIp, self.monitored_ips, monitored),
        ] {
            if let Some(left) = left.filter(|left| *left < needed) {
                return Err(Error::NotAffordable(Shortfall { credit, needed, left }));
            }
        }
        Ok(())
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            query_credits: self.query_credits.saturating_add(other.query_credits),
            scan_credits: self.scan_credits.saturating_add(other.scan_credits),
            monitored_ips: self.monitored_ips.saturating_add(other.monitored_ips),
            plan: self.plan.max(other.plan),
        }
    }
}

/// What can run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// Query credits.
    Query,
    /// Scan credits.
    Scan,
    /// Addresses that may be monitored.
    MonitoredIp,
}

/// More is needed than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// Of what.
    pub credit: Credit,
    /// What the call would take.
    pub needed: u64,
    /// What is left.
    pub left: u64,
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.credit {
            Credit::Query => "query credits",
            Credit::Scan => "scan credits",
            Credit::MonitoredIp => "monitored addresses",
        };
        write!(f, "it takes {} {name} and {} are left", self.needed, self.left)
    }
}

/// How many addresses there are in these networks.
pub fn addresses(networks: &[IpNet]) -> u64 {
    let size = |network: &IpNet| {
        let bits = u32::from(network.max_prefix_len() - network.prefix_len());
        1_u64.checked_shl(bits).unwrap_or(u64::MAX)
    };
    networks.iter().map(size).fold(0, u64::saturating_add)
}

fn plan_for(filters: &[String]) -> Plan {
    let plan = |name: &String| match name.as_str() {
        "tag" => Plan::Corporate,
        "vuln" | "has_vuln" => Plan::SmallBusiness,
        _ => Plan::Member,
    };
    filters.iter().map(plan).max().unwrap_or(Plan::Free)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_search_costs_by_filter_and_page() {
        for (query, first, last, credits, plan) in [
            ("apache", 1, 1, 0, Plan::Free),
            ("apache", 2, 2, 1, Plan::Free),
            ("apache", 1, 5, 4, Plan::Free),
            ("port:80", 1, 1, 1, Plan::Member),
            ("net:192.0.2.0/24 -port:22", 1, 3, 3, Plan::Member),
            ("vuln:CVE-2021-36260", 1, 1, 1, Plan::SmallBusiness),
            ("tag:ics vuln:CVE-2021-36260", 1, 1, 1, Plan::Corporate),
        ] {
            let cost = Cost::pages_of_search(query, first, last);
            assert_eq!((cost.query_credits, cost.plan), (credits, plan), "{query} {first}-{last}");
        }
    }

    #[test]
    fn a_scan_costs_a_credit_for_each_address() {
        assert_eq!(Cost::scan(&networks(&["192.0.2.1/32", "198.51.100.0/24"])).scan_credits, 257);
        assert_eq!(Cost::alert(&networks(&["2001:db8::/32"])).monitored_ips, u64::MAX, "and none overflows");
    }

    #[test]
    fn what_is_missing_is_said_before_it_is_spent() {
        let account = ApiInfo { plan: "dev".into(), query_credits: Some(2), ..ApiInfo::default() };
        assert_eq!(Cost::pages_of_search("port:80", 1, 2).covered_by(&account), Ok(()));
        let error = Cost::pages_of_search("port:80", 1, 3).covered_by(&account).unwrap_err();
        assert_eq!(error.to_string(), "not asked, since it takes 3 query credits and 2 are left");
        assert!(matches!(Cost::search("tag:ics", 1).covered_by(&account), Err(Error::PlanTooLow(_))));
        let unheard_of = ApiInfo { plan: "titanium".into(), ..account };
        assert_eq!(Cost::search("tag:ics", 1).covered_by(&unheard_of), Ok(()));
    }
}
