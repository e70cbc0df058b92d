//! What people are reminded of: findings that their channel told of, that have been open for longer than its reminders are
//! apart, and about which nobody has decided anything.

use std::cmp::Reverse;

use domain::email::EmailAddress;
use domain::event::EventType;
use domain::finding::{Finding, FindingState};
use domain::ids::{Bucket, FindingId, OrgId};
use jiff::{SignedDuration, Timestamp};

use super::channel::Channel;
use super::letter::place;
use super::shelf;
use crate::assets::Register;
use crate::findings::{alias, read_finding};
use crate::ports::{EventLine, Table};
use crate::{App, Error, ledger};

/// Of so many findings it is looked up whether the channel told of them, the worst first.
const MOST: usize = 1_000;

/// A finding that people are reminded of.
#[derive(Clone, Debug)]
pub(super) struct Reminded {
    pub line: EventLine,
    pub due_at: Option<Timestamp>,
    /// Whoever is to work on it.
    pub assignee: Option<EmailAddress>,
}

/// Is there nothing to remind of?
pub(super) async fn is_needless(app: &App, org: &OrgId, channel: &Channel) -> Result<bool, Error> {
    Ok(told_and_open(app, org, channel).await?.is_empty())
}

/// What a channel reminds of at this moment, the worst first.
pub(super) async fn still_open(app: &App, org: &OrgId, channel: &Channel) -> Result<Vec<Reminded>, Error> {
    let rows: Vec<String> = told_and_open(app, org, channel).await?.iter().map(FindingId::row).collect();
    let found = app.tables.get_many(Table::Exposure, &ledger::partition(org, Bucket::default()), &rows).await?;
    let register = Register::read(app, org).await?;
    let mut reminded = Vec::new();
    for row in found.into_iter().flatten().filter(|row| alias(row).is_none()) {
        let finding = read_finding(&row)?.finding;
        let asset = register.find(&finding.asset).map(|asset| asset.name.clone());
        reminded.push(of(finding, asset, &app.settings.public_url));
    }
    Ok(reminded)
}

/// The findings by the directory and by what the channel was told: no row of theirs is read for that.
async fn told_and_open(app: &App, org: &OrgId, channel: &Channel) -> Result<Vec<FindingId>, Error> {
    let Some(hours) = channel.trigger.repeat_hours else { return Ok(Vec::new()) };
    let Ok(before) = app.now().checked_sub(SignedDuration::from_hours(i64::from(hours))) else { return Ok(Vec::new()) };
    let bucket = Bucket::default();
    let (_, snapshot) = app.snapshot(org, bucket).await?;
    let least = channel.trigger.min_severity;
    let mut open: Vec<_> = snapshot
        .entries()
        .iter()
        .filter(|e| e.state == FindingState::Open && e.severity >= least && i64::from(e.opened) <= before.as_second())
        .collect();
    open.sort_by_key(|e| Reverse((e.severity, e.risk)));
    let ids: Vec<FindingId> = open.iter().take(MOST).map(|e| e.id(bucket)).collect();
    let keys: Vec<String> = ids.iter().map(|id| shelf::told_row(&channel.id, id)).collect();
    let told = app.tables.get_many(Table::Deliveries, org.as_str(), &keys).await?;
    Ok(ids.into_iter().zip(told).filter(|(_, told)| told.is_some()).map(|(id, _)| id).collect())
}

fn of(finding: Finding, asset: Option<String>, public_url: &str) -> Reminded {
    let line = EventLine {
        event: EventType::FindingOpened,
        at: finding.opened_at,
        severity: Some(finding.severity),
        title: finding.title,
        place: place(Some(finding.ip.to_string()), finding.port.map(u64::from)),
        asset,
        url: format!("{public_url}/app/findings/{}", finding.id),
    };
    let assignee = finding.assignee.and_then(|who| EmailAddress::parse(who.email.as_deref()?));
    Reminded { line, due_at: finding.due_at, assignee }
}
