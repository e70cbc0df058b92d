//! What a Shodan key's plan allows, what was used of it this month, and how far it will go.
//!
//! Shodan is asked once an hour what is left; between, what was spent is taken off. Searching stops a little before the
//! end, so that a person's own query still works. The numbers are the key's, whoever uses it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::plan::Means;
use super::{purse, source_key};
use crate::access::Organization;
use crate::ports::{Account, SourceError, SourceKey};
use crate::{App, Error};

/// How it stands with a Shodan key. A number of credits that is absent has no limit, or was not told yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Budget {
    /// The plan's name; empty: not told yet.
    pub plan: String,
    /// Query credits left this month.
    pub query_credits: Option<u64>,
    /// Scan credits left this month.
    pub scan_credits: Option<u64>,
    /// Addresses that may still be monitored.
    pub monitored_ips: Option<u64>,
    /// When Shodan said so.
    pub checked_at: Option<Timestamp>,
    /// The month of what follows, such as 202611.
    pub month: u32,
    /// Requests made this month.
    pub calls: u64,
    /// Query credits spent this month.
    pub credits: u64,
    /// The most query credits that were left this month: what the plan gives, as far as is known.
    pub most_credits: u64,
    /// Searching was refused.
    pub refused: Option<Refused>,
}

/// Why searching was refused, and until when it is not tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// It is tried again then.
    pub until: Timestamp,
    /// For want of credits; otherwise the plan does not allow it.
    pub out_of_credits: bool,
    /// In words.
    pub why: String,
}

/// What rounds have used and met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Requests.
    pub calls: u32,
    /// Query credits.
    pub credits: u32,
    /// Scan credits.
    pub scan_credits: u32,
    /// Why searching was refused, if it was.
    pub refused: Option<SourceError>,
}

/// A plan that does not allow to search, or has no credits, is not tried again before.
const REFUSED: SignedDuration = SignedDuration::from_hours(6);
/// Percent of the credits that are left alone.
const RESERVE: u64 = 2;

impl Budget {
    /// May polls search?
    pub(super) fn means(&self, now: Timestamp) -> Means {
        if self.refusal(now).is_some() || self.is_used_up(now) { Means::LookUp } else { Means::Search }
    }

    /// Why searching is refused now.
    pub(super) fn refusal(&self, now: Timestamp) -> Option<&Refused> {
        self.refused.as_ref().filter(|refused| now < refused.until)
    }

    /// No credits are left, or only the reserve.
    pub fn is_used_up(&self, now: Timestamp) -> bool {
        self.refusal(now).is_some_and(|refused| refused.out_of_credits)
            || self.query_credits.is_some_and(|left| left == 0 || left * 100 <= self.most_credits * RESERVE)
    }

    /// Percent of the month's query credits that are left; `None`: no limit is known.
    pub fn percent_left(&self) -> Option<u64> {
        let left = self.query_credits?;
        Some((left * 100).checked_div(self.most_credits.max(left)).unwrap_or(0))
    }

    /// When credits are given anew: the first of the next month.
    pub fn resets_at(now: Timestamp) -> Timestamp {
        let first: Option<Date> = today(now).first_of_month().checked_add(jiff::Span::new().months(1)).ok();
        let first = first.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        first.map_or(Timestamp::MAX, |at: Zoned| at.timestamp())
    }

    /// When the credits will be used up if the month goes on as it began; `None`: not before the next one.
    pub fn exhausted_on(&self, now: Timestamp) -> Option<Timestamp> {
        let left = self.query_credits?;
        if self.is_used_up(now) {
            return Some(now);
        }
        let begin = today(now).first_of_month().to_zoned(TimeZone::UTC).ok()?.timestamp();
        let so_far = now.duration_since(begin).as_secs().max(3600);
        let seconds = i64::try_from(left).ok()?.checked_mul(so_far)?.checked_div(i64::try_from(self.credits).ok()?)?;
        let end = now.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        (end < Self::resets_at(now)).then_some(end)
    }

    /// Starts the month's numbers anew when it began.
    pub(super) fn turn(&mut self, now: Timestamp) {
        let month = month(now);
        if self.month != month {
            // What is left is not known before Shodan was asked again.
            let fresh = Self { plan: std::mem::take(&mut self.plan), month, ..Self::default() };
            *self = fresh;
        }
    }

    /// Takes over what Shodan says.
    pub(super) fn hear(&mut self, said: &Account, at: Timestamp) {
        self.turn(at);
        self.plan.clone_from(&said.plan);
        self.query_credits = said.query_credits;
        self.scan_credits = said.scan_credits;
        self.monitored_ips = said.monitored_ips;
        self.most_credits = self.most_credits.max(said.query_credits.unwrap_or(0));
        self.checked_at = Some(at);
    }

    /// Takes off what was used.
    pub(super) fn spend(&mut self, spent: &Spent, now: Timestamp) {
        self.turn(now);
        self.calls += u64::from(spent.calls);
        self.credits += u64::from(spent.credits);
        self.query_credits = self.query_credits.map(|left| left.saturating_sub(u64::from(spent.credits)));
        self.scan_credits = self.scan_credits.map(|left| left.saturating_sub(u64::from(spent.scan_credits)));
        if let Some(error) = &spent.refused {
            let until = now.checked_add(REFUSED).unwrap_or(Timestamp::MAX);
            let out_of_credits = *error == SourceError::OutOfCredits;
            self.refused = Some(Refused { until, out_of_credits, why: error.to_string() });
        }
    }
}

/// The month of an instant, such as 202611.
pub(super) fn month(now: Timestamp) -> u32 {
    let day = today(now);
    u32::try_from(i32::from(day.year()) * 100 + i32::from(day.month())).unwrap_or(0)
}

fn today(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// How it stands with an organization's key; `None`: there is no key, or it was not used yet.
pub async fn budget(app: &App, organization: &Organization) -> Result<Option<Budget>, Error> {
    match source_key(app, organization)? {
        SourceKey::Shodan(key) => Ok(purse::read(app, &key).await?.map(|(budget, _)| budget)),
        SourceKey::InternetDb => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn budget(left: u64, most: u64, spent: u64) -> Budget {
        Budget { query_credits: Some(left), most_credits: most, credits: spent, month: 202_611, ..Budget::default() }
    }

    #[test]
    fn searching_stops_before_the_last_credit_and_goes_on_next_month() {
        let now = at("2026-11-20T00:00:00Z");
        assert_eq!(budget(3, 100, 97).means(now), Means::Search);
        assert_eq!(budget(2, 100, 98).means(now), Means::LookUp);
        let mut next = budget(2, 100, 98);
        next.turn(at("2026-12-01T00:00:00Z"));
        assert_eq!(next.means(at("2026-12-01T00:00:00Z")), Means::Search);
        assert_eq!(next.credits, 0);
    }

    #[test]
    fn without_a_limit_nothing_ends() {
        let unlimited = Budget { query_credits: None, credits: 1_000_000, ..Budget::default() };
        assert_eq!(unlimited.means(at("2026-11-20T00:00:00Z")), Means::Search);
        assert_eq!(unlimited.exhausted_on(at("2026-11-20T00:00:00Z")), None);
    }

    #[test]
    fn the_forecast_goes_on_as_the_month_began() {
        let now = at("2026-11-11T00:00:00Z");
        assert_eq!(budget(500, 1000, 500).exhausted_on(now), Some(at("2026-11-21T00:00:00Z")));
        assert_eq!(budget(900, 1000, 100).exhausted_on(now), None);
        assert_eq!(Budget::resets_at(at("2026-12-31T23:59:59Z")), at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn what_was_refused_is_tried_again_after_some_hours() {
        let now = at("2026-11-20T00:00:00Z");
        let mut budget = Budget::default();
        let refused = Some(SourceError::PlanTooLow("membership or higher".into()));
        budget.spend(&Spent { calls: 1, refused, ..Spent::default() }, now);
        assert_eq!(budget.means(now), Means::LookUp);
        assert!(!budget.is_used_up(now), "it is the plan, not the credits");
        assert_eq!(budget.means(at("2026-11-20T06:00:01Z")), Means::Search);
    }
}
