//! The program with everything around it: sources, receivers, and the person who uses it.
//!
//! How the program is run is all that differs between the modes, and a journey never asks which one it is in. Nothing
//! here looks inside the program; what it needs to know it asks as people and machines do.

mod api;
mod azure;
mod entra;
mod machine;
mod mailbox;
pub(crate) mod raw;
mod receiver;
mod settings;
mod stirring;
mod unreliable;

use std::time::Duration;

use app::ports::{Clock, Queue, QueueName};
use iotmonitor::outside::{Outbound, SystemClock};
use jiff::Timestamp;
use serde_json::Value;
use sources::simulator::{Options, Simulator};
use tokio::time::{Instant, sleep};

pub(crate) use api::{Answer, total};
pub(crate) use entra::Entra;
pub(crate) use mailbox::Mailbox;
pub(crate) use receiver::{Received, Receiver};
pub(crate) use settings::{KEY, PASSWORD, SETUP_CODE};

use azure::OnAzure;
use machine::OnMachine;

/// Patience with a machine that is busy; what is waited for takes seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// How the program is run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// `iotmonitor serve` with a data folder: its own timer, its own queue.
    Machine,
    /// The package under the Functions host, with tables and queues of Azure Storage.
    Azure,
}

/// What a journey wants of the world that not every journey does.
#[derive(Default)]
pub(crate) struct Wishes {
    /// Without a Shodan key.
    pub keyless: bool,
    /// With a mail server.
    pub mailbox: Option<Mailbox>,
    /// With storage that fails when it is asked to ([`World::storage_fails`]), in the mode that has any beside it.
    pub unreliable_storage: bool,
    /// With a managed identity instead of a key of storage, in the mode that has either.
    pub identity: bool,
    /// More settings.
    pub settings: Vec<(&'static str, &'static str)>,
}

enum Program {
    Machine(Box<OnMachine>),
    Azure(Box<OnAzure>),
}

/// Everything that runs.
pub(crate) struct World {
    program: Program,
    /// Shodan and InternetDB.
    pub simulator: Simulator,
    /// Somebody's webhook receiver.
    pub receiver: Receiver,
    /// The mail server, if one was wished for.
    pub mailbox: Option<Mailbox>,
    token: String,
}

impl World {
    /// Somebody deployed the program; nobody is registered yet. `None`, and said: what it needs is not installed.
    pub(crate) async fn deployed(mode: Mode, wishes: Wishes) -> Option<Self> {
        let options = Options { shift_to: Some(now()), ..Options::default() };
        let simulator = Simulator::start(Simulator::demo_data(), options).await.unwrap();
        let settings = settings::of(&simulator, &wishes);
        let program = match mode {
            Mode::Machine => Program::Machine(Box::new(OnMachine::start(settings).await)),
            Mode::Azure => Program::Azure(Box::new(OnAzure::start(settings, &wishes).await?)),
        };
        let receiver = Receiver::start().await;
        Some(Self { program, simulator, receiver, mailbox: wishes.mailbox, token: String::new() })
    }

    /// Somebody deployed the program, and the first owner registered with the setup code.
    pub(crate) async fn registered(mode: Mode, wishes: Wishes) -> Option<Self> {
        let mut world = Self::deployed(mode, wishes).await?;
        let answer = world.register("ops@plant.example", SETUP_CODE).await;
        world.sign_in(answer["token"].as_str().unwrap_or_else(|| panic!("{answer}")));
        Some(world)
    }

    /// From now on questions are asked with this token.
    pub(crate) fn sign_in(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// Looks, and gives the world time to turn, until it sees what it waits for.
    pub(crate) async fn until<T>(&self, what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
        self.within(PATIENCE, what, look).await
    }

    /// The same with another patience.
    pub(crate) async fn within<T>(
        &self,
        patience: Duration,
        what: &str,
        mut look: impl AsyncFnMut() -> Option<T>,
    ) -> T {
        let end = Instant::now() + patience;
        loop {
            self.turn().await;
            if let Some(seen) = look().await {
                return seen;
            }
            assert!(Instant::now() < end, "not within {patience:?}: {what}\n{}", self.log().await.join("\n"));
        }
    }

    /// What goes on by itself: the timer fires, the queue is worked off. Nothing of it may fail.
    async fn turn(&self) {
        match &self.program {
            Program::Machine(_) => sleep(Duration::from_millis(50)).await,
            Program::Azure(azure) => azure.turn().await,
        }
    }

    /// The same until something has happened, with a program that may fail or be gone.
    pub(crate) async fn meanwhile(&self, happened: impl Future<Output = ()>) {
        let turning = async {
            match &self.program {
                Program::Machine(_) => std::future::pending().await,
                Program::Azure(azure) => azure.turn_for_ever().await,
            }
        };
        tokio::select! {
            (never, _) = turning => match never {},
            () = happened => {}
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(&self) {
        match &self.program {
            Program::Machine(machine) => machine.kill().await,
            Program::Azure(azure) => azure.host.kill().await,
        }
    }

    /// Starts it again on what it left.
    pub(crate) async fn restart(&self) {
        match &self.program {
            Program::Machine(machine) => machine.restart().await,
            Program::Azure(azure) => azure.host.restart().await.unwrap(),
        }
    }

    /// From now on storage fails at random, or works again.
    pub(crate) fn storage_fails(&self, on: bool) {
        if let Program::Azure(azure) = &self.program
            && let Some(unreliable) = &azure.unreliable
        {
            unreliable.fails(on);
        }
    }

    /// How often storage failed.
    pub(crate) fn faults(&self) -> usize {
        match &self.program {
            Program::Machine(_) => 0,
            Program::Azure(azure) => azure.unreliable.as_ref().map_or(0, unreliable::Unreliable::struck),
        }
    }

    /// The token of whoever signed in last.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Every byte of its store, where that is files.
    pub(crate) fn stored(&self) -> Vec<u8> {
        match &self.program {
            Program::Machine(machine) => machine.stored(),
            Program::Azure(_) => Vec::new(),
        }
    }

    /// Somebody puts messages into a queue past the program, which is restarted where that takes its files.
    pub(crate) async fn slip_in(&self, queue: QueueName, bodies: &[&str]) {
        match &self.program {
            Program::Machine(machine) => {
                machine.kill().await;
                put(&machine.store(), queue, bodies).await;
                machine.restart().await;
            }
            Program::Azure(azure) => put(&azure.queue, queue, bodies).await,
        }
    }

    /// What the program wrote since it was started last.
    pub(crate) async fn log(&self) -> Vec<String> {
        match &self.program {
            Program::Machine(machine) => machine.log(),
            Program::Azure(azure) => azure.host.logs().await.into_iter().map(|line| line.text).collect(),
        }
    }

    /// The Functions host, in that mode.
    pub(crate) fn host(&self) -> Option<&OnAzure> {
        match &self.program {
            Program::Machine(_) => None,
            Program::Azure(azure) => Some(azure),
        }
    }

    /// What is known of an address changes: it answers with these banners, seen just now.
    pub(crate) fn now_answers(&self, ip: &str, mut banners: Vec<Value>) {
        for banner in &mut banners {
            banner["timestamp"] = now().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string().into();
        }
        self.simulator.replace_banners(ip.parse().unwrap(), &banners);
    }
}

async fn put(queue: &dyn Queue, name: QueueName, bodies: &[&str]) {
    for body in bodies {
        queue.put(name, body, Duration::ZERO).await.unwrap();
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

fn client() -> reqwest::Client {
    Outbound::new(None).unwrap().client().unwrap()
}
