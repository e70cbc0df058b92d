use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use http::Method;
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::json;

use crate::lenient::{Object, digits, instant, integer, list, object, string};
use crate::{Error, Shodan, answer};

/// A port and the protocol to speak on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanService {
    /// The port.
    pub port: u16,
    /// The protocol, of [`Shodan::protocols`].
    pub protocol: String,
}

/// A scan that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmittedScan {
    /// Its id.
    pub id: String,
    /// How many addresses it looks at.
    pub count: Option<u64>,
    /// Scan credits that are left afterwards.
    pub credits_left: Option<u64>,
}

/// How far a scan is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanProgress {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: ScanState,
    /// How many addresses it looks at.
    pub count: Option<u64>,
    /// When it was submitted.
    pub created: Option<Timestamp>,
}

/// Where a scan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanState {
    /// Taken in.
    Submitted,
    /// Waiting.
    Queued,
    /// Running.
    Processing,
    /// Done. What was found is in the hosts' banners.
    Done,
    /// A word that is not known here.
    Other(String),
}

/// One page of the key's scans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanPage {
    /// At most 100 scans.
    pub scans: Vec<ScanProgress>,
    /// How many there are.
    pub total: u64,
}

impl Shodan {
    /// `POST /shodan/scan`: has these addresses and networks looked at anew. A scan credit for each address
    /// ([`crate::Cost::scan`]). `force`, even where it was done lately, is for Enterprise.
    pub async fn scan(&self, networks: &[IpNet], force: bool) -> Result<SubmittedScan, Error> {
        let ips = networks.iter().map(written).collect::<Vec<_>>().join(",");
        self.submit(ips, force).await
    }

    /// `POST /shodan/scan`: has only these services looked at.
    pub async fn scan_services(&self, services: &BTreeMap<IpNet, Vec<ScanService>>) -> Result<SubmittedScan, Error> {
        let wanted = |list: &Vec<ScanService>| list.iter().map(|s| json!([s.port, s.protocol])).collect::<Vec<_>>();
        let ips: BTreeMap<String, _> =
            services.iter().map(|(network, list)| (written(network), wanted(list))).collect();
        self.submit(json!(ips).to_string(), false).await
    }

    /// `POST /shodan/scan/internet`: has one port of the whole Internet looked at. Enterprise.
    pub async fn scan_internet(&self, port: u16, protocol: &str) -> Result<SubmittedScan, Error> {
        let form = vec![("port".into(), port.to_string()), ("protocol".into(), protocol.to_owned())];
        let call = self.rest(Method::POST, &["shodan", "scan", "internet"]).form(form);
        self.ask(call, |text| submitted(&answer::object(text)?)).await
    }

    /// `GET /shodan/scans`: the key's scans, 100 on a page (from 1). Free.
    pub async fn scans(&self, page: u32) -> Result<ScanPage, Error> {
        // What comes also holds the key itself: nothing but what is named here is read.
        self.ask(self.get(&["shodan", "scans"]).with("page", page.max(1)), |text| {
            let answer = answer::object(text)?;
            let matches = answer.read("matches", list).ok_or_else(Error::unreadable)?;
            let scans: Vec<_> = matches.into_iter().filter_map(object).filter_map(|scan| progress(&scan)).collect();
            Ok(ScanPage { total: answer.read("total", integer).unwrap_or(scans.len() as u64), scans })
        })
        .await
    }

    /// `GET /shodan/scan/{id}`: how far it is. Free.
    pub async fn scan_status(&self, id: &str) -> Result<ScanProgress, Error> {
        let call = self.get(&["shodan", "scan"]).at(id);
        self.ask(call, |text| progress(&answer::object(text)?).ok_or_else(Error::unreadable)).await
    }

    async fn submit(&self, ips: String, force: bool) -> Result<SubmittedScan, Error> {
        if ips.is_empty() || ips == "{}" {
            return Err(Error::Rejected("a scan of nothing".into()));
        }
        let mut form = vec![("ips".to_owned(), ips)];
        if force {
            form.push(("force".into(), "true".into()));
        }
        let call = self.rest(Method::POST, &["shodan", "scan"]).form(form);
        self.ask(call, |text| submitted(&answer::object(text)?)).await
    }
}

/// A network as Shodan writes it: an address alone has no `/32`.
pub(super) fn written(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.trunc().to_string()
    }
}

fn submitted(answer: &Object<'_>) -> Result<SubmittedScan, Error> {
    Ok(SubmittedScan {
        id: answer.read("id", digits).map(Cow::into_owned).ok_or_else(Error::unreadable)?,
        count: answer.read("count", integer),
        credits_left: answer.read("credits_left", integer),
    })
}

fn progress(scan: &Object<'_>) -> Option<ScanProgress> {
    Some(ScanProgress {
        id: scan.read("id", digits).map(Cow::into_owned)?,
        state: scan.read("status", string).map(|word| ScanState::named(&word))?,
        count: scan.read("count", integer).or_else(|| scan.read("size", integer)),
        created: scan.read("created", string).and_then(|at| instant(&at)),
    })
}

impl ScanState {
    fn named(word: &str) -> Self {
        match word {
            "SUBMITTING" => Self::Submitted,
            "QUEUE" => Self::Queued,
            "PROCESSING" => Self::Processing,
            "DONE" => Self::Done,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for ScanState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Submitted => "SUBMITTING",
            Self::Queued => "QUEUE",
            Self::Processing => "PROCESSING",
            Self::Done => "DONE",
            Self::Other(word) => word,
        })
    }
}
