use super::stage::Stage;
use crate::audit::{AuditFilter, page};
use crate::notify::{self, ChannelChange};

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
