//! What the timer does besides polling, each thing at its time: scans that are followed, alerts that are kept in step.
//!
//! A row of the agenda says what is due when, over all organizations. It only reminds: how far something is stands in its
//! own rows, so a row too many does no harm, and doing something twice neither. The new row is there before the old one
//! goes. Never here: what is done.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ids::{OrgId, ScanId};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::agenda::{self, Agenda, Due};
use crate::ports::{Op, RowRange, StoreError, Table};
use crate::{App, Error, monitor, scans};

/// Something to be done for an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A scan is to be followed.
    Scan(OrgId, ScanId),
    /// Shodan Monitor is to be kept in step with the assets.
    Monitor(OrgId),
}

/// One tick reads at most so many.
const MOST: usize = 50;
/// Rows that are read together where all are wanted.
const PAGE: usize = 1000;
/// What failed is tried again after so long.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// Polls must not wait longer for errands.
const PATIENCE: Duration = Duration::from_secs(30);

impl Errand {
    fn key(&self, at: Timestamp) -> String {
        let what = match self {
            Self::Scan(org, scan) => format!("{org}:scan:{}", scan.ulid()),
            Self::Monitor(org) => format!("{org}:monitor:"),
        };
        Due::Errand.key(at, &what)
    }

    fn read(key: &str) -> Option<Self> {
        let mut parts = Due::Errand.read(key)?.1.splitn(3, ':');
        let org = parts.next()?.parse().ok()?;
        match (parts.next()?, parts.next()?) {
            ("scan", ulid) => Some(Self::Scan(org, ScanId::from_ulid(ulid).ok()?)),
            ("monitor", "") => Some(Self::Monitor(org)),
            _ => None,
        }
    }

    /// Does it. Returns when it is to be done again.
    async fn run(&self, app: &App, deadline: Instant) -> Result<Option<Timestamp>, Error> {
        match self {
            Self::Scan(org, scan) => scans::follow(app, org, scan, deadline).await,
            Self::Monitor(org) => monitor::keep(app, org, deadline).await,
        }
    }
}

/// Has something done at an instant. Written before what it reminds of.
pub(crate) async fn plan(app: &App, errand: &Errand, at: Timestamp) -> Result<(), StoreError> {
    agenda::write(app, vec![Op::Upsert(agenda::reminder(app, errand.key(at)))]).await
}

/// Does what is due, within a part of the tick. `true`: something may be due that was not.
pub(crate) async fn run(app: &App, agenda: &Agenda, deadline: Instant) -> Result<bool, Error> {
    let deadline = deadline.min(Instant::now() + PATIENCE);
    let mut done: Vec<Errand> = Vec::new();
    for found in agenda.due(Due::Errand).take(MOST) {
        if Instant::now() >= deadline {
            break;
        }
        let gone = Op::Delete { key: found.key.clone(), etag: None };
        let Some(errand) = Errand::read(&found.key) else {
            tracing::warn!(errand = found.key, "an errand that cannot be read is dropped");
            agenda::write(app, vec![gone]).await?;
            continue;
        };
        if done.contains(&errand) {
            agenda::write(app, vec![gone]).await?;
            continue;
        }
        let next = match errand.run(app, deadline).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(?errand, %error, "an errand is tried again");
                app.now().checked_add(AGAIN).ok()
            }
        };
        let key = next.map(|at| errand.key(at)).filter(|key| *key != found.key);
        let come = key.map(|key| Op::Upsert(agenda::reminder(app, key)));
        agenda::write(app, come.into_iter().chain([gone]).collect()).await?;
        done.push(errand);
    }
    Ok(!done.is_empty())
}

/// The organizations whose alerts are looked after, each once.
pub(crate) async fn monitored(app: &App) -> Result<Vec<OrgId>, StoreError> {
    let mut orgs = BTreeSet::new();
    let mut range = RowRange { limit: PAGE, ..RowRange::default() };
    loop {
        let page = app.tables.range(Table::Schedule, agenda::PARTITION, range.clone()).await?;
        orgs.extend(page.rows.iter().filter_map(|row| match Errand::read(&row.key) {
            Some(Errand::Monitor(org)) => Some(org),
            _ => None,
        }));
        let Some(from) = page.next else { return Ok(orgs.into_iter().collect()) };
        range.from = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ULID: &str = "01J8ZQ4W3E9V6T5R2P1N0M8K7H";

    #[test]
    fn errands_read_back_and_lie_in_the_order_of_their_times() {
        let org = OrgId::from_ulid(ULID).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        for errand in [Errand::Scan(org.clone(), ScanId::from_ulid(ULID).unwrap()), Errand::Monitor(org)] {
            let key = errand.key(at(1_800_000_000));
            assert_eq!(Errand::read(&key), Some(errand.clone()));
            assert!(key < errand.key(at(1_800_000_001)));
        }
        assert_eq!(Errand::read("1800000000:errand:nonsense"), None);
    }
}
