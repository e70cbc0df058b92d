//! Everything at once, on made-up data and the loopback alone: a simulated Shodan, a plant, inboxes that show what was
//! sent, and the same program as everywhere else, told by settings where to look.
//!
//! Never here: a way into the program that others do not have.

pub mod inbox;
mod kept;
mod plant;
mod welcome;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use app::ports::Clock;
use sources::simulator::{self, Simulator};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::compose::{Manner, compose};
use crate::config::{Config, Environment};
use crate::http::Program;
use crate::outside::SystemClock;
use crate::standalone;
use inbox::Inbox;
use kept::Kept;
pub use welcome::QUESTIONS;

/// What may be chosen.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Where the data is kept; `None`: in a temporary folder.
    pub data: Option<PathBuf>,
}

/// A demonstration that is set up; [`Demo::run`] makes it live.
pub struct Demo {
    /// Where the program answers.
    pub address: SocketAddr,
    /// Where the inboxes are shown.
    pub inbox: SocketAddr,
    /// Who can sign in.
    pub email: &'static str,
    /// With what.
    pub password: String,
    /// An API token with every scope.
    pub token: String,
    listener: TcpListener,
    program: Arc<Program>,
    /// These work as long as they are held.
    _held: (Simulator, Inbox, Option<TempDir>),
}

/// Between two questions to the simulator, which has no limit.
const TURN: Duration = Duration::from_millis(10);
/// The ranges of the documentation, where the plant lies.
const PLANT: &str = "198.51.100.0/24,203.0.113.0/24,2001:db8::/32";

impl Demo {
    /// Listens, starts what surrounds the program, and sets up the plant if it is not there yet.
    ///
    /// # Errors
    /// A port that is taken, a folder that cannot be used.
    pub async fn start(options: Options) -> Result<Self> {
        let port = options.port;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("port {port} cannot be listened on; --port 0 takes a free one"))?;
        let address = listener.local_addr()?;
        let temporary =
            if options.data.is_none() { Some(tempfile::tempdir().context("no temporary folder")?) } else { None };
        let dir = options.data.or_else(|| Some(temporary.as_ref()?.path().to_owned())).unwrap_or_default();
        let before = Kept::read(&dir)?;
        let simulated = simulator::Options { shift_to: Some(SystemClock.now()), ..simulator::Options::default() };
        let simulator = Simulator::start(Simulator::demo_data(), simulated).await.context("no simulator")?;
        let inbox = Inbox::open(before.as_ref().map_or(0, |kept| kept.inbox_port), Arc::new(SystemClock)).await?;
        let config = Config::read(&settings(&dir, address, &simulator, &inbox))?;
        let program = compose(&config, Manner { turn: TURN, ..Manner::default() })?;
        let kept = if let Some(kept) = before {
            kept
        } else {
            let kept = plant::set_up(&program, &inbox).await.context("the plant cannot be set up")?;
            kept.write(&dir)?;
            kept
        };
        inbox.expect(&kept.secret)?;
        Ok(Self {
            address,
            inbox: inbox.address(),
            email: plant::EMAIL,
            password: kept.password,
            token: kept.token,
            listener,
            program,
            _held: (simulator, inbox, temporary),
        })
    }

    /// What a person wants to know first.
    pub fn welcome(&self) -> String {
        welcome::text(self)
    }

    /// Serves, polls at once, and notifies, until `end` comes.
    ///
    /// # Errors
    /// Of the listener.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        standalone::run(self.listener, self.program, end).await.context("the listener failed")
    }
}

/// The same settings that an operator would make.
fn settings(dir: &Path, address: SocketAddr, simulator: &Simulator, inbox: &Inbox) -> Environment {
    let own = |name: &str, value: String| (name.to_owned(), value);
    Environment::of([
        own("IOTMONITOR_STORAGE", format!("embedded:{}", dir.display())),
        own("IOTMONITOR_PUBLIC_URL", format!("http://{address}")),
        own("IOTMONITOR_SHODAN_KEY", "DEMO".into()),
        own("IOTMONITOR_SHODAN_URL", simulator.shodan_url().into()),
        own("IOTMONITOR_SHODAN_EXPLOITS_URL", simulator.exploits_url().into()),
        own("IOTMONITOR_CVEDB_URL", simulator.cvedb_url().into()),
        own("IOTMONITOR_INTERNETDB_URL", simulator.internetdb_url().into()),
        own("IOTMONITOR_CVEDB_URL", simulator.cvedb_url().into()),
        own("IOTMONITOR_KEV_URL", simulator.kev_url().into()),
        own("IOTMONITOR_EPSS_URL", simulator.epss_url().into()),
        own("IOTMONITOR_EPSS_FILE_URL", simulator.epss_file_url().into()),
        own("IOTMONITOR_SSVC_URL", simulator.ssvc_url().into()),
        own("IOTMONITOR_SMTP_URL", format!("smtp://{}", inbox.smtp())),
        own("IOTMONITOR_MAIL_FROM", "iotmonitor <alerts@iotmonitor.example>".into()),
        own("IOTMONITOR_EGRESS_ALLOW", "127.0.0.0/8".into()),
        own("IOTMONITOR_TARGET_ALLOW", PLANT.into()),
        own("IOTMONITOR_REGISTRATION", "open".into()),
    ])
}
