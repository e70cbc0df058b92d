//! Nine receivers that answer in all the ways that receivers do, and keep count.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::world::{now, raw};

/// How a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// Says 429 to the first request of some deliveries.
    Busy,
    /// Says 500 to the first request of some.
    Failing,
    /// Takes the first request of some and hangs up without a word.
    Forgetful,
    /// Never answers the first request of some.
    Hanging,
    /// Says 200 and then talks for ever.
    Endless,
    /// Says 410 until it is healed.
    Gone,
    /// Sends everybody elsewhere until it is healed.
    Elsewhere,
    /// Hangs up on everybody until it is healed.
    Closing,
}

impl Mood {
    pub(super) const ALL: [Self; 9] = [
        Self::Well,
        Self::Busy,
        Self::Failing,
        Self::Forgetful,
        Self::Hanging,
        Self::Endless,
        Self::Gone,
        Self::Elsewhere,
        Self::Closing,
    ];

    /// Does it take everything within two attempts?
    pub(super) const fn takes_everything(self) -> bool {
        !matches!(self, Self::Gone | Self::Elsewhere | Self::Closing)
    }

    fn reply(self, id: &str, is_first: bool, healed: bool) -> Reply {
        // Deliveries' ids end in letters of a hash: one in five, or one in sixteen, whatever the order they come in.
        let picked = |of: u32| id.chars().last().and_then(|c| c.to_digit(16)).is_some_and(|n| n % of == 0);
        match self {
            Self::Busy if is_first && picked(5) => Reply::Status("429 Too Many Requests", "retry-after: 1\r\n"),
            Self::Failing if is_first && picked(5) => Reply::Status("500 Internal Server Error", ""),
            Self::Forgetful if is_first && picked(5) => Reply::Silence(Duration::ZERO),
            Self::Hanging if is_first && picked(16) => Reply::Silence(Duration::from_secs(30)),
            Self::Endless if !healed => Reply::Endless,
            Self::Gone if !healed => Reply::Status("410 Gone", ""),
            Self::Elsewhere if !healed => Reply::Status("302 Found", "location: /trap\r\n"),
            Self::Closing if !healed => Reply::Silence(Duration::ZERO),
            _ => Reply::Status("200 OK", ""),
        }
    }
}

enum Reply {
    Status(&'static str, &'static str),
    /// The connection ends after so long.
    Silence(Duration),
    Endless,
}

impl Reply {
    fn status(&self) -> Option<u16> {
        match self {
            Self::Status(line, _) => line.get(..3)?.parse().ok(),
            Self::Silence(_) => None,
            Self::Endless => Some(200),
        }
    }
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// At which of [`Mood::ALL`].
    pub receiver: usize,
    pub id: String,
    pub at: Timestamp,
    /// What was answered; `None`: nothing.
    pub status: Option<u16>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Shelf {
    arrived: Mutex<Vec<Arrival>>,
    healed: AtomicBool,
    trapped: AtomicUsize,
}

pub(super) struct Receivers {
    address: SocketAddr,
    shelf: Arc<Shelf>,
}

impl Receivers {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shelf = Arc::<Shelf>::default();
        let of_task = Arc::clone(&shelf);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&of_task)));
            }
        });
        Self { address, shelf }
    }

    /// Where one of [`Mood::ALL`] is.
    pub(super) fn url(&self, receiver: usize) -> String {
        format!("http://{}/{receiver}", self.address)
    }

    /// Everybody takes everything from now on.
    pub(super) fn heal(&self) {
        self.shelf.healed.store(true, Ordering::SeqCst);
    }

    pub(super) fn arrived(&self) -> Vec<Arrival> {
        self.shelf.arrived.lock().unwrap().clone()
    }

    /// Requests that followed a redirection.
    pub(super) fn trapped(&self) -> usize {
        self.shelf.trapped.load(Ordering::SeqCst)
    }
}

async fn serve(mut client: TcpStream, shelf: Arc<Shelf>) {
    let Some((head, body)) = raw::request(&mut client).await else { return };
    let path = head.split(' ').nth(1).unwrap_or_default();
    let Some(receiver) = path.trim_start_matches('/').parse::<usize>().ok().filter(|n| *n < Mood::ALL.len()) else {
        shelf.trapped.fetch_add(1, Ordering::SeqCst);
        return;
    };
    let headers = headers(&head);
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let reply = {
        let mut arrived = shelf.arrived.lock().unwrap();
        let is_first = !arrived.iter().any(|a| a.receiver == receiver && a.id == id);
        let reply = Mood::ALL[receiver].reply(&id, is_first, shelf.healed.load(Ordering::SeqCst));
        arrived.push(Arrival { receiver, id, at: now(), status: reply.status(), headers, body });
        reply
    };
    match reply {
        Reply::Status(line, more) => {
            let answer = format!("HTTP/1.1 {line}\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
            // Who asked may have been killed.
            let _written = client.write_all(answer.as_bytes()).await;
        }
        Reply::Silence(lasts) => tokio::time::sleep(lasts).await,
        Reply::Endless => {
            let mut said = client.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            while said.is_ok() {
                said = client.write_all(&[b'x'; 1_024]).await;
            }
        }
    }
}

fn headers(head: &str) -> HeaderMap {
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value.trim()).unwrap())
        })
        .collect()
}
