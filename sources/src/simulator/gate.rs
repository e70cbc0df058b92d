use std::collections::HashMap;
use std::time::Duration;

use axum::http::Uri;
use axum::response::Response;
use tokio::time::Instant;

use super::Options;
use super::fault::Fault;

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
    /// Requests that came sooner than the rate allows.
    pub too_fast: u32,
}

/// Lets requests through, or not.
#[derive(Debug)]
pub(super) struct Gate {
    keys: Vec<String>,
    rate: Option<Duration>,
    last: HashMap<String, Instant>,
    fault: Option<(Fault, Option<u32>)>,
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
            fault: None,
            credits: options.query_credits,
            requests: Requests::default(),
        }
    }

    pub(super) fn set_fault(&mut self, fault: Option<Fault>, requests: Option<u32>) {
        self.fault = fault.map(|fault| (fault, requests));
    }

    /// Counts the request and says what refuses it, else which fault its answer shall have.
    pub(super) fn pass(&mut self, uri: &Uri) -> Result<Option<Fault>, Box<Response>> {
        let keyless = self.count(uri.path());
        let fault = self.next_fault();
        if let Some(answer) = fault.and_then(Fault::answer) {
            return Err(Box::new(answer));
        }
        if keyless {
            return Ok(fault);
        }
        let key = parameter(uri, "key").unwrap_or_default();
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
    pub(super) fn pay(&mut self) -> Result<(), Box<Response>> {
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
    fn count(&mut self, path: &str) -> bool {
        let requests = &mut self.requests;
        let counter = match path {
            "/shodan/host/search" => &mut requests.search,
            "/shodan/host/count" => &mut requests.count,
            "/dns/resolve" => &mut requests.resolve,
            "/api-info" => &mut requests.api_info,
            path if path.starts_with("/internetdb/") => &mut requests.internetdb,
            _ => &mut requests.host,
        };
        *counter += 1;
        path.starts_with("/internetdb/")
    }

    fn next_fault(&mut self) -> Option<Fault> {
        let (fault, left) = self.fault?;
        match left {
            Some(0) => {
                self.fault = None;
                None
            }
            Some(n) => {
                self.fault = Some((fault, Some(n - 1)));
                Some(fault)
            }
            None => Some(fault),
        }
    }
}

/// A parameter of the query string.
pub(super) fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

fn refused<T>(fault: Fault) -> Result<T, Box<Response>> {
    Err(Box::new(fault.answer().unwrap_or_default()))
}
