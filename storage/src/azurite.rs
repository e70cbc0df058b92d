//! Starts Azurite, the emulator of Azure Storage, for tests: of this crate and of others (feature `test-azurite`).
//! Never part of the program.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Names an Azurite that already runs, by its connection string.
const RUNNING: &str = "IOTMONITOR_TEST_AZURITE";
/// How long Azurite may take to answer on a busy machine.
const START: Duration = Duration::from_mins(1);

/// A running Azurite, which ends with this value unless it ran before.
pub struct Azurite {
    child: Option<Child>,
    connection_string: String,
}

impl Azurite {
    /// Starts Azurite on free loopback ports, with its data in memory, and waits until it answers. Uses the one named
    /// by the variable `IOTMONITOR_TEST_AZURITE` instead, if there is one.
    ///
    /// `None` when Node or Azurite is not installed: the test is not run then, and says so.
    ///
    /// # Panics
    /// Where the variable `CI` is `true`, when it cannot be started: there no test may be left out in silence.
    #[expect(clippy::disallowed_methods, reason = "tests have no settings of the program's to be told by")]
    pub fn start() -> Option<Self> {
        if let Ok(connection_string) = std::env::var(RUNNING) {
            return Some(Self { child: None, connection_string });
        }
        Self::start_empty()
    }

    /// Starts one in which nobody has made anything, even if another runs.
    ///
    /// # Panics
    /// As [`Azurite::start`].
    #[expect(clippy::disallowed_methods, reason = "tests have no settings of the program's to be told by")]
    pub fn start_empty() -> Option<Self> {
        match spawn() {
            Ok(azurite) => Some(azurite),
            Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("Azurite: {why}"),
            Err(why) => {
                println!("not run: Azurite: {why}");
                None
            }
        }
    }

    /// For `AzureSettings::from_connection_string`.
    pub fn connection_string(&self) -> &str {
        &self.connection_string
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself; either way it is waited for.
            let _ended = child.kill();
            let _status = child.wait();
        }
    }
}

fn spawn() -> Result<Azurite, String> {
    let script = script().ok_or("it is not installed: npm ci")?;
    let [blobs, queues, tables] = free_ports().map_err(|error| format!("no free ports: {error}"))?;
    let mut command = Command::new("node");
    command.arg(script);
    command.args([
        "--silent",
        "--disableTelemetry",
        "--skipApiVersionCheck",
        "--inMemoryPersistence",
        "--extentMemoryLimit",
        "256",
    ]);
    for (option, port) in [("--blobPort", blobs), ("--queuePort", queues), ("--tablePort", tables)] {
        command.args([option, &port.to_string()]);
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn();
    let child = child.map_err(|error| format!("node cannot be started: {error}"))?;
    let mut azurite = Azurite { child: Some(child), connection_string: connection_string(queues, tables) };
    let started = Instant::now();
    while !(answers(queues) && answers(tables)) {
        let child = azurite.child.as_mut();
        if let Some(Ok(Some(status))) = child.map(Child::try_wait) {
            return Err(format!("it ended at once: {status}"));
        }
        if started.elapsed() > START {
            return Err("it does not answer".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(azurite)
}

/// The script itself and not its wrapper: the wrapper's child would survive its end.
fn script() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|dir| dir.join("node_modules/azurite/dist/src/azurite.js")).find(|script| script.is_file())
}

/// Ports that were free a moment ago.
fn free_ports() -> std::io::Result<[u16; 3]> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    // All at once, or the same port would be found thrice.
    let listeners = [listen()?, listen()?, listen()?];
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

/// Azurite's account and key are the same everywhere and no secret.
fn connection_string(queues: u16, tables: u16) -> String {
    let account = "devstoreaccount1";
    let key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    format!(
        "AccountName={account};AccountKey={key};TableEndpoint=http://127.0.0.1:{tables}/{account};\
         QueueEndpoint=http://127.0.0.1:{queues}/{account}"
    )
}
