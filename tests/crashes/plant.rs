//! A plant in a data folder: the use cases over the embedded store, with faults in front of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use app::access::{Caller, bootstrap};
use app::assets::{self, AssetDraft};
use app::directory::{Counts, Direction, Order};
use app::findings::{self, EventFilter, FindingFilter};
use app::notify::{self, DeliveryFilter, DeliveryState, NewWebhook};
use app::ports::{QueueName, RowRange, Table};
use app::testing::{Bench, Faults, Faulty, ManualClock, RecordingWebhooks, Script, SeededIds, seen};
use app::{App, poll};
use domain::event::{Event, EventType};
use jiff::SignedDuration;
use storage::Embedded;
use tempfile::TempDir;

const CAMERA: &str = "8.8.8.8";

/// One process on a data folder.
pub(crate) struct Plant {
    app: App,
    pub faults: Arc<Faults>,
    outside: Outside,
    folder: TempDir,
}

/// What outlives the process.
#[derive(Clone)]
pub(crate) struct Outside {
    clock: Arc<ManualClock>,
    receiver: Arc<RecordingWebhooks>,
    script: Arc<Script>,
    caller: Caller,
    /// Which process it is: no two draw the same random numbers.
    processes: u64,
}

impl Plant {
    /// An owner with a webhook; nothing is watched yet. Made once and copied, because hashing the password takes longer
    /// than all the rest.
    pub(crate) async fn founded() -> (TempDir, Outside) {
        let folder = folder();
        let (receiver, script) = (Arc::<RecordingWebhooks>::default(), Arc::<Script>::default());
        let clock = Arc::new(ManualClock::default());
        let app = assemble(folder.path(), &clock, &receiver, &script, 0, &Arc::default());
        let caller = bootstrap(&app, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        let hook = NewWebhook { name: "SIEM".into(), url: "https://siem.example.com/".into(), ..NewWebhook::default() };
        notify::create_webhook(&app, &caller, hook).await.unwrap();
        script.says(seen(CAMERA.parse().unwrap(), app.now(), &[(23, "telnet"), (502, "modbus")]));
        (folder, Outside { clock, receiver, script, caller, processes: 1 })
    }

    /// A process on a copy of a folder: on what is on disk, whether it was closed or not.
    pub(crate) fn on_copy(of: &Path, outside: &Outside) -> Self {
        let folder = folder();
        for file in fs::read_dir(of).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let mut outside = outside.clone();
        outside.processes += 1;
        let faults = Arc::<Faults>::default();
        let Outside { clock, receiver, script, processes, .. } = &outside;
        let app = assemble(folder.path(), clock, receiver, script, *processes, &faults);
        Self { app, faults, outside, folder }
    }

    /// The world of another case: the same instant, nothing received.
    pub(crate) fn another_world(outside: &Outside) -> Outside {
        let clock = ManualClock::default();
        Outside { clock: Arc::new(clock), receiver: Arc::default(), ..outside.clone() }
    }

    /// The process is gone; another one starts on what it left on disk, which nobody closed.
    pub(crate) fn restarted(self) -> Self {
        Self::on_copy(self.folder.path(), &self.outside)
    }

    /// Registers a device unless it is there, polls and tells; errors are what a crash looks like from outside.
    pub(crate) async fn whole_way(&self) {
        let draft = AssetDraft { target: Some(CAMERA.into()), enabled: true, ..AssetDraft::default() };
        let _ = assets::create(&self.app, &self.outside.caller, &draft).await;
        let _ = poll::tick(&self.app).await;
        let _ = notify::drain(&self.app, 100).await;
    }

    /// Life goes on: whoever was interrupted asks again, and the timer ticks.
    pub(crate) async fn goes_on(&self) {
        for _ in 0..3 {
            self.outside.clock.advance(SignedDuration::from_hours(1));
            self.whole_way().await;
        }
    }

    /// Everything is there, and everybody was told of it, under one id each.
    pub(crate) async fn is_whole(&self, case: &str) {
        let events = self.events().await;
        let told: Vec<EventType> = events.iter().map(|event| event.kind).collect();
        for once in [EventType::AssetCreated, EventType::AssetFirstPolled] {
            assert_eq!(told.iter().filter(|kind| **kind == once).count(), 1, "{case}: {told:?}");
        }
        let mut ids: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for request in self.outside.receiver.requests() {
            let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
            let number = body["data"]["sequence"].as_str().unwrap().parse().unwrap();
            ids.entry(number).or_default().push(request.id);
        }
        for event in &events {
            let copies = ids.get(&event.id.number).unwrap_or_else(|| panic!("{case}: {:?} was never sent", event.kind));
            assert!(copies.iter().all(|id| *id == copies[0]), "{case}: one event, two ids");
        }
        assert_eq!(ids.len(), events.len(), "{case}: something was sent that is no event");
        self.counts_are_true(&told, case).await;
        self.nothing_is_left(events.len(), case).await;
    }

    async fn events(&self) -> Vec<Event> {
        let all = (None, 1000, false);
        findings::events_page(&self.app, &self.outside.caller, &EventFilter::default(), all).await.unwrap().items
    }

    async fn counts_are_true(&self, told: &[EventType], case: &str) {
        let (filter, order) = (FindingFilter::default(), (Order::Risk, Direction::Descending));
        let caller = &self.outside.caller;
        let page = findings::page(&self.app, caller, &filter, order, (None, 1000, false)).await.unwrap();
        let mut counted = Counts::default();
        page.items.iter().for_each(|listed| counted.add(listed.finding.state, listed.finding.severity));
        assert_eq!(findings::counts(&self.app, caller, &filter).await.unwrap(), Some(counted), "{case}");
        let opened = told.iter().filter(|kind| **kind == EventType::FindingOpened).count();
        assert!(opened >= 2, "{case}: {told:?}");
        assert_eq!(page.items.len(), opened, "{case}");
    }

    async fn nothing_is_left(&self, events: usize, case: &str) {
        let caller = &self.outside.caller;
        let page = notify::deliveries(&self.app, caller, &DeliveryFilter::default(), 1000, None).await.unwrap();
        let states: Vec<DeliveryState> = page.items.iter().map(|(_, delivery)| delivery.state).collect();
        assert_eq!(states, vec![DeliveryState::Delivered; events], "{case}");
        for queue in [QueueName::Notifications, QueueName::NotificationsPoison] {
            assert_eq!(self.app.queue.depth(queue).await.unwrap(), 0, "{case}");
        }
        let exposure = format!("{}:00", caller.org);
        for (table, partition, prefix) in [
            (Table::Exposure, exposure.as_str(), "o|"),
            (Table::Deliveries, "due", ""),
            (Table::Assets, caller.org.as_str(), "pending:"),
        ] {
            let rows = self.app.tables.range(table, partition, RowRange::prefix(prefix, 10)).await.unwrap().rows;
            assert!(rows.is_empty(), "{case}: {rows:?}");
        }
    }
}

/// In memory where there is such a place: what is tried is the order of calls, and a disk would take a minute for it.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn assemble(
    folder: &Path,
    clock: &Arc<ManualClock>,
    receiver: &Arc<RecordingWebhooks>,
    script: &Arc<Script>,
    process: u64,
    faults: &Arc<Faults>,
) -> App {
    let store = Arc::new(Embedded::open(folder, clock.clone()).unwrap());
    let Bench { app, .. } = Bench::new();
    let settings = app::Settings { shodan_key: Some("key".into()), ..app.settings };
    App {
        tables: Arc::new(Faulty::new(Arc::clone(&store), Arc::clone(faults))),
        queue: Arc::new(Faulty::new(store, Arc::clone(faults))),
        clock: clock.clone(),
        webhooks: receiver.clone(),
        exposure: script.clone(),
        ids: Arc::new(SeededIds::new(process << 32)),
        settings,
        ..app
    }
}
