use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::compose::{Manner, compose};
use crate::config::{Config, Environment};
use crate::http::{Doors, serve_on};

/// An open stream is billed by the second; clients take it up again where it ended.
const LONGEST_STREAM: Duration = Duration::from_secs(25);

/// Runs as the Functions host's handler on this port of the loopback. Whatever ends it, the code is not 0.
pub fn run(environment: &Environment, port: u16) -> ExitCode {
    if let Err(error) = listen(environment, port) {
        tracing::error!("{error:#}");
    }
    ExitCode::FAILURE
}

/// Listens before anything else: the host asks every 25 ms whether it may begin, and what it sends until we are put
/// together waits in the kernel.
fn listen(environment: &Environment, port: u16) -> Result<()> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("port {port} cannot be listened on"))?;
    listener.set_nonblocking(true).context("the listener cannot be used")?;
    let manner = Manner { longest_stream: Some(LONGEST_STREAM), ..Manner::default() };
    let program = compose(&Config::read(environment)?, manner)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).context("the listener cannot be used")?;
        tokio::select! {
            result = serve_on(listener, program, Doors::PeopleAndHost, std::future::pending()) => {
                result.context("the listener failed")?;
                bail!("the listener ended")
            }
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            () = ignore_terminate() => bail!("signals cannot be received"),
        }
    })
}

/// The host ends us by SIGKILL after it has let go of us. SIGTERM may come from a platform that asks the host to drain:
/// leaving then would break what is in flight.
#[cfg(unix)]
async fn ignore_terminate() {
    let Ok(mut signals) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else { return };
    while signals.recv().await.is_some() {
        tracing::info!("SIGTERM is left to the Functions host");
    }
}

#[cfg(not(unix))]
async fn ignore_terminate() {
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_and_settings_that_are_wrong_end_it_with_a_code_that_is_not_zero() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let zero = format!("{:?}", ExitCode::SUCCESS);
        assert_ne!(format!("{:?}", run(&Environment::default(), port)), zero);
        drop(taken);
        let wrong = Environment::of([("IOTMONITOR_PUBLIC_URL", "nowhere")]);
        assert_ne!(format!("{:?}", run(&wrong, port)), zero);
    }
}
