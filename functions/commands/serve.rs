use anyhow::{Context, Result};
use tokio::net::TcpListener;

use super::on_one_thread;
use crate::compose::{Manner, compose};
use crate::config::{Config, Environment};
use crate::standalone;

/// Serves until it is told to end.
pub(super) fn serve(environment: &Environment) -> Result<()> {
    let config = Config::read(environment)?;
    on_one_thread(async {
        let address = config.server.listen;
        let listener = TcpListener::bind(address).await.with_context(|| format!("{address} cannot be listened on"))?;
        let program = compose(&config, Manner { streams: true, ..Manner::default() })?;
        tracing::info!(address = %listener.local_addr()?, public_url = %config.server.base(), storage = ?config.storage, "serving");
        if !address.ip().is_loopback() && !config.server.https() {
            tracing::warn!(
                "others can reach this address, and IOTMONITOR_PUBLIC_URL is not https: put a proxy with TLS before it"
            );
        }
        standalone::run(listener, program, standalone::ended_by_signal()).await.context("the listener failed")
    })
}
