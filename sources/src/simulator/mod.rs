//! A Shodan of our own on the loopback, with all that belongs to it, for the demo and for tests.
//!
//! Here belong the endpoints that clients ask, ours and other people's, answered from data files and from what was
//! changed through them, with the real limits and with every
//! fault that the real ones have, on request. Nothing here is ever used to look at the Internet, and nothing
//! outside this folder behaves differently because it talks to a simulator.

mod account;
mod archive;
mod data;
mod directory;
mod dns;
mod exploits;
mod facets;
mod fault;
mod gate;
mod hosts;
mod monitor;
mod notifiers;
mod query;
mod record;
mod request;
mod routes;
mod scans;
mod search;
mod state;
mod stream;
mod vulnerabilities;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

pub use data::{DEMO_ASSETS, Data};
pub use fault::Fault;
pub use gate::Requests;

use archive::Archive;
use gate::{Gate, Plan};
use state::State;

/// How a simulator behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The keys that are accepted. Empty: every key is, except an empty one.
    pub keys: Vec<String>,
    /// How long each key must wait between two requests; `None` lets everything through. Shodan: one second.
    pub rate: Option<Duration>,
    /// Query credits at the start. `None`: no limit.
    pub query_credits: Option<u32>,
    /// Scan credits at the start. `None`: no limit.
    pub scan_credits: Option<u32>,
    /// Addresses that alerts may watch.
    pub monitored_ips: u32,
    /// Banners on one page of a search.
    pub page_size: usize,
    /// Moves the dates of all banners so that the newest one is at this instant.
    pub shift_to: Option<Timestamp>,
    /// Streams stay open, as Shodan's do, and tell of what is replaced. Otherwise they end when all is told.
    pub open_streams: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            keys: Vec::new(),
            rate: None,
            query_credits: None,
            scan_credits: None,
            monitored_ips: 5_120,
            page_size: 100,
            shift_to: None,
            open_streams: false,
        }
    }
}

/// A running simulator. It ends when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    world: Arc<World>,
    server: JoinHandle<()>,
}

/// What all requests share.
#[derive(Debug)]
struct World {
    page_size: usize,
    /// How often banners were replaced; `None`: streams end.
    changes: Option<watch::Sender<u64>>,
    archive: Mutex<Archive>,
    gate: Mutex<Gate>,
    state: Mutex<State>,
    exploits: Vec<Value>,
}

impl World {
    fn archive(&self) -> MutexGuard<'_, Archive> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator {
    /// Starts a simulator on the loopback. The data is read when the first request needs it.
    ///
    /// # Errors
    /// When the port cannot be listened on.
    pub async fn start(data: Data, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(World {
            page_size: options.page_size.max(1),
            changes: options.open_streams.then(|| watch::Sender::new(0)),
            exploits: data.exploits(),
            archive: Mutex::new(Archive::new(data, options.shift_to)),
            state: Mutex::new(State::new(options.scan_credits, options.monitored_ips)),
            gate: Mutex::new(Gate::new(options)),
        });
        let router = routes::router(&world);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the simulator ended");
            }
        });
        Ok(Self { address, world, server })
    }

    /// Some fifty services of every kind that is worth a warning, on documentation addresses. All of it is made up.
    pub fn demo_data() -> Data {
        Data::demo()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stands for `https://api.shodan.io`.
    pub fn shodan_url(&self) -> Url {
        self.url("/")
    }

    /// What stands for `https://internetdb.shodan.io`.
    pub fn internetdb_url(&self) -> Url {
        self.url("/internetdb")
    }

    /// What stands for `https://exploits.shodan.io`.
    pub fn exploits_url(&self) -> Url {
        self.url("/exploits")
    }

    /// What stands for `https://stream.shodan.io`.
    pub fn stream_url(&self) -> Url {
        self.url("/stream")
    }

    /// What stands for `https://trends.shodan.io`.
    pub fn trends_url(&self) -> Url {
        self.url("/trends")
    }

    /// What stands for `https://cvedb.shodan.io`.
    pub fn cvedb_url(&self) -> Url {
        self.url("/cvedb")
    }

    /// What stands for CISA's list of known exploited vulnerabilities.
    pub fn kev_url(&self) -> Url {
        self.url("/kev")
    }

    /// What stands for `https://api.first.org`.
    pub fn epss_url(&self) -> Url {
        self.url("/epss")
    }

    /// What stands for the file of all EPSS scores of a day.
    pub fn epss_file_url(&self) -> Url {
        self.url("/epss/epss_scores-current.csv.gz")
    }

    /// What stands for the folder of CISA's Vulnrichment.
    pub fn ssvc_url(&self) -> Url {
        self.url("/ssvc")
    }

    /// Makes every request meet this fault, until `None` is set.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.world.gate().set_fault(fault.map(|fault| Plan { fault, spared: 0, requests: None }));
    }

    /// Makes the next `requests` requests meet this fault.
    pub fn set_fault_for(&self, fault: Fault, requests: u32) {
        self.world.gate().set_fault(Some(Plan { fault, spared: 0, requests: Some(requests) }));
    }

    /// Answers the next `spared` requests well, and lets every one after them meet this fault: a key that is revoked
    /// between two pages.
    pub fn set_fault_after(&self, spared: u32, fault: Fault) {
        self.world.gate().set_fault(Some(Plan { fault, spared, requests: None }));
    }

    /// Answers the next `spared` requests well, and lets the one after them meet this fault.
    pub fn set_fault_once_after(&self, spared: u32, fault: Fault) {
        self.world.gate().set_fault(Some(Plan { fault, spared, requests: Some(1) }));
    }

    /// Replaces everything that is known of an address. Without banners nothing is known of it any more.
    /// Banners that are no objects or have no port are left out. Dates are not shifted.
    pub fn replace_banners(&self, ip: IpAddr, banners: &[Value]) {
        self.world.archive().replace(ip, banners);
        if let Some(changes) = &self.world.changes {
            changes.send_modify(|count| *count += 1);
        }
    }

    /// The banners of an address, as they are served.
    pub fn banners(&self, ip: IpAddr) -> Vec<Value> {
        let mut archive = self.world.archive();
        archive.of(&[ip]).into_iter().filter_map(|record| serde_json::from_str(&record.json).ok()).collect()
    }

    /// Sets what is left of the query credits.
    pub fn set_query_credits(&self, credits: Option<u32>) {
        self.world.gate().credits = credits;
    }

    /// How many requests came, by kind.
    pub fn requests(&self) -> Requests {
        self.world.gate().requests
    }

    #[expect(clippy::expect_used, reason = "a socket address makes a URL")]
    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).expect("a URL")
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
