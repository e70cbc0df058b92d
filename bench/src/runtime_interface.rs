use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use app::ports::Clock;
use iotmonitor::outside::SystemClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What AWS Lambda gives a function to do, one event after the other: its runtime interface, played.
pub(crate) struct RuntimeInterface {
    address: SocketAddr,
    events: mpsc::Sender<String>,
    outcomes: mpsc::Receiver<String>,
}

impl RuntimeInterface {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, mut waiting) = mpsc::channel::<String>(1);
        let (told, outcomes) = mpsc::channel(1);
        tokio::spawn(async move {
            // The runtime asks and tells in turn, on one connection or on several.
            while let Ok((client, _)) = listener.accept().await {
                // What breaks ends the connection, as it would with Lambda.
                let _ended = serve(client, &mut waiting, &told).await;
            }
        });
        Ok(Self { address, events, outcomes })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands out an event and waits until the function is done with it.
    pub(crate) async fn invoke(&mut self, event: &str) -> Result<()> {
        self.events.send(event.to_owned()).await?;
        let path = self.outcomes.recv().await.context("the function has ended")?;
        ensure!(path.ends_with("/response"), "the function failed: {path}");
        Ok(())
    }
}

async fn serve(mut client: TcpStream, events: &mut mpsc::Receiver<String>, told: &mpsc::Sender<String>) -> Result<()> {
    let mut bytes = Vec::new();
    loop {
        let (path, length) = loop {
            if let Some(request) = whole(&bytes) {
                break request;
            }
            ensure!(client.read_buf(&mut bytes).await? > 0, "the connection has ended");
        };
        bytes.drain(..length);
        let answer = if path.ends_with("/next") {
            let event = events.recv().await.context("there is no more to do")?;
            next(&event)
        } else {
            told.send(path).await?;
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
        };
        client.write_all(answer.as_bytes()).await?;
    }
}

fn next(event: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:iotmonitor\r\n\
         lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{event}",
        SystemClock.now().as_millisecond() + 60_000,
        event.len()
    )
}

/// Path and length of the request at the front, once all of it is there. Its body may come in chunks.
fn whole(bytes: &[u8]) -> Option<(String, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let header = |wanted: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let length = if header("transfer-encoding").is_some() {
        let last = b"0\r\n\r\n";
        end + bytes.get(end..)?.windows(last.len()).position(|window| window == last)? + last.len()
    } else {
        end + header("content-length").unwrap_or("0").parse::<usize>().ok()?
    };
    let path = head.split(' ').nth(1)?.to_owned();
    (bytes.len() >= length).then_some((path, length))
}
