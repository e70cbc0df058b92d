use domain::event::EventType::{CreditsLow, FindingOpened, FindingResolved, SourceFailing};
use domain::event::{Action, Draft, Subjects};
use domain::severity::Severity::{Critical, High, Low};
use domain::trigger::{DecisionReason, QuietEnd, QuietHours, Schedule, TimeOfDay, Trigger};
use jiff::Timestamp;
use serde_json::json;

use super::stage::{Stage, about, finding};
use crate::notify::{self, ChannelChange, DeliveryForm, DeliveryState};

/// The test clock begins at 08:00 UTC on a Monday.
fn night(after: QuietEnd) -> QuietHours {
    QuietHours { from: TimeOfDay::hour(7), to: TimeOfDay::hour(9), after, ..QuietHours::default() }
}

fn quiet(after: QuietEnd) -> Trigger {
    Trigger { quiet_hours: Some(night(after)), ..notify::usual_for_people() }
}

fn digest(schedule: Schedule) -> Trigger {
    Trigger { schedule, ..notify::usual_for_people() }
}

fn source(kind: domain::event::EventType) -> Draft {
    let source = json!({"name": "Shodan", "since": null, "message": "no credits", "affectedAssets": null, "creditsLeft": 0, "resetsAt": null});
    Draft {
        subjects: Subjects::default(),
        action: Action::None,
        parts: vec![("source", source)],
        ..about(kind, 1, Low)
    }
}

async fn reason(stage: &Stage, number: u32) -> DecisionReason {
    notify::decisions(&stage.bench, &stage.caller, &finding(number)).await.unwrap()[0].reason
}

#[tokio::test]
async fn quiet_hours_hold_what_is_not_critical_until_their_end_in_one_mail() {
    let stage = Stage::new();
    stage.mails_when(&["ops@plant.example"], quiet(QuietEnd::Release)).await;
    for number in 1..=3 {
        stage.announce(about(FindingOpened, number, High)).await;
        stage.drain().await;
        stage.pass(400);
    }
    stage.announce(about(FindingOpened, 4, Critical)).await;
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 1, "critical comes through");
    assert!(stage.mailer.mails()[0].text.contains("Finding 4"));
    assert_eq!(reason(&stage, 1).await, DecisionReason::HeldInQuietHours);
    let told = notify::decisions(&stage.bench, &stage.caller, &finding(1)).await.unwrap();
    assert_eq!(told[0].held_until, Some("2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap()));
    stage.pass(2_300);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 1, "not a second early");
    stage.pass(200);
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!((mails.len(), mails[1].subject.as_str()), (2, "release"));
    assert!((1..=3).all(|n| mails[1].text.contains(&format!("Finding {n}"))));
    assert_eq!(reason(&stage, 1).await, DecisionReason::Delivered);
    for _ in 0..5 {
        stage.minute().await;
    }
    assert!(stage.is_settled());
}

#[tokio::test]
async fn what_ended_in_quiet_hours_is_listed_and_not_among_what_still_is_so() {
    let stage = Stage::new();
    stage.mails_when(&["ops@plant.example"], quiet(QuietEnd::Release)).await;
    for draft in [about(FindingOpened, 1, High), about(FindingOpened, 2, High), about(FindingResolved, 2, High)] {
        stage.announce(draft).await;
    }
    stage.drain().await;
    stage.pass(3_601);
    stage.drain().await;
    let letter: serde_json::Value = serde_json::from_str(&stage.mailer.mails()[0].text).unwrap();
    let titles = |list: &str| -> Vec<String> {
        let lines = letter["release"][list].as_array().unwrap();
        lines.iter().map(|l| l["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((titles("lines"), titles("ended")), (vec!["Finding 1".to_owned()], vec!["Finding 2".to_owned()]));
    assert_eq!(letter["release"]["total"], 1);
}

#[tokio::test]
async fn quiet_hours_that_drop_say_so_and_do_not_drop_an_end() {
    let stage = Stage::new();
    let channel = stage.mails_when(&["ops@plant.example"], Trigger::default()).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    stage.pass(31);
    stage.drain().await;
    let change = ChannelChange { trigger: Some(quiet(QuietEnd::Drop)), ..ChannelChange::default() };
    notify::update(&stage.bench, &stage.caller, &channel.id, change).await.unwrap();
    stage.announce(about(FindingOpened, 2, High)).await;
    stage.announce(about(FindingResolved, 1, High)).await;
    stage.drain().await;
    assert_eq!(reason(&stage, 2).await, DecisionReason::DroppedInQuietHours);
    assert_eq!(reason(&stage, 1).await, DecisionReason::HeldInQuietHours);
    stage.pass(3_600);
    stage.drain().await;
    let last = stage.mailer.mails().pop().unwrap();
    assert!(last.text.contains("Finding 1") && !last.text.contains("Finding 2"));
}

#[tokio::test]
async fn a_window_that_would_close_in_quiet_hours_waits_for_their_end() {
    let stage = Stage::new();
    let later = QuietHours { from: "08:01".parse().unwrap(), ..night(QuietEnd::Release) };
    stage.mails_when(&["ops@plant.example"], Trigger { quiet_hours: Some(later), ..Trigger::default() }).await;
    stage.pass(50);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    stage.pass(31);
    stage.drain().await;
    assert!(stage.mailer.mails().is_empty());
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Held);
    stage.pass(3_600);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 1);
}

#[tokio::test]
async fn a_failing_source_knows_no_quiet_hours_no_digest_and_no_window() {
    for trigger in [quiet(QuietEnd::Drop), digest(Schedule::Weekly), Trigger::default()] {
        let stage = Stage::new();
        stage.mails_when(&["ops@plant.example"], trigger).await;
        for kind in [SourceFailing, CreditsLow] {
            stage.announce(source(kind)).await;
        }
        stage.drain().await;
        assert_eq!(stage.mailer.mails().len(), 2);
        assert!(stage.mailer.mails().iter().all(|m| m.subject == "source"));
    }
}

#[tokio::test]
async fn a_digest_goes_out_at_its_time_with_everything_since_the_last() {
    let stage = Stage::new();
    let berlin =
        Trigger { time_zone: "Europe/Berlin".into(), digest_at: "09:30".parse().ok(), ..digest(Schedule::Daily) };
    stage.mails_when(&["ops@plant.example"], berlin).await;
    for number in 1..=30 {
        stage.announce(about(FindingOpened, number, if number == 7 { Critical } else { High })).await;
    }
    stage.drain().await;
    assert_eq!(reason(&stage, 1).await, DecisionReason::HeldForDigest);
    stage.pass(30 * 60 - 1);
    stage.drain().await;
    assert!(stage.mailer.mails().is_empty(), "08:30 UTC is half past nine in Berlin");
    stage.pass(2);
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "digest"));
    let letter: serde_json::Value = serde_json::from_str(&mails[0].text).unwrap();
    assert_eq!((&letter["digest"]["total"], &letter["digest"]["period"]), (&json!(30), &json!("DAILY")));
    stage.announce(about(FindingOpened, 31, High)).await;
    stage.drain().await;
    stage.pass(86_400);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 2);
    stage.pass(86_400);
    stage.minute().await;
    assert_eq!(stage.mailer.mails().len(), 2, "nothing happened, nothing is sent");
    assert!(stage.is_settled());
}

#[tokio::test]
async fn an_empty_digest_goes_out_if_asked_for_and_always_has_a_successor() {
    let stage = Stage::new();
    stage.mails_when(&["ops@plant.example"], Trigger { send_empty: true, ..digest(Schedule::Hourly) }).await;
    for _ in 0..5 {
        stage.pass(3_540);
        stage.minute().await;
    }
    let mails = stage.mailer.mails();
    assert_eq!(mails.len(), 5);
    assert!(mails.iter().all(|m| m.text.contains(r#""total":0"#)));
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    stage.pass(3_540);
    stage.minute().await;
    assert_eq!(stage.mailer.mails().len(), 6);
    assert!(stage.mailer.mails()[5].text.contains("Finding 1"));
}

#[tokio::test]
async fn a_flood_is_one_message_that_counts() {
    let stage = Stage::new();
    stage.mails(&["ops@plant.example"]).await;
    for number in 1..=200 {
        stage.announce(about(FindingOpened, number, High)).await;
    }
    stage.drain().await;
    stage.pass(31);
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "flood"));
    assert!(mails[0].text.contains(r#""total":200"#));
    stage.mailer.clear();
    for number in 201..=300 {
        stage.announce(about(FindingOpened, number, Critical)).await;
    }
    stage.drain().await;
    for _ in 0..12 {
        stage.minute().await;
    }
    let mails = stage.mailer.mails();
    assert!(mails.len() <= 21, "{} mails", mails.len());
    for number in 201..=300 {
        let told = notify::decisions(&stage.bench, &stage.caller, &finding(number)).await.unwrap();
        assert_eq!(told[0].reason, DecisionReason::Delivered, "{number}");
    }
    assert!(stage.is_settled());
}

#[tokio::test]
async fn a_machine_is_quiet_only_if_it_was_asked_to_be_and_then_gets_every_event() {
    let stage = Stage::new();
    stage.webhook(Some(Trigger { quiet_hours: Some(night(QuietEnd::Release)), ..Trigger::default() })).await;
    for number in 1..=3 {
        stage.announce(about(FindingOpened, number, High)).await;
    }
    stage.drain().await;
    assert!(stage.hooks.requests().is_empty());
    stage.pass(3_601);
    stage.drain().await;
    assert_eq!(stage.hooks.requests().len(), 3);
    assert!(stage.deliveries().await.iter().all(|d| d.form == DeliveryForm::Request));
    let digested = notify::NewWebhook {
        name: "SIEM".into(),
        url: "https://siem.example/in".into(),
        trigger: Some(digest(Schedule::Daily)),
        ..Default::default()
    };
    assert!(notify::create_webhook(&stage.bench, &stage.caller, digested).await.is_err(), "machines get no digests");
}
