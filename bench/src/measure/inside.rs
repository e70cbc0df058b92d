use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use iotmonitor::config::{Config, Environment};
use iotmonitor::http::{Doors, Program, serve_on};
use iotmonitor::standalone::Woken;
use schema::http::HttpSettings;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::world::World;

/// The program's own server in this process, so that what its requests ask of the store can be counted. It ends when
/// this is dropped.
pub(super) struct Inside {
    pub(super) address: SocketAddr,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Inside {
    /// Answers for a world. One token may ask as often as it likes.
    pub(super) async fn of(world: &World) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let settings = [("IOTMONITOR_STORAGE", "embedded:unused"), ("IOTMONITOR_RATE_LIMIT", "0")];
        let server = Config::read(&Environment::of(settings))?.server;
        let program = Program::new(Arc::clone(&world.app), server, Arc::new(Woken::default()), HttpSettings::default());
        let serving = tokio::spawn(serve_on(listener, Arc::new(program), Doors::People, std::future::pending()));
        Ok(Self { address, serving })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
