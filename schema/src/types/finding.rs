//! What is wrong.

use std::sync::Arc;

use app::findings;
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::finding::Finding as Stored;

use super::actor::Actor;
use super::asset::{Asset, exact};
use super::counts::int;
use super::decision::{NotificationDecision, of_finding};
use super::event::{EventConnection, EventFilter, events};
use super::policy::TriagePolicy;
use super::rule::Rule;
use super::service::Service;
use super::viewer::User;
use super::vulnerability::{Vulnerability, VulnerabilityConnection};
use crate::context::{app, bad_input, caller, fail, register};
use crate::enums::{
    Confidence, DataSource, DueBasis, FindingCategory, FindingState, Resolution, Severity, Transport, TriageReason,
    Tripwire,
};
use crate::paging::page;
use crate::scalars::{DateTime, IpAddress, Url, at};

pub use super::finding_filter::FindingFilter;
pub use super::finding_list::{FindingConnection, FindingOrder, FindingTotals, list, listed};

/// Something that is wrong, over time.
#[derive(Clone)]
pub struct Finding(pub(crate) Arc<Stored>);

impl From<Stored> for Finding {
    fn from(finding: Stored) -> Self {
        Self(Arc::new(finding))
    }
}

/// One term of a risk score.
#[derive(SimpleObject)]
pub struct RiskFactor {
    /// Which.
    name: String,
    /// What it was judged by.
    value: String,
    /// What it adds to the score.
    points: i32,
    /// In a sentence.
    explanation: String,
    /// Who says so.
    source: String,
    /// As of when.
    as_of: DateTime,
}

impl From<&domain::risk::RiskFactor> for RiskFactor {
    fn from(factor: &domain::risk::RiskFactor) -> Self {
        Self {
            name: factor.name.clone(),
            value: factor.value.clone(),
            points: i32::from(factor.points),
            explanation: factor.explanation.clone(),
            source: factor.source.clone(),
            as_of: at(factor.as_of),
        }
    }
}

/// What was seen, word for word.
#[derive(SimpleObject)]
pub struct Evidence {
    /// Who saw it.
    source: DataSource,
    /// When it was seen.
    observed_at: DateTime,
    /// False: the source has no dates; this is when we first got this content.
    observed_at_exact: bool,
    /// When we asked.
    polled_at: DateTime,
    /// The field, such as service.mqtt.code.
    field: String,
    /// Its value, at most 512 bytes.
    value: String,
}

/// A person's decision about a finding.
#[derive(SimpleObject)]
pub struct Triage {
    /// One id for all findings of one decision.
    id: ID,
    /// What was decided.
    state: FindingState,
    /// Why.
    reason: Option<TriageReason>,
    /// In words.
    note: Option<String>,
    /// Who decided; null when a triage policy did.
    by: Option<Actor>,
    /// When.
    at: DateTime,
    /// Until when it holds; null: no end.
    until: Option<DateTime>,
    /// An acceptance ends early when one of these comes true.
    tripwires: Vec<Tripwire>,
    /// Who approved it.
    approved_by: Option<String>,
    /// Ends it when the EPSS probability passes this value.
    epss_above: Option<f64>,
    /// The policy that decided; null: a person did.
    policy: Option<TriagePolicy>,
}

/// A ticket of another system about a finding.
#[derive(SimpleObject)]
pub struct Ticket {
    /// Whose ticket it is, such as jira.
    system: String,
    /// Its key there, such as OPS-123.
    key: String,
    /// Where people read it; null: nobody said.
    url: Option<Url>,
    /// How it stands, in that system's words; null: nobody said.
    status: Option<String>,
    /// When it was linked first.
    linked_at: DateTime,
    /// Who linked it first.
    linked_by: Actor,
}

/// What somebody wrote about a finding.
#[derive(SimpleObject)]
pub struct Comment {
    /// Its id.
    id: ID,
    /// Who wrote it.
    author: Actor,
    /// The text.
    text: String,
    /// When.
    at: DateTime,
}

/// Something that is wrong, over time.
#[Object]
impl Finding {
    /// Its id, for ever.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// One line.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// What sort of thing.
    async fn category(&self) -> FindingCategory {
        self.0.category.into()
    }
    /// How bad.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }
    /// How sure.
    async fn confidence(&self) -> Confidence {
        self.0.confidence.into()
    }
    /// Where work stands.
    async fn state(&self) -> FindingState {
        self.0.state.into()
    }
    /// The asset that owns it.
    async fn asset(&self, ctx: &Context<'_>) -> Result<Asset> {
        let found = register(ctx).await?.share(&self.0.asset).cloned();
        found.map(Asset::from).ok_or_else(|| bad_input("the asset of this finding was deleted"))
    }
    /// Its service; null when it is about the host as a whole.
    async fn service(&self, ctx: &Context<'_>) -> Result<Option<Service>> {
        let Some(id) = &self.0.service else { return Ok(None) };
        let found = findings::service(app(ctx), caller(ctx)?, id).await.map_err(fail)?;
        Ok(found.map(Service))
    }
    /// Its address.
    async fn ip(&self) -> IpAddress {
        IpAddress(self.0.ip)
    }
    /// Its port; null when it is about the host as a whole.
    async fn port(&self) -> Option<i32> {
        self.0.port.map(i32::from)
    }
    /// Its transport.
    async fn transport(&self) -> Option<Transport> {
        self.0.transport.map(Into::into)
    }
    /// The rule that found it.
    async fn rule(&self, ctx: &Context<'_>) -> Result<Rule> {
        Rule::find(ctx, self.0.rule.as_str()).await?.ok_or_else(|| bad_input("the rule of this finding was deleted"))
    }
    /// The one CVE; null for a finding without one and for a folded finding, whose CVEs are in `vulnerabilities`.
    async fn vulnerability(&self) -> Option<Vulnerability> {
        let cve = self.0.cve.as_ref()?;
        self.0.vulnerabilities.iter().find(|v| &v.cve == cve).cloned().map(Vulnerability::of)
    }
    /// 0 to 100, the sum of riskFactors.
    async fn risk_score(&self) -> i32 {
        i32::from(self.0.risk_score)
    }
    /// Why this score: every term with its source.
    async fn risk_factors(&self) -> Vec<RiskFactor> {
        self.0.risk_factors.iter().map(RiskFactor::from).collect()
    }
    /// What was seen, when and by whom, word for word.
    async fn evidence(&self) -> Vec<Evidence> {
        let evidence = |e: &domain::finding::Evidence| Evidence {
            source: e.source.into(),
            observed_at: at(e.observed_at),
            observed_at_exact: e.observed_at_exact,
            polled_at: at(e.polled_at),
            field: e.field.clone(),
            value: e.value.clone(),
        };
        self.0.evidence.iter().map(evidence).collect()
    }
    /// What to do.
    async fn remediation(&self) -> &str {
        &self.0.remediation
    }
    /// Where to read on.
    async fn references(&self) -> Vec<Url> {
        self.0.references.iter().cloned().map(Url).collect()
    }
    /// Fix-by date: CISA's BOD 26-04 table, or the organization's SLA where there is no CVE; counted from the later of
    /// openedAt and the day that the row began to apply. Null: no rule sets one.
    async fn due_at(&self) -> Option<DateTime> {
        self.0.due_at.map(at)
    }
    /// By what rule the date was set.
    async fn due_basis(&self) -> Option<DueBasis> {
        self.0.due_basis.map(Into::into)
    }
    /// CISA asks for a forensic investigation.
    async fn forensics_required(&self) -> bool {
        self.0.forensics_required
    }
    /// The decision that holds; null: none does.
    async fn triage(&self, ctx: &Context<'_>) -> Result<Option<Triage>> {
        triage(ctx, self.0.triage.as_ref()).await
    }
    /// Who works on it; null: nobody, or somebody who has left.
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let id = self.0.assignee.as_ref().and_then(|a| a.id.as_ref()).and_then(|id| id.parse().ok());
        let Some(id) = id else { return Ok(None) };
        Ok(app::access::fellow(app(ctx), caller(ctx)?, &id).await.map_err(fail)?.map(User))
    }
    /// Tickets of other systems about it, in the order in which they were linked; at most 20.
    async fn tickets(&self) -> Vec<Ticket> {
        let ticket = |t: &domain::ticket::Ticket| Ticket {
            system: t.system.clone(),
            key: t.key.clone(),
            url: t.url.clone().map(Url),
            status: t.status.clone(),
            linked_at: at(t.linked_at),
            linked_by: (&t.linked_by).into(),
        };
        self.0.tickets.iter().map(ticket).collect()
    }
    /// When it was first seen.
    async fn first_observed_at(&self) -> DateTime {
        at(self.0.first_observed_at)
    }
    /// When the source last saw it.
    async fn last_observed_at(&self) -> DateTime {
        at(self.0.last_observed_at)
    }
    /// When it was last opened or reopened.
    async fn opened_at(&self) -> DateTime {
        at(self.0.opened_at)
    }
    /// When it was resolved; null while it is not.
    async fn resolved_at(&self) -> Option<DateTime> {
        self.0.resolved_at.map(at)
    }
    /// Why it was resolved; null while it is not.
    async fn resolution(&self) -> Option<Resolution> {
        self.0.resolution.map(Into::into)
    }
    /// When something that a person cares about changed.
    async fn updated_at(&self) -> DateTime {
        at(self.0.updated_at)
    }
    /// How often it came back.
    async fn reopen_count(&self) -> i32 {
        int(self.0.reopen_count as usize)
    }
    /// Not observed for too long; it keeps its state.
    async fn stale(&self) -> bool {
        self.0.stale
    }
    /// Rises with each of its events: drop what is not above the last that you saw.
    async fn revision(&self) -> i32 {
        int(usize::try_from(self.0.revision).unwrap_or(usize::MAX))
    }
    /// What was written about it, oldest first.
    async fn comments(&self) -> Vec<Comment> {
        let comment = |c: &domain::finding::Comment| Comment {
            id: c.id.clone().into(),
            author: (&c.author).into(),
            text: c.text.clone(),
            at: at(c.at),
        };
        self.0.comments.iter().map(comment).collect()
    }
    /// Which channels were told of its latest 50 events, and why the others were not; newest event first.
    async fn notifications(&self, ctx: &Context<'_>) -> Result<Vec<NotificationDecision>> {
        of_finding(ctx, &self.0.id).await
    }
    /// Its events, oldest first.
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
    ) -> Result<EventConnection> {
        let filter = EventFilter { finding_id: Some(self.0.id.to_string().into()), ..EventFilter::default() };
        events(ctx, Some(filter), page(first, after, None, None)?).await
    }
    /// Its CVE, or the CVEs that were folded into it, worst first.
    async fn vulnerabilities(
        &self,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
    ) -> Result<VulnerabilityConnection> {
        let page = page(first, after, None, None)?;
        let start = match &page.cursor {
            None => 0,
            Some(cursor) => {
                self.0.vulnerabilities.iter().position(|v| v.cve.as_str() == cursor).map_or(usize::MAX, |n| n + 1)
            }
        };
        let shown = self.0.vulnerabilities.iter().skip(start).take(page.limit);
        let more = self.0.vulnerabilities.len() > start.saturating_add(page.limit);
        let totals = super::vulnerability::Totals { total_count: exact(self.0.vulnerabilities.len()) };
        let mut connection = Connection::with_additional_fields(page.cursor.is_some(), more, totals);
        connection.edges.extend(shown.map(|v| Edge::new(v.cve.to_string(), Vulnerability::of(v.clone()))));
        Ok(connection)
    }
}

/// A decision, with the policy that made it.
pub(super) async fn triage(ctx: &Context<'_>, decision: Option<&domain::finding::Triage>) -> Result<Option<Triage>> {
    let Some(t) = decision else { return Ok(None) };
    let policy = match t.policy_id() {
        Some(id) => app::judging::policy(app(ctx), caller(ctx)?, id).await.map_err(fail)?.map(TriagePolicy),
        None => None,
    };
    Ok(Some(Triage {
        id: t.id.clone().into(),
        state: t.state.into(),
        reason: t.reason.map(Into::into),
        note: t.note.clone(),
        by: t.policy_id().is_none().then(|| (&t.by).into()),
        at: at(t.at),
        until: t.until.map(at),
        tripwires: t.tripwires.iter().map(|t| (*t).into()).collect(),
        approved_by: t.approved_by.clone(),
        epss_above: t.epss_above,
        policy,
    }))
}
