use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::cve::CveId;
use domain::observation::HostObservation;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::book::Book;
use super::store::State;
use super::{facts, kev};
use crate::{App, Error};

/// No question is begun after a decision waited for so long.
const LONGEST: Duration = Duration::from_secs(10);

/// What a round may still ask of publishers before it decides.
#[derive(Debug, Default)]
pub(crate) struct Inquiry {
    ended: AtomicBool,
}

impl Inquiry {
    /// Asks about the CVEs that hosts show and nobody was asked about yet, so that the first decision is made by what is
    /// known of them. What is not asked for now, or not answered, is asked for after the polls.
    pub(crate) async fn about(&self, app: &App, hosts: &[HostObservation], deadline: Instant) -> Result<(), Error> {
        let named = named(hosts);
        if named.is_empty() || self.ended.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut state = State::read(app).await?;
        let book = Book::of(app, &state).await?;
        let unknown: Vec<CveId> = named.into_iter().filter(|cve| !book.answered.contains(cve)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let deadline = deadline.min(Instant::now() + LONGEST);
        // Where another process asks at this moment, this one goes on.
        let more = kev::refresh(app, &mut state).await? && facts::learn(app, &mut state, unknown, deadline).await?;
        self.ended.store(!more, Ordering::Relaxed);
        Ok(())
    }
}

/// The CVEs of hosts, each once: those first that nobody told the severity of, for these are waited for.
fn named(hosts: &[HostObservation]) -> Vec<CveId> {
    let banners = || hosts.iter().flat_map(|host| &host.banners);
    let claims = || banners().flat_map(|banner| &banner.vulnerabilities);
    let on_ports: BTreeSet<&CveId> =
        claims().map(|(cve, _)| cve).chain(banners().flat_map(|banner| &banner.not_vulnerable)).collect();
    let loose = hosts.iter().flat_map(|host| &host.vulnerabilities).filter(|cve| !on_ports.contains(cve));
    let bare = claims().filter(|(_, claim)| claim.cvss.is_none()).map(|(cve, _)| cve);
    let first: BTreeSet<&CveId> = loose.chain(bare).collect();
    let then = claims().map(|(cve, _)| cve).collect::<BTreeSet<_>>();
    first.iter().chain(then.difference(&first)).map(|cve| (*cve).clone()).collect()
}

/// How many CVEs were asked about lately, by all processes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pace {
    since: Option<Timestamp>,
    asked: usize,
}

/// So many CVEs are asked about within the time that a tick takes: what they change fits one batch.
const MOST: usize = 40;
/// A little less than lies between two ticks.
const WHILE: SignedDuration = SignedDuration::from_secs(50);

impl Pace {
    /// How many more may be asked about now.
    pub(super) fn left(&self, now: Timestamp) -> usize {
        if self.lasts(now) { MOST.saturating_sub(self.asked) } else { MOST }
    }

    pub(super) fn take(&mut self, number: usize, now: Timestamp) {
        if !self.lasts(now) {
            *self = Self { since: Some(now), asked: 0 };
        }
        self.asked += number;
    }

    fn lasts(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.duration_since(since).abs() < WHILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_asked_about_in_a_minute_however_often_somebody_asks() {
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let mut pace = Pace::default();
        assert_eq!(pace.left(at(0)), MOST);
        pace.take(30, at(0));
        pace.take(10, at(20));
        assert_eq!((pace.left(at(20)), pace.left(at(60))), (0, MOST));
        pace.take(1, at(60));
        assert_eq!(pace.left(at(61)), MOST - 1);
        assert_eq!(pace.left(at(-600)), MOST, "a clock that was wrong stops nobody");
    }
}
