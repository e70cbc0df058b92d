use jiff::SignedDuration;

use super::*;
use crate::notify::handle_message;
use crate::ports::{Queue, QueueName};

#[tokio::test]
async fn a_letter_waits_for_a_mail_server_that_is_away_and_its_token_is_in_no_message() {
    let bench = Mailing::new();
    let address = domain::email::EmailAddress::parse("Ada@example.com").unwrap();
    bench.mailer.refuse(&address, 421, true);
    registered(&bench).await;
    assert!(bench.letters().await.is_empty());
    bench.clock.advance(SignedDuration::from_secs(30));
    assert!(bench.letters().await.is_empty());
    bench.mailer.accept(&address);
    bench.clock.advance(SignedDuration::from_secs(119));
    assert!(bench.letters().await.is_empty(), "not yet");
    bench.clock.advance(SignedDuration::from_secs(1));
    let token = bench.token("verifyAddress").await;
    verify_email(&bench, &token, &anywhere()).await.unwrap();
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_given_up() {
    let bench = Mailing::new();
    bench.mailer.refuse(&domain::email::EmailAddress::parse("Ada@example.com").unwrap(), 550, false);
    registered(&bench).await;
    bench.letters().await;
    bench.clock.advance(SignedDuration::from_hours(24));
    let left = bench.queue.receive(QueueName::Notifications, 10, std::time::Duration::from_secs(1)).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_message_about_somebody_unknown_sends_nothing() {
    let bench = Mailing::new();
    let handled = handle_message(&bench, r#"[1,"letter",0,"reset","nobody@example.com"]"#, None).await.unwrap();
    assert_eq!(handled, crate::notify::Handled::Posted(Posted::NotNeeded));
    assert!(bench.mailer.mails().is_empty());
}
