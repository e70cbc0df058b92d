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
        let address = free_address()?;
        // Every source is named, so that no request leaves this machine. Port 9 discards.
        let sources = ["SHODAN", "SHODAN_EXPLOITS", "INTERNETDB", "CVEDB", "KEV", "EPSS"];
        let nowhere = sources.map(|source| (format!("IOTMONITOR_{source}_URL"), "http://127.0.0.1:9".to_owned()));
        let child = Command::new(program)
            .arg("serve")
            .env_clear()
            .env("IOTMONITOR_STORAGE", format!("embedded:{}", folder.display()))
            .env("IOTMONITOR_LISTEN", address.to_string())
            .envs(nowhere)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self { child, address })
    }

    /// Where it will listen.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time that all its threads have run, as the scheduler counts it.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let threads = format!("/proc/{}/task", self.child.id());
        let mut nanoseconds = 0;
        for thread in fs::read_dir(&threads).context("the program has ended")? {
            let counted = fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += counted.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("the program has ended")?;
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Ok(kibibytes.context("no VmRSS")?.parse::<u64>()? * 1024)
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

/// The time that this thread has run.
pub(crate) fn cpu_of_this_thread() -> Result<Duration> {
    let counted = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(counted.split(' ').next().context("no schedstat")?.parse()?))
}
