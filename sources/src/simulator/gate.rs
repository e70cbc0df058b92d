use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Options;
use super::fault::{Fault, Refused};
use super::request::Request;

/// How many requests came, by kind. Refused ones count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// `/shodan/host/{ip}`
    pub host: u32,
    /// `/shodan/host/search`
    pub search: u32,
    /// `/shodan/host/count`
    pub count: u32,
    /// `/dns/resolve`
    pub resolve: u32,
    /// `/api-info`
    pub api_info: u32,
    /// InternetDB
    pub internetdb: u32,
    /// The Exploits API.
    pub exploits: u32,
    /// Alerts, notifiers and scans.
    pub monitor: u32,
    /// `CVEdb`, CISA's list, EPSS and SSVC.
    pub intelligence: u32,
    /// Streams that were opened.
    pub stream: u32,
    /// Everything else.
    pub other: u32,
    /// Requests that came sooner than the rate allows.
    pub too_fast: u32,
}

/// When which fault happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) fault: Fault,
    /// Requests that are answered well before.
    pub(super) spared: u32,
    /// Requests that meet it; `None`: all.
    pub(super) requests: Option<u32>,
}

/// Lets requests through, or not.
#[derive(Debug)]
pub(super) struct Gate {
    keys: Vec<String>,
    rate: Option<Duration>,
    last: HashMap<String, Instant>,
    plan: Option<Plan>,
    /// Query credits that are left; `None` has no limit.
    pub(super) credits: Option<u32>,
    pub(super) requests: Requests,
}

impl Gate {
    pub(super) fn new(options: Options) -> Self {
        Self {
            keys: options.keys,
            rate: options.rate,
            last: HashMap::new(),
            plan: None,
            credits: options.query_credits,
            requests: Requests::default(),
        }
    }

    pub(super) fn set_fault(&mut self, plan: Option<Plan>) {
        self.plan = plan;
    }

    /// Counts the request and says what refuses it, else which fault its answer shall have.
    pub(super) fn pass(&mut self, request: &Request) -> Result<Option<Fault>, Refused> {
        let keyless = self.count(request);
        let fault = self.next_fault().filter(|fault| fault.concerns(request));
        if let Some(answer) = fault.and_then(Fault::answer) {
            return Err(Refused::new(answer));
        }
        if keyless {
            return Ok(fault);
        }
        let key = request.parameter("key").unwrap_or_default().to_owned();
        let known = if self.keys.is_empty() { !key.is_empty() } else { self.keys.contains(&key) };
        if !known {
            return refused(Fault::BadKey);
        }
        if let Some(rate) = self.rate {
            let now = Instant::now();
            if self.last.get(&key).is_some_and(|last| now.duration_since(*last) < rate) {
                self.requests.too_fast += 1;
                return refused(Fault::TooFast);
            }
            self.last.insert(key, now);
        }
        Ok(fault)
    }

    /// Takes a query credit.
    pub(super) fn pay(&mut self) -> Result<(), Refused> {
        match &mut self.credits {
            None => Ok(()),
            Some(0) => refused(Fault::OutOfCredits),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    /// Counts a request and says whether it needs no key.
    fn count(&mut self, request: &Request) -> bool {
        let requests = &mut self.requests;
        let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        let counter = match path.as_slice() {
            ["shodan", "host", "search"] => &mut requests.search,
            ["shodan", "host", "count"] => &mut requests.count,
            ["shodan", "host", _] => &mut requests.host,
            ["dns", "resolve"] => &mut requests.resolve,
            ["api-info"] => &mut requests.api_info,
            ["internetdb", ..] => &mut requests.internetdb,
            ["exploits", ..] => &mut requests.exploits,
            ["shodan", "alert" | "scan" | "scans", ..] | ["notifier", ..] => &mut requests.monitor,
            ["stream", ..] => &mut requests.stream,
            ["cvedb" | "kev" | "epss" | "ssvc", ..] => &mut requests.intelligence,
            _ => &mut requests.other,
        };
        *counter += 1;
        ["internetdb", "cvedb", "kev", "epss", "ssvc"].iter().any(|first| request.is_below(first))
    }

    fn next_fault(&mut self) -> Option<Fault> {
        let plan = self.plan.as_mut()?;
        if plan.spared > 0 {
            plan.spared -= 1;
            return None;
        }
        let fault = plan.fault;
        match &mut plan.requests {
            None => {}
            Some(0) => {
                self.plan = None;
                return None;
            }
            Some(left) => *left -= 1,
        }
        Some(fault)
    }
}

fn refused<T>(fault: Fault) -> Result<T, Refused> {
    Err(Refused::new(fault.answer().unwrap_or_default()))
}
