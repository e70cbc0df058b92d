//! Shodan itself, asked with the organization's key.

use app::access;
use app::research::Desk;
use async_graphql::{Context, Object, Result};

use super::shodan_answer::{
    DnsAnswer, ShodanAlert, ShodanDomain, ShodanHost, ShodanProtocol, ShodanQueryPlan, ShodanSearch,
};
use super::viewer::{ShodanKeyStatus, key_status};
use crate::context::{app, caller, fail, question};
use crate::scalars::{Hostname, IpAddress};

/// Shodan itself, asked with the organization's key. One request may ask it ten questions. `search` and `domain` cost
/// query credits and take the scope SPEND_CREDITS; `parse` and `account` say before what it costs and what is left.
pub struct Shodan;

/// A question that counts, at the desk where it is asked.
async fn desk<'a>(ctx: &Context<'a>) -> Result<Desk<'a>> {
    let caller = caller(ctx)?;
    question(ctx)?;
    Desk::open(app(ctx), caller).await.map_err(fail)
}

/// Shodan itself, asked with the organization's key or the instance's.
#[Object]
impl Shodan {
    /// How it stands with the key. Asks nobody.
    async fn account(&self, ctx: &Context<'_>) -> Result<ShodanKeyStatus> {
        let organization = access::organization(app(ctx), &caller(ctx)?.org).await.map_err(|e| fail(e.into()))?;
        key_status(ctx, &organization.ok_or_else(|| fail(app::Error::Unauthenticated))?).await
    }
    /// Everything about one address; null: nothing is known of it, which does not mean that nothing is there. Free.
    async fn host(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] ip: IpAddress,
        #[graphql(default_with = "Some(false)", desc = "Also what was there in the past 90 days or so.")]
        history: Option<bool>,
    ) -> Result<Option<ShodanHost>> {
        let found = desk(ctx).await?.host(ip.0, history.unwrap_or(false)).await.map_err(fail)?;
        Ok(found.map(Into::into))
    }
    /// A page of at most 100 banners. A query credit if the query has a filter or the page is not the first.
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 900 characters, such as port:502 country:IT.")] query: String,
        #[graphql(default_with = "Some(1)", desc = "From 1 to 1 000.")] page: Option<i32>,
        #[graphql(desc = "At most 20, such as org or port:20.")] facets: Option<Vec<String>>,
    ) -> Result<ShodanSearch> {
        let facets = facets.unwrap_or_default();
        let found = desk(ctx).await?.search(&query, page.unwrap_or(1), &facets).await.map_err(fail)?;
        Ok(found.into())
    }
    /// How many match, without banners. Free.
    async fn count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 900 characters.")] query: String,
        #[graphql(desc = "At most 20, such as org or port:20.")] facets: Option<Vec<String>>,
    ) -> Result<ShodanSearch> {
        Ok(desk(ctx).await?.count(&query, &facets.unwrap_or_default()).await.map_err(fail)?.into())
    }
    /// How Shodan reads a query, and what it costs. Free.
    async fn parse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 900 characters.")] query: String,
    ) -> Result<ShodanQueryPlan> {
        Ok(desk(ctx).await?.parse(&query).await.map_err(fail)?.into())
    }
    /// The addresses of host names, in their order. Free.
    async fn resolve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100.")] hostnames: Vec<Hostname>,
    ) -> Result<Vec<DnsAnswer>> {
        let names: Vec<String> = hostnames.into_iter().map(|name| name.0).collect();
        let mut found = desk(ctx).await?.resolve(&names).await.map_err(fail)?;
        Ok(names.iter().map(|name| DnsAnswer::of(name, found.remove(name).unwrap_or_default())).collect())
    }
    /// The names of addresses, in their order. Free.
    async fn reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100.")] ips: Vec<IpAddress>,
    ) -> Result<Vec<DnsAnswer>> {
        let ips: Vec<std::net::IpAddr> = ips.into_iter().map(|ip| ip.0).collect();
        let mut found = desk(ctx).await?.reverse(&ips).await.map_err(fail)?;
        Ok(ips.iter().map(|ip| DnsAnswer::of(ip, found.remove(ip).unwrap_or_default())).collect())
    }
    /// A page of a domain's names and records; null: nothing is known of it. A query credit.
    async fn domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Such as example.com.")] domain: Hostname,
        #[graphql(default_with = "Some(1)", desc = "From 1 to 1 000.")] page: Option<i32>,
    ) -> Result<Option<ShodanDomain>> {
        let found = desk(ctx).await?.domain(&domain.0, page.unwrap_or(1)).await.map_err(fail)?;
        Ok(found.map(Into::into))
    }
    /// The ports that Shodan crawls. Free.
    async fn ports(&self, ctx: &Context<'_>) -> Result<Vec<i32>> {
        let ports = desk(ctx).await?.ports().await.map_err(fail)?;
        Ok(ports.into_iter().map(i32::from).collect())
    }
    /// The protocols that Shodan understands. Free.
    async fn protocols(&self, ctx: &Context<'_>) -> Result<Vec<ShodanProtocol>> {
        let known = desk(ctx).await?.protocols().await.map_err(fail)?;
        Ok(known.into_iter().map(Into::into).collect())
    }
    /// What can be a facet. Free.
    async fn facets(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        desk(ctx).await?.facets().await.map_err(fail)
    }
    /// What can be a filter. Free.
    async fn filters(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        desk(ctx).await?.filters().await.map_err(fail)
    }
    /// The alerts of the organization's own Shodan account. Empty where the instance's key is used: what is there may
    /// be anybody's. Free.
    async fn alerts(&self, ctx: &Context<'_>) -> Result<Vec<ShodanAlert>> {
        let alerts = desk(ctx).await?.alerts().await.map_err(fail)?;
        Ok(alerts.into_iter().map(ShodanAlert::of).collect())
    }
}
