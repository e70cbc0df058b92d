//! A Shodan and an InternetDB of our own on the loopback, for the demo and for tests.
//!
//! Here belong the endpoints that the clients ask, answered from data files, with the real limits and with every
//! fault that the real ones have, on request. Nothing here is ever used to look at the Internet, and nothing
//! outside this folder behaves differently because it talks to a simulator.

mod answers;
mod archive;
mod data;
mod fault;
mod gate;
mod query;
mod record;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

pub use data::{DEMO_ASSETS, Data};
pub use fault::Fault;
pub use gate::Requests;

use archive::Archive;
use gate::Gate;

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
    /// Banners on one page of a search.
    pub page_size: usize,
    /// Moves the dates of all banners so that the newest one is at this instant.
    pub shift_to: Option<Timestamp>,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, keys: Vec::new(), rate: None, query_credits: None, page_size: 100, shift_to: None }
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
    archive: Mutex<Archive>,
    gate: Mutex<Gate>,
}

impl World {
    fn archive(&self) -> MutexGuard<'_, Archive> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
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
            archive: Mutex::new(Archive::new(data, options.shift_to)),
            gate: Mutex::new(Gate::new(options)),
        });
        let router = answers::router(&world);
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

    /// Makes every request meet this fault, until `None` is set.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.world.gate().set_fault(fault, None);
    }

    /// Makes the next `requests` requests meet this fault.
    pub fn set_fault_for(&self, fault: Fault, requests: u32) {
        self.world.gate().set_fault(Some(fault), Some(requests));
    }

    /// Replaces everything that is known of an address. Without banners nothing is known of it any more.
    /// Banners that are no objects or have no port are left out. Dates are not shifted.
    pub fn replace_banners(&self, ip: IpAddr, banners: &[Value]) {
        self.world.archive().replace(ip, banners);
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
