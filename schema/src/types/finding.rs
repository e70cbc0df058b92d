//! What is wrong.

use std::sync::Arc;

use app::directory::Counts;
use app::findings;
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::finding::Finding as Stored;

use super::actor::Actor;
use super::asset::{Asset, exact};
use super::counts::{FindingCounts, int};
use super::decision::{NotificationDecision, of_finding};
use super::event::{EventConnection, EventFilter, events};
use super::rule::Rule;
use super::service::Service;
use super::vulnerability::{Vulnerability, VulnerabilityConnection};
use crate::context::{app, bad_input, caller, fail, register};
use crate::enums::{
    Confidence, Criticality, DataSource, DueBasis, FindingCategory, FindingOrderField, FindingState, OrderDirection,
    Resolution, Severity, Transport, TriageReason, Tripwire,
};
use crate::paging::{Page, page};
use crate::scalars::{Cidr, CveId, DateTime, IpAddress, Url, at};

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
    /// Who decided.
    by: Actor,
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
        let found = register(ctx).await?.find(&self.0.asset).cloned();
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
    async fn rule(&self) -> Result<Rule> {
        Rule::find(self.0.rule.as_str()).ok_or_else(|| bad_input("the rule of this finding was deleted"))
    }
    /// The one CVE; null for a finding without one and for a folded finding, whose CVEs are in `vulnerabilities`.
    async fn vulnerability(&self) -> Option<Vulnerability> {
        let cve = self.0.cve.as_ref()?;
        self.0.vulnerabilities.iter().find(|v| &v.cve == cve).cloned().map(Vulnerability)
    }
    /// 0 to 100, the sum of riskFactors.
    async fn risk_score(&self) -> i32 {
        i32::from(self.0.risk_score)
    }
    /// Why this score: every term with its source.
    async fn risk_factors(&self) -> Vec<RiskFactor> {
        let factor = |f: &domain::risk::RiskFactor| RiskFactor {
            name: f.name.clone(),
            value: f.value.clone(),
            points: i32::from(f.points),
            explanation: f.explanation.clone(),
            source: f.source.clone(),
            as_of: at(f.as_of),
        };
        self.0.risk_factors.iter().map(factor).collect()
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
    async fn triage(&self) -> Option<Triage> {
        let t = self.0.triage.as_ref()?;
        Some(Triage {
            id: t.id.clone().into(),
            state: t.state.into(),
            reason: t.reason.map(Into::into),
            note: t.note.clone(),
            by: (&t.by).into(),
            at: at(t.at),
            until: t.until.map(at),
            tripwires: t.tripwires.iter().map(|t| (*t).into()).collect(),
            approved_by: t.approved_by.clone(),
            epss_above: t.epss_above,
        })
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
    async fn history(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<EventConnection> {
        let filter = EventFilter { finding_id: Some(self.0.id.to_string().into()), ..EventFilter::default() };
        events(ctx, Some(filter), page(first, after, None, None)?).await
    }
    /// Its CVE, or the CVEs that were folded into it, worst first.
    async fn vulnerabilities(&self, first: Option<i32>, after: Option<String>) -> Result<VulnerabilityConnection> {
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
        connection.edges.extend(shown.map(|v| Edge::new(v.cve.to_string(), Vulnerability(v.clone()))));
        Ok(connection)
    }
}

/// Fields are and-ed; the values of a list are or-ed; no `states` means all states; `cve` and `cves` look inside folded
/// findings.
#[derive(InputObject, Default)]
pub struct FindingFilter {
    /// In title, rule, evidence, remediation or address; without regard to case.
    pub text: Option<String>,
    /// Severities.
    pub severities: Option<Vec<Severity>>,
    /// States.
    pub states: Option<Vec<FindingState>>,
    /// Categories.
    pub categories: Option<Vec<FindingCategory>>,
    /// How sure.
    pub confidence: Option<Vec<Confidence>>,
    /// Of this asset.
    pub asset_id: Option<ID>,
    /// Of one of these assets.
    pub asset_ids: Option<Vec<ID>>,
    /// Of an asset with one of these tags.
    pub asset_tags: Option<Vec<String>>,
    /// Of an asset of one of these owners.
    pub owners: Option<Vec<String>>,
    /// Of an asset at one of these sites.
    pub sites: Option<Vec<String>>,
    /// Of an asset of this criticality.
    pub asset_criticality: Option<Vec<Criticality>>,
    /// At this address.
    pub ip: Option<IpAddress>,
    /// Inside one of these networks.
    pub within: Option<Vec<Cidr>>,
    /// On one of these ports.
    pub ports: Option<Vec<i32>>,
    /// About this CVE.
    pub cve: Option<CveId>,
    /// About one of these CVEs.
    pub cves: Option<Vec<CveId>>,
    /// Of this rule.
    pub rule_id: Option<ID>,
    /// In CISA's catalogue of known exploited vulnerabilities, or not.
    pub known_exploited: Option<bool>,
    /// Used in ransomware campaigns, or not.
    pub ransomware: Option<bool>,
    /// With an EPSS probability of at least this, 0 to 1.
    pub min_epss: Option<f64>,
    /// With a CVSS score of at least this, 0 to 10.
    pub min_cvss: Option<f64>,
    /// With a risk of at least this, 0 to 100.
    pub min_risk_score: Option<i32>,
    /// Open or acknowledged and due, or not.
    pub overdue: Option<bool>,
    /// Not observed for too long, or not.
    pub stale: Option<bool>,
    /// Nobody works on it, or somebody does.
    pub unassigned: Option<bool>,
    /// Resolved for one of these reasons.
    pub resolutions: Option<Vec<Resolution>>,
    /// First observed after.
    pub first_observed_after: Option<DateTime>,
    /// Updated after.
    pub updated_after: Option<DateTime>,
    /// Opened after.
    pub opened_after: Option<DateTime>,
    /// Opened before.
    pub opened_before: Option<DateTime>,
    /// Resolved after.
    pub resolved_after: Option<DateTime>,
    /// Resolved before.
    pub resolved_before: Option<DateTime>,
    /// Due before.
    pub due_before: Option<DateTime>,
    /// With a decision that ends before.
    pub triage_ends_before: Option<DateTime>,
}

fn all<T, U: From<T>>(list: Option<Vec<T>>) -> Option<Vec<U>> {
    list.map(|l| l.into_iter().map(U::from).collect())
}

impl FindingFilter {
    fn read(self) -> Result<findings::FindingFilter> {
        let assets = self.asset_id.into_iter().chain(self.asset_ids.into_iter().flatten()).map(|id| id.parse().ok());
        let assets: Vec<_> = assets.flatten().collect();
        let rule = self
            .rule_id
            .map(|id| domain::rule::RuleId::parse(&id).ok_or_else(|| bad_input("ruleId is not the id of a rule")))
            .transpose()?;
        let cves: Vec<_> = self.cve.into_iter().chain(self.cves.into_iter().flatten()).map(|c| c.0).collect();
        let ports = self.ports.map(|p| p.into_iter().filter_map(|p| u16::try_from(p).ok()).collect());
        Ok(findings::FindingFilter {
            text: self.text,
            severities: all(self.severities),
            states: all(self.states),
            categories: all(self.categories),
            confidence: all(self.confidence),
            asset_ids: (!assets.is_empty()).then_some(assets),
            asset_tags: self.asset_tags,
            owners: self.owners,
            sites: self.sites,
            asset_criticality: all(self.asset_criticality),
            ip: self.ip.map(|ip| ip.0),
            within: self.within.map(|l| l.into_iter().map(|c| c.0).collect()),
            ports,
            cves: (!cves.is_empty()).then_some(cves),
            rule,
            known_exploited: self.known_exploited,
            ransomware: self.ransomware,
            min_epss: self.min_epss,
            min_cvss: self.min_cvss,
            min_risk_score: self.min_risk_score.map(|r| u8::try_from(r.clamp(0, 255)).unwrap_or(0)),
            overdue: self.overdue,
            stale: self.stale,
            unassigned: self.unassigned,
            resolutions: all(self.resolutions),
            first_observed_after: self.first_observed_after.map(|t| t.0),
            updated_after: self.updated_after.map(|t| t.0),
            opened_after: self.opened_after.map(|t| t.0),
            opened_before: self.opened_before.map(|t| t.0),
            resolved_after: self.resolved_after.map(|t| t.0),
            resolved_before: self.resolved_before.map(|t| t.0),
            due_before: self.due_before.map(|t| t.0),
            triage_ends_before: self.triage_ends_before.map(|t| t.0),
        })
    }
}

/// Order and direction.
#[derive(InputObject)]
pub struct FindingOrder {
    /// By what.
    field: FindingOrderField,
    /// Which way.
    direction: OrderDirection,
}

/// What a list of findings says beside its items. Of a filtered list it is worked out when asked for.
pub enum FindingTotals {
    /// The findings that a filter matches.
    Matching(Box<findings::FindingFilter>),
    /// Findings that are at hand.
    Known(Counts),
}

impl FindingTotals {
    async fn told(&self, ctx: &Context<'_>) -> Result<Option<Counts>> {
        match self {
            Self::Known(counts) => Ok(Some(*counts)),
            Self::Matching(filter) => findings::counts(app(ctx), caller(ctx)?, filter).await.map_err(fail),
        }
    }
}

#[Object]
impl FindingTotals {
    /// How many match; null above 10 000, and where only reading every row could tell.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        Ok(self.told(ctx).await?.and_then(|c| exact(c.0.iter().flatten().sum::<u32>() as usize)))
    }
    /// Those that match, by state and severity.
    async fn counts(&self, ctx: &Context<'_>) -> Result<FindingCounts> {
        let told = self.told(ctx).await?;
        told.map(FindingCounts)
            .ok_or_else(|| bad_input("counts cannot be had with this filter: leave out text, address, CVE and rule"))
    }
}

/// A page of findings.
pub type FindingConnection = Connection<String, Finding, FindingTotals>;

/// Lists findings; the greatest risk first where nothing is said.
pub async fn list(
    ctx: &Context<'_>,
    filter: FindingFilter,
    order: Option<FindingOrder>,
    page: Page,
) -> Result<FindingConnection> {
    let order = order.map_or((app::directory::Order::Risk, app::directory::Direction::Descending), |o| {
        (o.field.into(), o.direction.into())
    });
    let filter = filter.read()?;
    let asked = (page.cursor.as_deref(), page.limit, page.backward);
    let found = findings::page(app(ctx), caller(ctx)?, &filter, order, asked).await.map_err(fail)?;
    let (before, behind) = page.neighbours(found.more);
    let mut connection = Connection::with_additional_fields(before, behind, FindingTotals::Matching(Box::new(filter)));
    connection.edges.extend(found.items.into_iter().map(|l| Edge::new(l.cursor, Finding(l.finding))));
    Ok(connection)
}
