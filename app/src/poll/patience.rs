//! How long findings wait for facts about vulnerabilities that are on their way.
//!
//! What follows from a version alone is no emergency, and who is told of it before anybody said how bad it is hears
//! something else a minute later. But nothing waits for ever: not for a publisher that has too much to answer.

use domain::decide::Decisions;
use jiff::{SignedDuration, Timestamp};

use super::group::Member;

/// Nothing waits longer.
const LONGEST: SignedDuration = SignedDuration::from_mins(30);
/// Who lost patience waits again for something else after so long.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Since when an asset's findings wait, if they do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Option<Timestamp>);

impl Patience {
    pub(super) fn of(member: &Member, now: Timestamp) -> Self {
        Self(member.awaits.filter(|since| now.duration_since(*since) < AGAIN))
    }

    /// Does it wait, if there is something to wait for?
    pub(super) fn lasts(self, now: Timestamp) -> bool {
        self.0.is_none_or(|since| now.duration_since(since) < LONGEST)
    }

    /// Since when it waits after a decision.
    pub(super) fn after(self, decided: &Decisions, now: Timestamp) -> Option<Timestamp> {
        if decided.awaits_facts { self.0.or(Some(now)) } else { self.0.filter(|_| !self.lasts(now)) }
    }

    /// When somebody who waits since then no longer does.
    pub(super) fn end(since: Timestamp) -> Timestamp {
        since.checked_add(LONGEST).unwrap_or(Timestamp::MAX)
    }
}
