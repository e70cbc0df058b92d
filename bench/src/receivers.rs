use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Webhook receivers on one loopback address that note when the first byte of each delivery came. What comes to
/// `/hole/…` is never answered, everything else at once.
pub(crate) struct Receivers {
    address: SocketAddr,
    arrived: Arc<Mutex<HashMap<String, Instant>>>,
}

type Arrived = Arc<Mutex<HashMap<String, Instant>>>;

impl Receivers {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let arrived = Arrived::default();
        let of_task = Arc::clone(&arrived);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&of_task)));
            }
        });
        Ok(Self { address, arrived })
    }

    /// The address of one of them.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// When the first byte of each delivery came, by its id.
    pub(crate) fn take(&self) -> HashMap<String, Instant> {
        std::mem::take(&mut *lock(&self.arrived))
    }

    /// How many came since [`Self::take`].
    pub(crate) fn count(&self) -> usize {
        lock(&self.arrived).len()
    }
}

fn lock(arrived: &Mutex<HashMap<String, Instant>>) -> MutexGuard<'_, HashMap<String, Instant>> {
    arrived.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, request after request.
async fn serve(mut client: TcpStream, arrived: Arrived) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16_384];
    let mut first_byte = None;
    // What breaks ends the connection, as it would with any server.
    while let Ok(count @ 1..) = client.read(&mut chunk).await {
        first_byte.get_or_insert_with(Instant::now);
        bytes.extend_from_slice(&chunk[..count]);
        while let Some((path, id, length)) = whole(&bytes) {
            bytes.drain(..length);
            if path.starts_with("/hole") {
                tokio::time::sleep(Duration::from_secs(30)).await;
                return;
            }
            let at = first_byte.take().unwrap_or_else(Instant::now);
            lock(&arrived).entry(id).or_insert(at);
            if client.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}

/// Path, `webhook-id` and length of the request at the front, once all of it is there.
fn whole(bytes: &[u8]) -> Option<(String, String, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let header = |wanted: &str| {
        let (_, value) =
            head.lines().filter_map(|l| l.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case(wanted))?;
        Some(value.trim().to_owned())
    };
    let length = end + 4 + header("content-length")?.parse::<usize>().ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    (bytes.len() >= length).then_some((path, header("webhook-id")?, length))
}
