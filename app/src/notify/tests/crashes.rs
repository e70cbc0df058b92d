use domain::event::Event;
use domain::event::EventType::FindingOpened;
use domain::severity::Severity::{Critical, High};
use domain::trigger::{QuietHours, Schedule, Trigger};

use super::stage::{Stage, about};
use crate::notify::{self, DeliveryId, DeliveryState};
use crate::testing::Fault;

/// What happens at the n-th storage call.
#[derive(Clone, Copy, Debug)]
enum Crash {
    One(Fault),
    Death,
}

struct Scene {
    stage: Stage,
    hook: notify::Channel,
    events: Vec<Event>,
}

/// Two events on their way to a webhook and to people. `refusing`: the receiver refuses at first, so that the
/// retry is part of what can crash.
async fn scene(refusing: bool) -> Scene {
    let stage = Stage::new();
    let hook = stage.webhook(None).await;
    stage.mails(&["ops@plant.example"]).await;
    let mut events = Vec::new();
    for (number, severity) in [(1, High), (2, Critical)] {
        events.push(stage.announce(about(FindingOpened, number, severity)).await);
    }
    if refusing {
        stage.hooks.refuse(500, None);
    }
    Scene { stage, hook, events }
}

/// The part that may crash: the queue is worked off, twice, so that a first retry is in it.
async fn act(scene: &Scene) {
    for _ in 0..2 {
        let _ = notify::drain(&scene.stage.bench, 100).await;
        scene.stage.pass(7);
        scene.stage.hooks.accept();
    }
}

async fn recover(scene: &Scene) {
    scene.stage.bench.tables.heal();
    scene.stage.hooks.accept();
    for _ in 0..45 {
        scene.stage.minute().await;
    }
}

async fn check(scene: &Scene, most: usize, case: &str) {
    let stage = &scene.stage;
    for event in &scene.events {
        let arrived = stage.arrived(event);
        assert!((1..=most).contains(&arrived.len()), "{case}: {} webhooks of {}", arrived.len(), event.id);
        let id = DeliveryId::of(&scene.hook.id, event.id).to_string();
        assert!(arrived.iter().all(|r| r.id == id), "{case}: the id changed");
    }
    let mails = stage.mailer.mails();
    for number in 1..=2 {
        let telling = mails.iter().filter(|m| m.text.contains(&format!("Finding {number}"))).count();
        assert!((1..=most).contains(&telling), "{case}: {telling} mails of finding {number}");
    }
    assert!(
        stage.deliveries().await.iter().all(|d| d.state == DeliveryState::Delivered),
        "{case}: {:?}",
        stage.deliveries().await
    );
    assert!(stage.is_settled(), "{case}: something is left to be done");
}

#[tokio::test]
async fn without_a_fault_everything_arrives_exactly_once() {
    for refusing in [false, true] {
        let scene = scene(refusing).await;
        act(&scene).await;
        recover(&scene).await;
        // A refused request arrived as well, so there are two of each.
        check(&scene, if refusing { 2 } else { 1 }, "no fault").await;
    }
}

#[tokio::test]
async fn a_fault_at_any_storage_call_loses_nothing() {
    for refusing in [false, true] {
        let calls = {
            let scene = scene(refusing).await;
            let before = scene.stage.bench.tables.calls();
            act(&scene).await;
            scene.stage.bench.tables.calls() - before
        };
        assert!(calls > 15, "{calls} calls are too few to be the whole way");
        for crash in [Crash::One(Fault::Before), Crash::One(Fault::After), Crash::One(Fault::Lost), Crash::Death] {
            for n in 1..=calls + 2 {
                let scene = scene(refusing).await;
                match crash {
                    Crash::One(fault) => scene.stage.bench.tables.fail_at(n, fault),
                    Crash::Death => scene.stage.bench.tables.down_at(n),
                }
                act(&scene).await;
                recover(&scene).await;
                check(
                    &scene,
                    if refusing { 3 } else { 2 },
                    &format!("{crash:?} at call {n} of {calls}, refusing: {refusing}"),
                )
                .await;
            }
        }
    }
}

#[tokio::test]
async fn a_queue_that_takes_nothing_loses_nothing() {
    let stage = Stage::new();
    let hook = stage.webhook(None).await;
    stage.mails(&["ops@plant.example"]).await;
    stage.bench.queue.set_down(true);
    let mut events = Vec::new();
    for (number, severity) in [(1, High), (2, High)] {
        events.push(stage.announce(about(FindingOpened, number, severity)).await);
    }
    stage.hooks.refuse(500, None);
    for event in &events {
        notify::route(&stage.bench, &super::stage::org(), event.id).await.unwrap();
    }
    stage.bench.queue.set_down(false);
    let scene = Scene { stage, hook, events };
    recover(&scene).await;
    check(&scene, 2, "queue down").await;
}

/// A digest and quiet hours: what waits for its time has to survive a crash at every storage call too.
#[tokio::test]
async fn a_fault_at_any_storage_call_loses_nothing_of_what_waits() {
    let quiet = QuietHours { from: "07:00".parse().unwrap(), to: "08:20".parse().unwrap(), ..QuietHours::default() };
    let hourly = Trigger { schedule: Schedule::Hourly, send_empty: true, ..notify::usual_for_people() };
    let held = Trigger { quiet_hours: Some(quiet), ..notify::usual_for_people() };
    let begin = async || {
        let stage = Stage::new();
        stage.mails_when(&["hourly@plant.example"], hourly.clone()).await;
        stage.mails_when(&["quiet@plant.example"], held.clone()).await;
        stage.chat(crate::ports::ChatService::Slack, None).await;
        for number in 1..=2 {
            stage.announce(about(FindingOpened, number, High)).await;
        }
        stage
    };
    let act = async |stage: &Stage| {
        for seconds in [0, 31, 1_170, 2_400] {
            stage.pass(seconds);
            let _ = notify::drain(&stage.bench, 100).await;
        }
    };
    let calls = {
        let stage = begin().await;
        let before = stage.bench.tables.calls();
        act(&stage).await;
        stage.bench.tables.calls() - before
    };
    for crash in [Crash::One(Fault::Before), Crash::One(Fault::After), Crash::One(Fault::Lost), Crash::Death] {
        for n in 1..=calls {
            let stage = begin().await;
            match crash {
                Crash::One(fault) => stage.bench.tables.fail_at(n, fault),
                Crash::Death => stage.bench.tables.down_at(n),
            }
            act(&stage).await;
            stage.bench.tables.heal();
            for _ in 0..61 {
                stage.minute().await;
            }
            let case = format!("{crash:?} at call {n} of {calls}");
            for number in 1..=2 {
                let title = format!("Finding {number}\"");
                for to in ["hourly@plant.example", "quiet@plant.example"] {
                    let mails = stage.mailer.mails();
                    let telling = mails.iter().filter(|m| m.to.as_str() == to && m.text.contains(&title)).count();
                    assert!((1..=2).contains(&telling), "{case}: {telling} mails to {to} of finding {number}");
                }
                let chats = stage.chats.requests().iter().filter(|r| r.body.contains(&title)).count();
                assert!((1..=2).contains(&chats), "{case}: {chats} messages of finding {number}");
            }
            let waiting = stage.deliveries().await.into_iter().filter(|d| !d.state.is_final()).count();
            assert_eq!(waiting, 1, "{case}: only the next digest waits");
        }
    }
}
