//! A plant to which things happen.

use std::mem::take;
use std::sync::Arc;

use app::access::{Caller, bootstrap};
use app::assets::{self, AssetDraft, AssetPatch, Selection};
use app::directory::{Direction, Order};
use app::findings::{self, FindingFilter, TriageRequest};
use app::notify::{self, NewEmail, NewWebhook};
use app::poll;
use app::ports::SourceError;
use app::testing::{Bench, JsonLetters, RecordingMailer, RecordingWebhooks, Script, seen};
use domain::asset::Criticality;
use domain::finding::{Finding, FindingState, TriageReason};
use domain::ids::AssetId;
use jiff::SignedDuration;

use crate::moves::{DECISIONS, HOSTS, SERVICES, Step, TARGETS, Trouble};

pub(crate) struct Plant {
    pub bench: Bench,
    pub caller: Caller,
    pub receiver: Arc<RecordingWebhooks>,
    pub mailer: Arc<RecordingMailer>,
    /// Every asset that was ever registered, the eldest first.
    pub assets: Vec<AssetId>,
    script: Arc<Script>,
}

impl Plant {
    /// An owner with a machine and a person to tell.
    pub(crate) async fn new() -> Self {
        let mut bench = Bench::new();
        let (script, receiver, mailer) = (Arc::default(), Arc::default(), Arc::default());
        bench.app.exposure = Arc::<Script>::clone(&script);
        bench.app.webhooks = Arc::<RecordingWebhooks>::clone(&receiver);
        bench.app.mailer = Arc::<RecordingMailer>::clone(&mailer);
        bench.app.letters = Arc::new(JsonLetters);
        bench.app.settings.shodan_key = Some("key".into());
        let caller =
            bootstrap(&bench, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        let hook = NewWebhook { name: "SIEM".into(), url: "https://siem.example.com/".into(), ..NewWebhook::default() };
        notify::create_webhook(&bench, &caller, hook).await.unwrap();
        let recipients = vec!["ops@plant.example".into()];
        let mails = NewEmail { name: "Night shift".into(), recipients, confirmed: true, ..NewEmail::default() };
        notify::create_email(&bench, &caller, mails).await.unwrap();
        Self { bench, caller, receiver, mailer, assets: Vec::new(), script }
    }

    /// Lets something happen, with trouble or without. Errors are part of life.
    pub(crate) async fn undergo(&mut self, step: &Step, trouble: Option<&Trouble>) {
        if let Some(trouble) = trouble {
            self.bench.tables.fail_at(trouble.call, trouble.fault);
            if trouble.dies {
                self.bench.tables.down_at(trouble.call + 1);
            }
        }
        self.happens(step).await;
        self.bench.tables.heal();
        if trouble.is_some_and(|trouble| trouble.dies) {
            self.restart();
        }
        self.count_assets().await;
    }

    async fn happens(&mut self, step: &Step) {
        match step {
            Step::Watch(target) => {
                let draft =
                    AssetDraft { target: Some(TARGETS[*target].into()), enabled: true, ..AssetDraft::default() };
                let _ = assets::create(&self.bench, &self.caller, &draft).await;
            }
            Step::Retire(nth) => {
                let Some(id) = self.assets.get(*nth).cloned() else { return };
                let _ = assets::retire(&self.bench, &self.caller, Selection::Ids(vec![id]), 1, "sold").await;
            }
            Step::Matters(nth) => {
                let Some(id) = self.assets.get(*nth) else { return };
                let patch = AssetPatch { criticality: Some(Criticality::Critical), ..AssetPatch::default() };
                let _ = assets::update(&self.bench, &self.caller, id, &patch).await;
            }
            Step::Decide(nth, decision) => self.decide(*nth, DECISIONS[*decision]).await,
            Step::Answers(host, services) => {
                let open = SERVICES.iter().zip(services).filter(|(_, open)| **open);
                let services: Vec<(u16, &str)> = open.map(|(service, _)| *service).collect();
                self.script.says(seen(HOSTS[*host].parse().unwrap(), self.bench.now(), &services));
            }
            Step::Forgotten(host) => self.script.forgets(HOSTS[*host].parse().unwrap()),
            Step::SourceFails(fails) => {
                self.script.fails(fails.then(|| SourceError::Unavailable("it is down".into())));
            }
            Step::ReceiverRefuses(true) => self.receiver.refuse(503, None),
            Step::ReceiverRefuses(false) => self.receiver.accept(),
            Step::Tick => {
                let _ = poll::tick(&self.bench).await;
            }
            Step::Drain => {
                let _ = notify::drain(&self.bench, 1_000).await;
            }
            Step::Pass(minutes) => self.bench.clock.advance(SignedDuration::from_mins(*minutes)),
            Step::Restart => self.restart(),
        }
    }

    async fn decide(&self, nth: usize, state: FindingState) {
        let order = (Order::Risk, Direction::Descending);
        let filter = FindingFilter::default();
        let page = findings::page(&self.bench, &self.caller, &filter, order, (None, 100, false)).await;
        let Some(finding) = page.ok().and_then(|page| page.items.into_iter().nth(nth)) else { return };
        let request = TriageRequest {
            ids: vec![finding.finding.id.clone()],
            state,
            reason: Some(TriageReason::Other),
            note: None,
            until: (state == FindingState::Accepted).then(|| self.bench.now() + SignedDuration::from_hours(240)),
            tripwires: None,
            approved_by: None,
            epss_above: None,
        };
        let _ = findings::triage(&self.bench, &self.caller, &request).await;
    }

    /// All findings, page by page.
    pub(crate) async fn findings(&self) -> Vec<Finding> {
        let (filter, order) = (FindingFilter::default(), (Order::Risk, Direction::Descending));
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let place = (cursor.as_deref(), 7, false);
            let page = findings::page(&self.bench, &self.caller, &filter, order, place).await.unwrap();
            cursor = page.items.last().map(|listed| listed.cursor.clone());
            all.extend(page.items.into_iter().map(|listed| Finding::clone(&listed.finding)));
            if !page.more {
                return all;
            }
        }
    }

    async fn count_assets(&mut self) {
        let register = assets::Register::read(&self.bench, &self.caller.org).await.unwrap();
        for asset in register.assets() {
            if !self.assets.contains(&asset.id) {
                self.assets.push(asset.id.clone());
            }
        }
    }

    fn restart(&mut self) {
        self.bench = take(&mut self.bench).restarted();
    }
}
