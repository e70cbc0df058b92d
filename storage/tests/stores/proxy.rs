//! Stands between the store and Azurite and loses what it is told to lose.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use storage::AzureSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// It is passed on, and so is the answer.
    Pass,
    /// It is passed on, and the answer lost.
    LoseAnswer,
    /// It is lost itself.
    LoseRequest,
    /// It seems lost, but reaches the service just before the next one of its kind.
    Delay,
    /// It is passed on, but this is answered.
    Replace(String),
    /// It is passed on, and the answer comes without these headers.
    Strip(&'static [&'static str]),
    /// It is not passed on, and this is answered.
    Answer(String),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The request line and headers.
    pub(crate) head: String,
    body: Vec<u8>,
}

impl Seen {
    pub(crate) fn is_batch(&self) -> bool {
        self.head.lines().next().is_some_and(|line| line.contains("$batch"))
    }
}

type Plan = Box<dyn FnMut(&Seen) -> Act + Send>;

/// A proxy on a free port of the loopback, which ends with this value.
pub(crate) struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Starts a proxy before `upstream`; `plan` is asked about every request.
    pub(crate) async fn start(upstream: Option<SocketAddr>, plan: impl FnMut(&Seen) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let plan: Arc<Mutex<Plan>> = Arc::new(Mutex::new(Box::new(plan)));
        let delayed = Arc::new(tokio::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, upstream, Arc::clone(&plan), Arc::clone(&log), Arc::clone(&delayed)));
            }
        });
        Self { address, seen, task }
    }

    /// Starts a proxy before the tables of `settings`, and puts it into them.
    pub(crate) async fn before_tables(
        settings: &mut AzureSettings,
        plan: impl FnMut(&Seen) -> Act + Send + 'static,
    ) -> Self {
        let upstream = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.table_endpoint.port().unwrap()));
        let proxy = Self::start(Some(upstream), plan).await;
        settings.table_endpoint.set_port(Some(proxy.address.port())).unwrap();
        proxy
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn batches(&self) -> usize {
        self.seen().iter().filter(|seen| seen.is_batch()).count()
    }
}

/// Serves one request per connection: what answers says so, and the client connects anew.
async fn serve(
    mut client: TcpStream,
    upstream: Option<SocketAddr>,
    plan: Arc<Mutex<Plan>>,
    log: Arc<Mutex<Vec<Seen>>>,
    delayed: Arc<tokio::sync::Mutex<Vec<Seen>>>,
) {
    let Some(seen) = read(&mut client).await else { return };
    log.lock().unwrap().push(seen.clone());
    let act = plan.lock().unwrap()(&seen);
    let pass_on = async |seen: &Seen| match upstream {
        Some(upstream) => ask(upstream, seen).await,
        None => panic!("there is nobody to pass it on to"),
    };
    if seen.is_batch() {
        for earlier in delayed.lock().await.drain(..) {
            pass_on(&earlier).await;
        }
    }
    let answer = match act {
        Act::Pass => pass_on(&seen).await,
        Act::LoseAnswer => {
            pass_on(&seen).await;
            return;
        }
        Act::LoseRequest => return,
        Act::Delay => return delayed.lock().await.push(seen),
        Act::Replace(answer) => {
            pass_on(&seen).await;
            answer.into_bytes()
        }
        Act::Strip(headers) => strip(&pass_on(&seen).await, headers),
        Act::Answer(answer) => answer.into_bytes(),
    };
    // The client may have gone.
    let _written = client.write_all(&answer).await;
}

async fn read(client: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(Seen { head, body: bytes[end + 4..].to_vec() });
            }
        }
        match client.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

async fn ask(upstream: SocketAddr, seen: &Seen) -> Vec<u8> {
    let mut server = TcpStream::connect(upstream).await.unwrap();
    let head = format!("{}\r\nConnection: close\r\n\r\n", seen.head);
    server.write_all(head.as_bytes()).await.unwrap();
    server.write_all(&seen.body).await.unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.unwrap();
    answer
}

fn strip(answer: &[u8], headers: &[&str]) -> Vec<u8> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let stays = |line: &&str| !headers.iter().any(|header| line.to_lowercase().starts_with(&format!("{header}:")));
    let head: Vec<&str> = head.split("\r\n").filter(stays).collect();
    [head.join("\r\n").as_bytes(), &answer[end..]].concat()
}
