//! A receiver that answers byte for byte what a test says, and remembers what it got.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a receiver does once it has read a request.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Sends these bytes and closes.
    Say(Vec<u8>),
    /// Sends what is made of the request and closes.
    Judge(fn(&Request) -> Vec<u8>),
    /// Sends these bytes, then one byte every 20 ms for ever.
    Drip(Vec<u8>),
    /// Sends these bytes, then more and more.
    Flood(Vec<u8>),
}

/// A request as it came over the wire.
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// Listens until the runtime ends.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        Self::start_at("127.0.0.1:0", behaviour).await
    }

    pub(crate) async fn start_at(address: &str, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let receiver =
            Self { address: listener.local_addr().unwrap(), accepted: Arc::default(), requests: Arc::default() };
        let task = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                task.accepted.fetch_add(1, Ordering::SeqCst);
                let (requests, behaviour) = (Arc::clone(&task.requests), behaviour.clone());
                // A client that hangs up early is no fault of the receiver.
                tokio::spawn(async move { drop(serve(stream, &requests, behaviour).await) });
            }
        });
        receiver
    }

    /// An answer without a body, of this status line and these header lines.
    pub(crate) async fn answering(status_and_headers: &str) -> Self {
        Self::start(Behaviour::Say(answer(status_and_headers, b""))).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// How many connections were made.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn only_request(&self) -> Request {
        let mut requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "one request was expected");
        requests.pop().unwrap()
    }
}

/// A whole answer; header lines are separated by `\n`.
pub(crate) fn answer(status_and_headers: &str, body: &[u8]) -> Vec<u8> {
    let head = status_and_headers.replace('\n', "\r\n");
    let mut bytes =
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

async fn serve(mut stream: TcpStream, requests: &Mutex<Vec<Request>>, behaviour: Behaviour) -> std::io::Result<()> {
    let request = read_request(&mut stream).await?;
    let behaviour = match behaviour {
        Behaviour::Judge(judge) => Behaviour::Say(judge(&request)),
        other => other,
    };
    requests.lock().unwrap().push(request);
    match behaviour {
        Behaviour::Judge(_) => Ok(()),
        Behaviour::Say(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Behaviour::Drip(bytes) => {
            stream.write_all(&bytes).await?;
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.write_all(b"x").await?;
            }
        }
        Behaviour::Flood(bytes) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(&[b'x'; 16 * 1024]).await?;
            }
        }
    }
}

/// What a client that wants TLS begins with; a receiver that speaks none answers in plain text.
const TLS_HANDSHAKE: [u8; 2] = [0x16, 0x03];

async fn read_request(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Request { head: head.into(), body: body.into() };
            let length: usize = request.header("content-length").first().map_or(0, |l| l.parse().unwrap());
            if body.len() >= length {
                return Ok(request);
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if bytes.starts_with(&TLS_HANDSHAKE) {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
            return Err(std::io::ErrorKind::InvalidData.into());
        }
    }
}
