//! Storage as it is on a bad day: stands between the program and Azurite, and while it is asked to, loses requests and
//! answers, says that it is busy or broken, before or after it did what it was asked, and that rows were changed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use app::ports::Ids;
use app::testing::SeededIds;
use storage::AzureSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request in so many fails.
const ONE_IN: u64 = 40;
/// What a change of a row answers that somebody else changed first.
const CHANGED: &str = "--changeset\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 412 Precondition Failed\r\n\
    Content-Type: application/json\r\n\r\n{\"odata.error\":{\"code\":\"UpdateConditionNotSatisfied\",\
    \"message\":{\"lang\":\"en-US\",\"value\":\"0:The update condition was not satisfied.\"}}}\r\n--changeset--\r\n";

/// The proxy. It ends with the runtime of its test.
pub(crate) struct Unreliable {
    faults: Arc<Faults>,
}

struct Faults {
    random: SeededIds,
    on: AtomicBool,
    struck: AtomicUsize,
}

/// What becomes of a request that is not simply passed on.
#[derive(Clone, Copy)]
enum Fault {
    LoseRequest,
    LoseAnswer,
    Busy,
    Broken,
    BrokenAfterwards,
    Changed,
}

impl Unreliable {
    /// Stands before both services of a connection string; the string by which the program comes here. All is well
    /// until it is asked to fail.
    pub(super) async fn before(connection: &str) -> (Self, String) {
        let faults = Faults { random: SeededIds::new(5), on: AtomicBool::new(false), struck: AtomicUsize::new(0) };
        let faults = Arc::new(faults);
        let settings = AzureSettings::from_connection_string(connection).unwrap();
        let mut through = connection.to_owned();
        for port in [settings.table_endpoint.port().unwrap(), settings.queue_endpoint.port().unwrap()] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let here = listener.local_addr().unwrap().port();
            through = through.replace(&format!(":{port}/"), &format!(":{here}/"));
            let faults = Arc::clone(&faults);
            let upstream = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(serve(client, upstream, Arc::clone(&faults)));
                }
            });
        }
        (Self { faults }, through)
    }

    /// Fails from now on, or works again.
    pub(super) fn fails(&self, on: bool) {
        self.faults.on.store(on, Ordering::SeqCst);
    }

    /// How many requests met a fault.
    pub(super) fn struck(&self) -> usize {
        self.faults.struck.load(Ordering::SeqCst)
    }
}

impl Faults {
    fn strike(&self, request: &[u8]) -> Option<Fault> {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        let roll = u64::from_be_bytes(bytes);
        if !self.on.load(Ordering::SeqCst) || !roll.is_multiple_of(ONE_IN) {
            return None;
        }
        // Only who says which version it changes can be told that there is another one.
        let conditional = request.windows(14).any(|w| w.eq_ignore_ascii_case(b"\r\nif-match: w/"));
        let fault = match roll / ONE_IN % 6 {
            0 => Fault::LoseRequest,
            1 => Fault::LoseAnswer,
            2 => Fault::Busy,
            3 => Fault::Broken,
            4 if conditional => Fault::Changed,
            _ => Fault::BrokenAfterwards,
        };
        self.struck.fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }
}

/// Serves one request per connection: what answers says so, and the client connects anew.
async fn serve(mut client: TcpStream, upstream: SocketAddr, faults: Arc<Faults>) {
    let Some((head, body)) = super::raw::request(&mut client).await else { return };
    let whole = [head.as_bytes(), b"\r\nConnection: close\r\n\r\n", &body].concat();
    let answer = match faults.strike(&whole) {
        None => pass_on(upstream, &whole).await,
        Some(Fault::LoseRequest) => return,
        Some(Fault::LoseAnswer) => {
            pass_on(upstream, &whole).await;
            return;
        }
        Some(Fault::Busy) => says("503 Service Unavailable", "", ""),
        Some(Fault::Broken) => says("500 Internal Server Error", "", ""),
        Some(Fault::BrokenAfterwards) => {
            pass_on(upstream, &whole).await;
            says("500 Internal Server Error", "", "")
        }
        Some(Fault::Changed) => says("202 Accepted", "multipart/mixed; boundary=changeset", CHANGED),
    };
    // The client may have gone.
    let _written = client.write_all(&answer).await;
}

/// Nothing, when Azurite has gone before the test's end.
async fn pass_on(upstream: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    if let Ok(mut server) = TcpStream::connect(upstream).await
        && server.write_all(request).await.is_ok()
    {
        let _read = server.read_to_end(&mut answer).await;
    }
    answer
}

fn says(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}
