//! One decision for everything that matches a filter.

use app::directory::{Direction, Order};
use app::findings;
use app::judging::shown;
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::policy::TriagePolicy as Stored;

use super::actor::Actor;
use super::asset::exact;
use super::finding::{FindingConnection, listed};
use crate::context::{app, caller, fail};
use crate::enums::{FindingState, TriageReason, Tripwire};
use crate::paging::{Page, page};
use crate::scalars::{DateTime, Json, at};

/// One decision for everything that matches a filter, present and future.
#[derive(Clone)]
pub struct TriagePolicy(pub(crate) Stored);

/// One decision for everything that matches a filter, present and future.
#[Object]
impl TriagePolicy {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.clone().into()
    }
    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What it decides about: the fields of a `FindingFilter` that it says.
    async fn findings(&self) -> Json {
        Json(shown(&self.0.findings))
    }
    /// What it decides.
    async fn state(&self) -> FindingState {
        self.0.state.into()
    }
    /// Why.
    async fn reason(&self) -> TriageReason {
        self.0.reason.into()
    }
    /// In words.
    async fn note(&self) -> &str {
        &self.0.note
    }
    /// Who approved it; null: nobody is named.
    async fn approved_by(&self) -> Option<&String> {
        self.0.approved_by.as_ref()
    }
    /// Who made it.
    async fn created_by(&self) -> Actor {
        (&self.0.created_by).into()
    }
    /// Since when.
    async fn created_at(&self) -> DateTime {
        at(self.0.created_at)
    }
    /// Until when; every policy has an end.
    async fn until(&self) -> DateTime {
        at(self.0.until)
    }
    /// What ends its decision about a finding early.
    async fn tripwires(&self) -> Vec<Tripwire> {
        self.0.tripwires.iter().map(|wire| (*wire).into()).collect()
    }
    /// So does an EPSS probability above this; null: none does.
    async fn epss_above(&self) -> Option<f64> {
        self.0.epss_above
    }
    /// When somebody ended it; null: nobody did.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(at)
    }
    /// Who ended it; null: nobody did.
    async fn ended_by(&self) -> Option<Actor> {
        self.0.ended_by.as_ref().map(Into::into)
    }
    /// The findings that it has decided about, the greatest risk first.
    async fn matched(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most: 1 to 100; 25 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
    ) -> Result<FindingConnection> {
        let filter = findings::FindingFilter { triage_policy: Some(self.0.id.clone()), ..Default::default() };
        listed(ctx, filter, (Order::Risk, Direction::Descending), &page(first, after, None, None)?).await
    }
}

/// What a list of policies says beside its items.
#[derive(SimpleObject)]
pub struct PolicyTotals {
    /// How many there are.
    total_count: Option<i32>,
}

/// A page of policies.
pub type TriagePolicyConnection = Connection<String, TriagePolicy, PolicyTotals>;

/// Policies, oldest first; those that ended too, or those that held at an instant.
pub async fn policies(
    ctx: &Context<'_>,
    active_at: Option<jiff::Timestamp>,
    page: &Page,
) -> Result<TriagePolicyConnection> {
    let found = app::judging::policies(app(ctx), caller(ctx)?, active_at).await.map_err(fail)?;
    let totals = PolicyTotals { total_count: exact(found.len()) };
    let (shown, more) = page.of(found, |policy| policy.id.clone())?;
    let (before, behind) = page.neighbours(more);
    let mut connection = Connection::with_additional_fields(before, behind, totals);
    connection.edges.extend(shown.into_iter().map(|(cursor, policy)| Edge::new(cursor, TriagePolicy(policy))));
    Ok(connection)
}
