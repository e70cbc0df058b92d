use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use domain::role::Action;
use tokio::time::Instant;

use super::question;
use crate::access::{self, Caller, Organization};
use crate::poll::{self, Budget, Spent};
use crate::ports::{Alert, DomainFacts, Found, QueryPlan, RawHost, SourceError, SourceKey};
use crate::{App, Error, UserError, UserErrorCode};

/// Where somebody asks Shodan with their organization's key. Whoever reads may ask what costs no credits; the rest
/// takes [`Action::SpendCredits`], and is refused before it is asked when the credits do not suffice.
pub struct Desk<'a> {
    app: &'a App,
    caller: &'a Caller,
    organization: Organization,
    key: SourceKey,
}

/// How Shodan reads a query, and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How it is read.
    pub read: QueryPlan,
    /// Query credits of its first page; each further page costs one.
    pub credits: u32,
}

/// Asking what is left of the plan is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(10);

impl<'a> Desk<'a> {
    /// Opens the desk. Refused where there is no key: only Shodan itself can answer.
    pub async fn open(app: &'a App, caller: &'a Caller) -> Result<Self, Error> {
        caller.may(Action::Read)?;
        let organization = access::organization(app, &caller.org).await?.ok_or(Error::Unauthenticated)?;
        let key = poll::source_key(app, &organization)?;
        if key == SourceKey::InternetDb {
            let message = "there is no Shodan key: set one with setShodanKey";
            return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
        }
        Ok(Self { app, caller, organization, key })
    }

    /// Everything about one address, with its past if wanted. `None`: nothing is known of it.
    pub async fn host(&self, ip: IpAddr, history: bool) -> Result<Option<RawHost>, Error> {
        self.free(self.app.research.look_up(&self.key, ip, history)).await
    }

    /// Page `page` (from 1) of a search.
    pub async fn search(&self, query: &str, page: i32, facets: &[String]) -> Result<Found, Error> {
        let (query, page) = (question::query(query)?, question::page(page)?);
        question::facets(facets)?;
        let cost = self.app.research.search_cost(query, page);
        self.paid(cost, self.app.research.find(&self.key, query, page, facets)).await
    }

    /// How many match.
    pub async fn count(&self, query: &str, facets: &[String]) -> Result<Found, Error> {
        let query = question::query(query)?;
        question::facets(facets)?;
        self.free(self.app.research.count(&self.key, query, facets)).await
    }

    /// How Shodan reads a query, and what it costs.
    pub async fn parse(&self, query: &str) -> Result<Plan, Error> {
        let query = question::query(query)?;
        let read = self.free(self.app.research.parse(&self.key, query)).await?;
        Ok(Plan { read, credits: self.app.research.search_cost(query, 1) })
    }

    /// The addresses of host names, at most 100.
    pub async fn resolve(&self, hostnames: &[String]) -> Result<BTreeMap<String, Vec<IpAddr>>, Error> {
        question::some(hostnames.len(), "hostnames")?;
        if hostnames.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.free(self.app.research.addresses(&self.key, hostnames)).await
    }

    /// The names of addresses, at most 100.
    pub async fn reverse(&self, ips: &[IpAddr]) -> Result<BTreeMap<IpAddr, Vec<String>>, Error> {
        question::some(ips.len(), "ips")?;
        if ips.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.free(self.app.research.names(&self.key, ips)).await
    }

    /// Page `page` (from 1) of a domain's names and records, for a query credit. `None`: nothing is known of it.
    pub async fn domain(&self, domain: &str, page: i32) -> Result<Option<DomainFacts>, Error> {
        let page = question::page(page)?;
        self.paid(1, self.app.research.domain(&self.key, domain, page)).await
    }

    /// The ports that Shodan crawls.
    pub async fn ports(&self) -> Result<Vec<u16>, Error> {
        self.free(self.app.research.ports(&self.key)).await
    }

    /// The protocols that Shodan understands, with what they are.
    pub async fn protocols(&self) -> Result<Vec<(String, String)>, Error> {
        self.free(self.app.research.protocols(&self.key)).await
    }

    /// What can be a facet.
    pub async fn facets(&self) -> Result<Vec<String>, Error> {
        self.free(self.app.research.facets(&self.key)).await
    }

    /// What can be a filter.
    pub async fn filters(&self) -> Result<Vec<String>, Error> {
        self.free(self.app.research.filters(&self.key)).await
    }

    /// The alerts of the organization's own account. Of the instance's key there are none to be seen: they may be
    /// anybody's.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Error> {
        if self.organization.shodan_key.is_none() {
            return Ok(Vec::new());
        }
        self.free(self.app.alerts.alerts(&self.key)).await
    }

    async fn free<T>(&self, call: impl Future<Output = Result<T, SourceError>>) -> Result<T, Error> {
        let answer = call.await;
        self.book(0, answer.as_ref().err()).await?;
        answer.map_err(question::refused)
    }

    async fn paid<T>(&self, credits: u32, call: impl Future<Output = Result<T, SourceError>>) -> Result<T, Error> {
        if credits > 0 {
            self.caller.may(Action::SpendCredits)?;
            let budget = poll::open_budget(self.app, &self.key, Instant::now() + PATIENCE).await?;
            afford(&budget, credits, self.app)?;
        }
        let answer = call.await;
        let spent = if answer.is_ok() { credits } else { 0 };
        self.book(spent, answer.as_ref().err()).await?;
        answer.map_err(question::refused)
    }

    /// Writes a request into the key's ledger.
    async fn book(&self, credits: u32, error: Option<&SourceError>) -> Result<(), Error> {
        // That a plan does not allow one filter says nothing of what polls ask; that no credits are left does.
        let refused = error.filter(|error| **error == SourceError::OutOfCredits).cloned();
        let spent = Spent { calls: 1, credits, refused, ..Spent::default() };
        poll::spend_budget(self.app, &self.key, &spent).await.map(drop)
    }
}

/// A person may spend the reserve that polls leave alone, and no more than there is.
fn afford(budget: &Budget, credits: u32, app: &App) -> Result<(), Error> {
    let Some(left) = budget.query_credits.filter(|left| *left < u64::from(credits)) else { return Ok(()) };
    let day = Budget::resets_at(app.now()).strftime("%Y-%m-%d").to_string();
    let message = format!("it takes {credits} query credits and {left} are left until {day}");
    Err(UserError::general(UserErrorCode::QuotaExceeded, message).into())
}
