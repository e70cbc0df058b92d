use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

/// `iotmonitor serve`, as the release build made it, on a folder. It ends when this is dropped.
pub(crate) struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    /// Starts it and does not wait for anything.
    pub(crate) fn start(program: &Path, folder: &Path) -> Result<Self> {
        Self::start_on(program, &format!("embedded:{}", folder.display()), &[])
    }

    /// The same on any store, with more settings.
    pub(crate) fn start_on(program: &Path, storage: &str, more: &[(&str, &str)]) -> Result<Self> {
        let address = free_address()?;
        let own = [("IOTMONITOR_STORAGE", storage), ("IOTMONITOR_LISTEN", &address.to_string())];
        Self::spawn(program, &["serve"], address, &[&own, more].concat())
    }

    /// As the Functions host starts it: without a word, with a port.
    pub(crate) fn start_for_host(program: &Path, storage: &str, key: &str) -> Result<Self> {
        let address = free_address()?;
        let own = [
            ("FUNCTIONS_CUSTOMHANDLER_PORT", address.port().to_string()),
            ("AzureWebJobsStorage", storage.to_owned()),
            ("IOTMONITOR_POLL_SCHEDULE", "0 * * * * *".to_owned()),
            ("IOTMONITOR_SECRET_KEY", key.to_owned()),
        ];
        let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Self::spawn(program, &[], address, &own)
    }

    /// As AWS Lambda starts it; it listens nowhere, and asks at this address what to do.
    pub(crate) fn start_for_lambda(program: &Path, interface: SocketAddr, storage: &str, key: &str) -> Result<Self> {
        let interface_name = interface.to_string();
        let own = [
            ("AWS_LAMBDA_RUNTIME_API", interface_name.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "iotmonitor"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("IOTMONITOR_STORAGE", storage),
            ("IOTMONITOR_SECRET_KEY", key),
        ];
        Self::spawn(program, &[], interface, &own)
    }

    /// The server to compare with: this program itself, see [`crate::plain`].
    pub(crate) fn plain(findings: &Path) -> Result<Self> {
        let address = free_address()?;
        let findings = findings.to_string_lossy();
        let arguments = ["--plain", &*findings, "--listen", &address.to_string()];
        Self::spawn(&std::env::current_exe()?, &arguments, address, &[])
    }

    fn spawn(program: &Path, arguments: &[&str], address: SocketAddr, settings: &[(&str, &str)]) -> Result<Self> {
        // Every source is named, so that no request leaves this machine. Port 9 discards.
        let sources = ["SHODAN", "SHODAN_EXPLOITS", "INTERNETDB", "CVEDB", "KEV", "EPSS", "EPSS_FILE", "SSVC"];
        let nowhere = sources.map(|source| (format!("IOTMONITOR_{source}_URL"), "http://127.0.0.1:9".to_owned()));
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            // One token asks as often as the processor can answer.
            .env("IOTMONITOR_RATE_LIMIT", u32::MAX.to_string())
            .envs(nowhere)
            // Why it ended, should it end.
            .env("IOTMONITOR_LOG", "error")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self { child, address })
    }

    /// Where it will listen.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long all its threads have run, and how long they waited for a processor, as the scheduler counts it.
    pub(crate) fn spent(&self) -> Result<Spent> {
        let threads = format!("/proc/{}/task", self.child.id());
        let mut spent = Spent::default();
        for thread in fs::read_dir(&threads).context("the program has ended")? {
            let of_one = Spent::read(&thread?.path().join("schedstat"))?;
            spent = Spent { ran: spent.ran + of_one.ran, waited: spent.waited + of_one.waited };
        }
        Ok(spent)
    }

    /// Its resident memory.
    pub(crate) fn resident(&self) -> Result<Resident> {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("the program has ended")?;
        let of = |name: &str| {
            let kibibytes = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
            anyhow::Ok(kibibytes.context("no such line in its status")?.parse::<u64>()? * 1024)
        };
        Ok(Resident { all: of("VmRSS:")?, own: of("RssAnon:")? })
    }

    /// Ends it as a service manager does, and waits until it has closed its files.
    pub(crate) fn end(mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it at once, with its files open.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// What a process has used of the processors.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// Ran.
    pub(crate) ran: Duration,
    /// Could have run, but others did.
    pub(crate) waited: Duration,
}

impl Spent {
    fn read(path: &Path) -> Result<Self> {
        let counted = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut nanoseconds = counted.split(' ').map(|n| n.parse().map(Duration::from_nanos));
        let mut next = || nanoseconds.next().context("no schedstat")?.context("no schedstat");
        Ok(Self { ran: next()?, waited: next()? })
    }

    /// What this thread has used.
    pub(crate) fn by_this_thread() -> Result<Self> {
        Self::read(Path::new("/proc/thread-self/schedstat"))
    }
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident {
    /// All of it, pages of the program's file included, which other processes share.
    pub(crate) all: u64,
    /// What belongs to the process alone.
    pub(crate) own: u64,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already; either way it is waited for.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// An address that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
