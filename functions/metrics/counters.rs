use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::poll::TickReport;
use axum::http::StatusCode;

/// What is counted. Its name, what it means, and what its labels are called; a label without a name is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Requests,
    Ticks,
    Assets,
    Questions,
    Webhooks,
    Mails,
}

impl Family {
    pub(super) const ALL: [Self; 6] =
        [Self::Requests, Self::Ticks, Self::Assets, Self::Questions, Self::Webhooks, Self::Mails];

    pub(super) fn described(self) -> (&'static str, &'static str, [&'static str; 2]) {
        match self {
            Self::Requests => ("iotmonitor_http_requests_total", "Requests that were answered.", ["route", "status"]),
            Self::Ticks => ("iotmonitor_ticks_total", "Turns of the timer.", ["", "outcome"]),
            Self::Assets => ("iotmonitor_polled_assets_total", "Assets in the turns of the timer.", ["", "outcome"]),
            Self::Questions => {
                ("iotmonitor_source_calls_total", "Questions to Shodan and InternetDB.", ["call", "outcome"])
            }
            Self::Webhooks => ("iotmonitor_webhook_attempts_total", "Attempts to call a webhook.", ["", "outcome"]),
            Self::Mails => ("iotmonitor_mails_total", "Mails that were handed to the server.", ["", "outcome"]),
        }
    }
}

type Labels = (Cow<'static, str>, Cow<'static, str>);

/// What this process has counted since its start.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<BTreeMap<(Family, Labels), u64>>);

impl Metrics {
    /// A request was answered. `route` is one of ours and never a path that somebody made up.
    pub fn answered(&self, route: &str, status: StatusCode) {
        let class = match status.as_u16() / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.count(Family::Requests, route.to_owned().into(), class.into(), 1);
    }

    /// The timer had its turn; `None`: it failed.
    pub fn ticked(&self, report: Option<&TickReport>) {
        let Some(report) = report else { return self.count(Family::Ticks, "".into(), "failed".into(), 1) };
        self.count(Family::Ticks, "".into(), "ended".into(), 1);
        let TickReport { polled, unchanged, failed, left, .. } = report;
        for (outcome, assets) in [("polled", polled), ("unchanged", unchanged), ("failed", failed), ("left", left)] {
            self.count(Family::Assets, "".into(), outcome.into(), *assets as u64);
        }
    }

    pub(super) fn count(&self, family: Family, first: Cow<'static, str>, second: Cow<'static, str>, by: u64) {
        *self.counts().entry((family, (first, second))).or_default() += by;
    }

    pub(super) fn of(&self, family: Family) -> Vec<(Labels, u64)> {
        let counts = self.counts();
        counts
            .iter()
            .filter(|((of, _), _)| *of == family)
            .map(|((_, labels), count)| (labels.clone(), *count))
            .collect()
    }

    /// A thread that panicked while it counted has left whole numbers behind.
    fn counts(&self) -> MutexGuard<'_, BTreeMap<(Family, Labels), u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
