use domain::email::EmailAddress;
use domain::event::EventType::FindingOpened;
use domain::finding::FindingState;
use domain::severity::Severity::{High, Medium};
use domain::trigger::{QuietEnd, QuietHours, Schedule, TimeOfDay, Trigger};
use serde_json::{Value, json};

use super::findings::enter;
use super::stage::{Stage, about, finding};
use crate::notify::{self, ChannelChange, DeliveryForm, DeliveryState};
use crate::ports::{ChatService, Table};

const HOUR: i64 = 3_600;

fn daily() -> Trigger {
    Trigger { repeat_hours: Some(24), ..notify::usual_for_people() }
}

/// The reminders among the mails, in the order in which they were sent.
fn reminders(stage: &Stage) -> Vec<Value> {
    let mails = stage.mailer.mails();
    let letters = mails.iter().map(|mail| serde_json::from_str::<Value>(&mail.text).unwrap());
    letters.filter_map(|letter| letter.get("reminder").cloned()).collect()
}

fn titles(reminder: &Value) -> Vec<&str> {
    reminder["lines"].as_array().unwrap().iter().map(|line| line["url"].as_str().unwrap()).collect()
}

/// An hour, as the timer and the queue pass it.
async fn hours(stage: &Stage, count: i64) {
    for _ in 0..count {
        stage.pass(HOUR - 60);
        stage.minute().await;
    }
}

async fn opens(stage: &Stage, number: u32) {
    enter(stage, number, FindingState::Open, vec![about(FindingOpened, number, High)]).await;
}

#[tokio::test]
async fn people_are_reminded_of_what_is_still_open_and_of_nothing_else() {
    let stage = Stage::new();
    // Before the channel was there: it was never told.
    opens(&stage, 1).await;
    stage.pass(60);
    stage.mails_when(&["ops@plant.example"], daily()).await;
    opens(&stage, 2).await;
    enter(&stage, 3, FindingState::Acknowledged, vec![about(FindingOpened, 3, High)]).await;
    enter(&stage, 4, FindingState::Resolved, vec![about(FindingOpened, 4, High)]).await;
    hours(&stage, 12).await;
    // For twelve hours only, when the first reminder goes out.
    opens(&stage, 5).await;
    hours(&stage, 13).await;
    let first = reminders(&stage);
    assert_eq!(first.len(), 1);
    assert_eq!(titles(&first[0]).len(), 1);
    assert!(titles(&first[0])[0].contains(&finding(2).to_string()));
    assert_eq!((&first[0]["total"], &first[0]["overdue"]), (&json!(1), &json!(0)));
    hours(&stage, 24).await;
    let second = reminders(&stage);
    assert_eq!((second.len(), titles(&second[1]).len()), (2, 2), "a day later");
}

#[tokio::test]
async fn where_nothing_is_open_nothing_is_sent_nothing_is_logged_and_the_next_one_stands_ahead() {
    let stage = Stage::new();
    stage.mails_when(&["ops@plant.example"], Trigger { repeat_hours: Some(1), ..daily() }).await;
    hours(&stage, 12).await;
    assert_eq!(reminders(&stage).len(), 0);
    let all = stage.deliveries().await;
    assert_eq!((all.len(), all[0].form, all[0].state), (1, DeliveryForm::Reminder, DeliveryState::Held));
    assert_eq!(stage.rows(Table::Deliveries, "due", ""), 1);
    stage.pass(600);
    opens(&stage, 1).await;
    stage.pass(3_000);
    stage.drain().await;
    assert_eq!(reminders(&stage).len(), 0, "people were told fifty minutes ago");
    hours(&stage, 2).await;
    assert_eq!(reminders(&stage).len(), 2);
}

#[tokio::test]
async fn reminders_come_sooner_or_not_at_all_as_soon_as_somebody_says_so() {
    let stage = Stage::new();
    let channel = stage.mails_when(&["ops@plant.example"], Trigger { repeat_hours: Some(168), ..daily() }).await;
    opens(&stage, 1).await;
    let change =
        |hours| ChannelChange { trigger: Some(Trigger { repeat_hours: hours, ..daily() }), ..Default::default() };
    notify::update(&stage.bench, &stage.caller, &channel.id, change(Some(2))).await.unwrap();
    hours(&stage, 3).await;
    assert_eq!(reminders(&stage).len(), 1, "and not after a week");
    notify::update(&stage.bench, &stage.caller, &channel.id, change(None)).await.unwrap();
    hours(&stage, 6).await;
    assert_eq!(reminders(&stage).len(), 1);
    assert!(stage.is_settled(), "no reminder is left");
    notify::update(&stage.bench, &stage.caller, &channel.id, change(Some(2))).await.unwrap();
    hours(&stage, 3).await;
    assert_eq!(reminders(&stage).len(), 2);
}

#[tokio::test]
async fn a_reminder_in_quiet_hours_waits_for_their_end() {
    let stage = Stage::new();
    // The clock stands at eight.
    let night = QuietHours {
        from: TimeOfDay::hour(9),
        to: TimeOfDay::hour(12),
        after: QuietEnd::Release,
        ..QuietHours::default()
    };
    let trigger = Trigger { repeat_hours: Some(2), quiet_hours: Some(night), ..daily() };
    stage.mails_when(&["ops@plant.example"], trigger).await;
    opens(&stage, 1).await;
    hours(&stage, 3).await;
    assert_eq!(reminders(&stage).len(), 0, "it was due at ten");
    hours(&stage, 2).await;
    assert_eq!(reminders(&stage).len(), 1);
}

#[tokio::test]
async fn a_reminder_that_fails_is_tried_again_and_followed_by_one() {
    let stage = Stage::new();
    stage.mails_when(&["ops@plant.example"], daily()).await;
    opens(&stage, 1).await;
    hours(&stage, 23).await;
    let ops = EmailAddress::parse("ops@plant.example").unwrap();
    stage.mailer.refuse(&ops, 451, true);
    hours(&stage, 2).await;
    assert_eq!(stage.deliveries().await[0].form, DeliveryForm::Reminder, "the next one stands ahead already");
    stage.mailer.accept(&ops);
    hours(&stage, 3).await;
    assert_eq!(reminders(&stage).len(), 1);
    hours(&stage, 24).await;
    assert_eq!(reminders(&stage).len(), 2);
}

#[tokio::test]
async fn machines_are_told_once() {
    let stage = Stage::new();
    for hours in [0, 169] {
        let wrong = notify::NewEmail {
            name: "Night shift".into(),
            recipients: vec!["ops@plant.example".into()],
            trigger: Some(Trigger { repeat_hours: Some(hours), ..daily() }),
            ..Default::default()
        };
        let told = notify::create_email(&stage.bench, &stage.caller, wrong).await.unwrap_err().to_string();
        assert!(told.contains("1 to 168"), "{told}");
    }
    let hook = notify::NewWebhook {
        name: "SIEM".into(),
        url: "https://siem.example/in".into(),
        trigger: Some(Trigger { repeat_hours: Some(24), ..Trigger::default() }),
        ..Default::default()
    };
    let told = notify::create_webhook(&stage.bench, &stage.caller, hook).await.unwrap_err().to_string();
    assert!(told.contains("reminders are for people"), "{told}");
}

#[tokio::test]
async fn rooms_are_reminded_as_mailboxes_are() {
    let stage = Stage::new();
    stage.chat(ChatService::Slack, Some(daily())).await;
    opens(&stage, 1).await;
    hours(&stage, 25).await;
    let said: Vec<String> = stage.chats.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(said.len(), 2, "opened, and still open: {said:?}");
}

#[tokio::test]
async fn a_digest_that_people_want_sooner_does_not_wait_for_the_old_time() {
    let stage = Stage::new();
    let weekly = Trigger { schedule: Schedule::Weekly, ..notify::usual_for_people() };
    let channel = stage.mails_when(&["ops@plant.example"], weekly.clone()).await;
    stage.announce(about(FindingOpened, 1, Medium)).await;
    stage.drain().await;
    let hourly = Trigger { schedule: Schedule::Hourly, ..weekly };
    let change = ChannelChange { trigger: Some(hourly), ..Default::default() };
    notify::update(&stage.bench, &stage.caller, &channel.id, change).await.unwrap();
    stage.announce(about(FindingOpened, 2, Medium)).await;
    stage.drain().await;
    hours(&stage, 2).await;
    let mails = stage.mailer.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("Finding 2") && !mails[0].text.contains("Finding 1"));
}
