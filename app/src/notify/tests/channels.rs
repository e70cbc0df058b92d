use domain::event::EventType;
use domain::role::Role;
use domain::trigger::{FirstPoll, Trigger};

use super::stage::Stage;
use crate::Error;
use crate::UserErrorCode;
use crate::notify::{self, ChannelChange, ChannelKind, NewEmail, NewWebhook};

fn code(error: Error) -> UserErrorCode {
    match error {
        Error::User(errors) => errors[0].code,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn machines_get_a_first_poll_one_by_one_and_people_as_a_summary() {
    let stage = Stage::new();
    assert_eq!(stage.webhook(None).await.trigger.first_poll, FirstPoll::Each);
    assert_eq!(stage.mails(&["ops@plant.example"]).await.trigger.first_poll, FirstPoll::Summary);
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_the_field_that_is_wrong() {
    let stage = Stage::new();
    let webhook = |name: &str, url: &str| NewWebhook { name: name.into(), url: url.into(), ..NewWebhook::default() };
    for (new, expected) in [
        (webhook(" ", "https://a.example"), UserErrorCode::Required),
        (webhook(&"x".repeat(201), "https://a.example"), UserErrorCode::TooLong),
        (webhook("a\nb", "https://a.example"), UserErrorCode::Invalid),
        (webhook("a", "http://a.example"), UserErrorCode::Invalid),
    ] {
        assert_eq!(code(notify::create_webhook(&stage.bench, &stage.caller, new).await.unwrap_err()), expected);
    }
    let email = |recipients: Vec<String>| NewEmail { name: "a".into(), recipients, ..NewEmail::default() };
    let many = (0..51).map(|n| format!("a{n}@b.example")).collect();
    for (new, expected) in [
        (email(vec![]), UserErrorCode::Required),
        (email(vec!["a@localhost".into()]), UserErrorCode::Invalid),
        (email(many), UserErrorCode::TooMany),
    ] {
        assert_eq!(code(notify::create_email(&stage.bench, &stage.caller, new).await.unwrap_err()), expected);
    }
    let long = Trigger { expression: Some("x".repeat(3_000)), ..Trigger::default() };
    let new = NewWebhook { trigger: Some(long), ..webhook("a", "https://a.example") };
    assert_eq!(
        code(notify::create_webhook(&stage.bench, &stage.caller, new).await.unwrap_err()),
        UserErrorCode::Invalid
    );
    assert!(stage.mailer.mails().is_empty());
    assert!(notify::channels(&stage.bench, &stage.caller).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_fifty_first_channel_is_refused_and_a_deleted_one_makes_room() {
    let stage = Stage::new();
    let mut last = stage.webhook(None).await;
    for _ in 1..50 {
        stage.pass(1);
        last = stage.webhook(None).await;
    }
    let new = || NewWebhook { name: "x".into(), url: "https://a.example".into(), ..NewWebhook::default() };
    let error = notify::create_webhook(&stage.bench, &stage.caller, new()).await.unwrap_err();
    assert_eq!(code(error), UserErrorCode::QuotaExceeded);
    notify::delete(&stage.bench, &stage.caller, &last.id).await.unwrap();
    assert!(notify::create_webhook(&stage.bench, &stage.caller, new()).await.is_ok());
}

#[tokio::test]
async fn a_member_reads_channels_and_changes_none() {
    let mut stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.caller.role = Role::Member;
    assert_eq!(notify::channels(&stage.bench, &stage.caller).await.unwrap().len(), 1);
    let refused = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Forbidden(_))));
    refused(notify::delete(&stage.bench, &stage.caller, &channel.id).await);
    refused(notify::update(&stage.bench, &stage.caller, &channel.id, ChannelChange::default()).await.map(|_| ()));
    refused(notify::rotate_secret(&stage.bench, &stage.caller, &channel.id, 1).await.map(|_| ()));
    refused(
        notify::test_channel(&stage.bench, &stage.caller, &channel.id, &notify::Sample::default()).await.map(|_| ()),
    );
    refused(notify::create_webhook(&stage.bench, &stage.caller, NewWebhook::default()).await.map(|_| ()));
    refused(notify::create_email(&stage.bench, &stage.caller, NewEmail::default()).await.map(|_| ()));
}

#[tokio::test]
async fn who_stays_a_recipient_stays_confirmed_and_who_is_new_is_asked() {
    let stage = Stage::new();
    let channel = stage.mails(&["ops@plant.example", "old@plant.example"]).await;
    let change = ChannelChange {
        recipients: Some(vec!["new@plant.example".into(), "OPS@plant.example".into()]),
        trigger: Some(Trigger { event_types: vec![EventType::FindingOpened], ..Trigger::default() }),
        ..ChannelChange::default()
    };
    let changed = notify::update(&stage.bench, &stage.caller, &channel.id, change).await.unwrap();
    let ChannelKind::Email { recipients, .. } = &changed.kind else { panic!("a mail channel") };
    let states: Vec<_> = recipients.iter().map(|r| (r.email.as_str(), r.confirmed_at.is_some())).collect();
    assert_eq!(states, [("new@plant.example", false), ("ops@plant.example", true)]);
    let asked: Vec<_> = stage.mailer.mails().iter().map(|m| (m.to.to_string(), m.subject.clone())).collect();
    assert_eq!(asked, [("new@plant.example".to_owned(), "confirm".to_owned())]);
}
