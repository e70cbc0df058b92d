//! Who is asking, and where.

use app::access::{
    self, ApiToken as StoredToken, Caller, Organization as StoredOrganization, Session as StoredSession,
    User as StoredUser,
};
use app::poll::Budget;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::finding::FindingState;
use domain::role::Action;

use super::counts::{FindingCounts, int};
use super::member::{Invitation, MemberConnection, members};
use crate::context::{app, caller, fail};
use crate::enums::{Role, Scope, Severity, ShodanKeySource};
use crate::paging::page;
use crate::scalars::{DateTime, EmailAddress, IpAddress, at};

/// Who is asking.
pub struct Viewer(pub(crate) access::Viewer);

/// Who is asking.
#[Object]
impl Viewer {
    /// The person; null when a token asks.
    async fn user(&self) -> Option<User> {
        self.0.user.clone().map(User)
    }
    /// The token; null when a person asks.
    async fn token(&self) -> Option<ApiToken> {
        self.0.token.clone().map(ApiToken)
    }
    /// What they are in the organization.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
    /// The organizations that they belong to.
    async fn organizations(&self) -> Vec<Organization> {
        self.0.organizations.iter().cloned().map(Organization).collect()
    }
    /// Where they are signed in.
    async fn sessions(&self) -> Vec<Session> {
        let current = |s: &StoredSession| Some(&s.id) == self.0.current.as_ref();
        self.0.sessions.iter().map(|s| Session { current: current(s), stored: s.clone() }).collect()
    }
}

/// A person.
#[derive(Clone)]
pub struct User(pub(crate) StoredUser);

/// A person.
#[Object]
impl User {
    /// Their id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Where mail goes, and what they sign in with.
    async fn email(&self) -> EmailAddress {
        EmailAddress(self.0.email.to_string())
    }
    /// What others call them.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Did they prove that the mailbox is theirs?
    async fn email_verified(&self) -> bool {
        self.0.email_verified
    }
    /// IANA name, such as Europe/Rome.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }
    /// When they registered.
    async fn created_at(&self) -> DateTime {
        at(self.0.created_at)
    }
}

/// Where somebody is signed in.
pub struct Session {
    pub(crate) stored: StoredSession,
    pub(crate) current: bool,
}

/// Where somebody is signed in.
#[Object]
impl Session {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.stored.id.to_string().into()
    }
    /// When they signed in.
    async fn created_at(&self) -> DateTime {
        at(self.stored.created_at)
    }
    /// When it was last used, to five minutes.
    async fn last_used_at(&self) -> DateTime {
        at(self.stored.last_used_at)
    }
    /// The browser, as it names itself; null: it does not.
    async fn user_agent(&self) -> Option<&String> {
        self.stored.user_agent.as_ref()
    }
    /// Where it came from; null: the platform does not tell.
    async fn ip_address(&self) -> Option<IpAddress> {
        self.stored.ip_address.map(IpAddress)
    }
    /// Is it the one that asks?
    async fn current(&self) -> bool {
        self.current
    }
}

/// A key for programs. Its secret is shown once, when it is made.
#[derive(Clone)]
pub struct ApiToken(pub(crate) StoredToken);

/// A key for programs. Its secret is shown once, when it is made.
#[Object]
impl ApiToken {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The first characters of the secret, to tell tokens apart.
    async fn prefix(&self) -> &str {
        &self.0.prefix
    }
    /// What it is for.
    async fn scopes(&self) -> Vec<Scope> {
        self.0.scopes.iter().map(|s| (*s).into()).collect()
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime {
        at(self.0.created_at)
    }
    /// When it ends; null: never.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(at)
    }
    /// When it was last used, to five minutes; null: never.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(at)
    }
    /// Who made it; null when a token did, or the account was deleted.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let id = self.0.created_by.id.as_deref().and_then(|id| id.parse().ok());
        let Some(id) = id else { return Ok(None) };
        let maker = access::user(app(ctx), &id).await.map_err(|e| fail(e.into()))?;
        Ok(maker.filter(StoredUser::is_live).map(User))
    }
}

/// The organization that a credential acts in.
#[derive(Clone)]
pub struct Organization(pub(crate) StoredOrganization);

/// What an organization decided.
#[derive(SimpleObject)]
pub struct OrganizationSettings {
    /// Seconds between polls of an asset that says nothing else.
    poll_interval: i32,
    /// Days without an observation after which a service is stale.
    stale_after_days: i32,
    /// How many crawls must miss a service before it is closed.
    close_after_misses: i32,
    /// Days to fix findings without a CVE.
    sla: Vec<SlaDays>,
    /// Days for which events are kept; null: for ever.
    event_retention_days: Option<i32>,
    /// With a Shodan key of its own: are alerts kept in that account, one for each network and one for some devices
    /// each, so that news are pushed?
    shodan_monitor: bool,
}

/// Days to fix, for a severity.
#[derive(SimpleObject)]
pub struct SlaDays {
    /// The severity.
    severity: Severity,
    /// Days from the opening.
    days: i32,
}

/// How it stands with the Shodan key. The key itself is never shown again.
#[derive(SimpleObject)]
pub struct ShodanKeyStatus {
    /// Whose key is used.
    pub(crate) source: ShodanKeySource,
    /// The plan's name; null: not asked yet, or there is no key.
    pub(crate) plan: Option<String>,
    /// Query credits left this month; null: no limit, or not asked yet.
    pub(crate) query_credits_left: Option<i32>,
    /// Addresses that may still be monitored; null: no limit, or not asked yet.
    pub(crate) monitored_ips_left: Option<i32>,
    /// Scan credits left this month; null: no limit, or not asked yet.
    pub(crate) scan_credits_left: Option<i32>,
    /// When Shodan was asked; null: not yet.
    pub(crate) checked_at: Option<DateTime>,
    /// When credits are given anew; null: no limit, or not asked yet.
    pub(crate) resets_at: Option<DateTime>,
    /// Requests to Shodan this month, by whoever uses the key here.
    pub(crate) calls_this_month: i32,
    /// Query credits that they cost.
    pub(crate) query_credits_this_month: i32,
    /// When the credits will be used up if the month goes on as it began; null: not before the next one.
    pub(crate) exhausted_on: Option<DateTime>,
}

/// The organization that a credential acts in.
#[Object]
impl Organization {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// When it was founded.
    async fn created_at(&self) -> DateTime {
        at(self.0.created_at)
    }
    /// Who belongs to it, in the order in which people registered.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
    ) -> Result<MemberConnection> {
        self.acting(ctx)?;
        members(ctx, &page(first, after, last, before)?).await
    }
    /// Who is invited and has not come yet, eldest first.
    async fn invitations(&self, ctx: &Context<'_>) -> Result<Vec<Invitation>> {
        let open = access::invitations(app(ctx), self.acting(ctx)?).await.map_err(fail)?;
        Ok(open.into_iter().map(Invitation).collect())
    }
    /// Its API tokens that are not revoked.
    async fn api_tokens(&self, ctx: &Context<'_>) -> Result<Vec<ApiToken>> {
        let tokens = access::list_api_tokens(app(ctx), self.acting(ctx)?).await.map_err(fail)?;
        Ok(tokens.into_iter().map(ApiToken).collect())
    }
    /// How it stands with its Shodan key.
    async fn shodan_key(&self, ctx: &Context<'_>) -> Result<ShodanKeyStatus> {
        self.acting(ctx)?;
        key_status(ctx, &self.0).await
    }
    /// How many assets are watched.
    async fn asset_count(&self, ctx: &Context<'_>) -> Result<i32> {
        self.acting(ctx)?;
        let register = crate::context::register(ctx).await?;
        Ok(int(register.assets().filter(|a| a.retired_at.is_none()).count()))
    }
    /// Its findings, counted.
    async fn finding_counts(&self, ctx: &Context<'_>) -> Result<FindingCounts> {
        let caller = self.acting(ctx)?;
        caller.may(Action::Read).map_err(fail)?;
        let org = &caller.org;
        let (head, _) = app(ctx).snapshot(org, domain::ids::Bucket::default()).await.map_err(|e| fail(e.into()))?;
        debug_assert!(head.counts.total(FindingState::Open) < u32::MAX);
        Ok(FindingCounts(head.counts))
    }
    /// What it decided.
    async fn settings(&self, ctx: &Context<'_>) -> Result<OrganizationSettings> {
        self.acting(ctx)?;
        let s = &self.0.settings;
        let sla = domain::severity::Severity::ALL.into_iter().rev();
        Ok(OrganizationSettings {
            poll_interval: int(s.poll_interval as usize),
            stale_after_days: int(s.stale_after_days as usize),
            close_after_misses: int(s.close_after_misses as usize),
            sla: sla
                .filter_map(|severity| {
                    Some(SlaDays { severity: severity.into(), days: int(s.sla.days(severity)? as usize) })
                })
                .collect(),
            event_retention_days: s.event_retention_days.map(|d| int(d as usize)),
            shodan_monitor: s.shodan_monitor,
        })
    }
}

impl Organization {
    /// The caller, if they act in this one. A person sees of their other organizations what they are called, and what
    /// is in them after switching there.
    fn acting<'a>(&self, ctx: &Context<'a>) -> Result<&'a Caller> {
        let caller = caller(ctx)?;
        if caller.org == self.0.id {
            return Ok(caller);
        }
        Err(fail(app::Error::Forbidden(format!("switch to {} to see what is in it", self.0.name))))
    }
}

/// What is known of the key that an organization's assets are asked about with.
pub(crate) async fn key_status(ctx: &Context<'_>, organization: &StoredOrganization) -> Result<ShodanKeyStatus> {
    let now = app(ctx).now();
    let budget = app::poll::budget(app(ctx), organization).await.map_err(fail)?;
    let number = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let of = |left: fn(&Budget) -> Option<u64>| budget.as_ref().and_then(left).map(number);
    let used = |sum: fn(&Budget) -> u64| budget.as_ref().map_or(0, |b| number(sum(b)));
    Ok(ShodanKeyStatus {
        source: key_source(ctx, organization),
        plan: budget.as_ref().map(|b| b.plan.clone()).filter(|plan| !plan.is_empty()),
        query_credits_left: of(|a| a.query_credits),
        monitored_ips_left: of(|a| a.monitored_ips),
        scan_credits_left: of(|a| a.scan_credits),
        checked_at: budget.as_ref().and_then(|b| b.checked_at).map(at),
        resets_at: budget.as_ref().and_then(|b| b.query_credits).map(|_| at(Budget::resets_at(now))),
        calls_this_month: used(|b| b.calls),
        query_credits_this_month: used(|b| b.credits),
        exhausted_on: budget.as_ref().and_then(|b| b.exhausted_on(now)).map(at),
    })
}

/// Whose key is used for an organization.
fn key_source(ctx: &Context<'_>, organization: &StoredOrganization) -> ShodanKeySource {
    if organization.shodan_key.is_some() {
        ShodanKeySource::Organization
    } else if app(ctx).settings.shodan_key.is_some() {
        ShodanKeySource::Instance
    } else {
        ShodanKeySource::None
    }
}
