use domain::actor::ActorKind;
use domain::email::EmailAddress;
use jiff::SignedDuration;

use super::stage::Stage;
use crate::audit::{AuditFilter, page};
use crate::notify::{self, ChannelChange, NewReplay, Sample};

#[tokio::test]
async fn what_people_do_to_channels_is_told_and_no_secret_of_theirs() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    let url = Some("https://siem.example/in/s3cret-path".to_owned());
    let change = ChannelChange { name: Some("SOC".into()), url, ..ChannelChange::default() };
    stage.bench.clock.advance(jiff::SignedDuration::from_secs(1));
    notify::update(&stage.bench, &stage.caller, &channel.id, change).await.unwrap();
    stage.bench.clock.advance(jiff::SignedDuration::from_secs(1));
    let (_, secret) = notify::rotate_secret(&stage.bench, &stage.caller, &channel.id, 1).await.unwrap();
    let secret = secret.unwrap();
    stage.bench.clock.advance(jiff::SignedDuration::from_secs(1));
    notify::delete(&stage.bench, &stage.caller, &channel.id).await.unwrap();
    let log = page(&stage.bench, &stage.caller, &AuditFilter::default(), (None, 10, false)).await.unwrap();
    let acts: Vec<&str> = log.items.iter().map(|(_, entry)| entry.action.as_str()).collect();
    assert_eq!(acts, ["channel.deleted", "channel.secret_rotated", "channel.updated", "channel.created"]);
    let told = format!("{log:?}");
    assert!(told.contains("SOC") && !told.contains("s3cret") && !told.contains(&secret), "{told}");
}

#[tokio::test]
async fn what_people_have_sent_again_is_told() {
    let mut stage = Stage::new();
    stage.caller.actor.kind = ActorKind::User;
    let channel = stage.webhook(None).await;
    let test = notify::test_channel(&stage.bench, &stage.caller, &channel.id, &Sample::default()).await.unwrap();
    let since = stage.bench.now() - SignedDuration::from_hours(1);
    stage.bench.clock.advance(SignedDuration::from_secs(1));
    let request = Some("once");
    for _ in 0..2 {
        notify::redeliver(&stage.bench, &stage.caller, &test.id, request).await.unwrap();
    }
    stage.bench.clock.advance(SignedDuration::from_secs(1));
    let (until, client_request_id) = (None, request.map(str::to_owned));
    let new = NewReplay { channel: channel.id.clone(), since, until, only_failed: false, client_request_id };
    for _ in 0..2 {
        assert_eq!(notify::replay(&stage.bench, &stage.caller, new.clone()).await.unwrap(), 1);
    }
    stage.bench.clock.advance(SignedDuration::from_secs(1));
    let mails = stage.mails(&["soc@plant.example"]).await;
    let email = EmailAddress::parse("ops@plant.example").unwrap();
    let unknown = notify::resend_confirmation(&stage.bench, &stage.caller, &mails.id, &email).await;
    assert!(unknown.is_err(), "nobody was asked, so nothing is told");

    let log = page(&stage.bench, &stage.caller, &AuditFilter::default(), (None, 10, false)).await.unwrap();
    let acts: Vec<&str> = log.items.iter().map(|(_, entry)| entry.action.as_str()).collect();
    let each_once = ["channel.created", "channel.replayed", "channel.redelivered", "test.ping", "channel.created"];
    assert_eq!(acts, each_once);
    let told: Vec<Option<&str>> = log.items[2].1.changes.iter().map(|c| c.after.as_deref()).collect();
    assert_eq!(told, [Some(test.id.as_str())]);
    assert!(log.items[1..4].iter().all(|(_, entry)| entry.subject_id.as_deref() == Some(channel.id.as_str())));
}
