use domain::email::EmailAddress;
use domain::event::EventType::FindingOpened;
use domain::severity::Severity::{Critical, High};
use domain::trigger::DecisionReason;

use super::stage::{Stage, about, finding};
use crate::notify::{self, ChannelKind, ChannelStatus, DeliveryState, NewEmail};

fn link<'a>(text: &'a str, path: &str) -> &'a str {
    let from = text.find(path).unwrap() + path.len();
    text[from..].split(['"', '>']).next().unwrap()
}

async fn unconfirmed(stage: &Stage) -> notify::Channel {
    let new =
        NewEmail { name: "Night shift".into(), recipients: vec!["ops@plant.example".into()], ..NewEmail::default() };
    notify::create_email(&stage.bench, &stage.caller, new).await.unwrap()
}

#[tokio::test]
async fn who_has_not_confirmed_gets_the_question_and_nothing_else() {
    let stage = Stage::new();
    let channel = unconfirmed(&stage).await;
    assert_eq!(channel.status(), ChannelStatus::Unconfirmed);
    assert_eq!(stage.mailer.mails().len(), 1);
    stage.announce(about(FindingOpened, 1, Critical)).await;
    for _ in 0..5 {
        stage.minute().await;
    }
    assert_eq!(stage.mailer.mails().len(), 1);
    let told = notify::decisions(&stage.bench, &stage.caller, &finding(1)).await.unwrap();
    assert_eq!(told[0].reason, DecisionReason::Unconfirmed);
    let email = EmailAddress::parse("ops@plant.example").unwrap();
    assert!(notify::resend_confirmation(&stage.bench, &stage.caller, &channel.id, &email).await.is_err(), "once a day");
    let text = stage.mailer.mails()[0].text.clone();
    let token = link(&text, "/hooks/email/confirm/").to_owned();
    assert!(!format!("{:?}", stage.bench.tables.everything()).contains(&token), "the token is nowhere but in the mail");
    assert_eq!(notify::confirmation(&stage.bench, &token).await.unwrap().email, email);
    assert_eq!(stage.channel(&channel.id).await.status(), ChannelStatus::Unconfirmed, "looking changes nothing");
    for _ in 0..2 {
        assert_eq!(notify::confirm_recipient(&stage.bench, &token).await.unwrap().email, email);
    }
    assert_eq!(stage.channel(&channel.id).await.status(), ChannelStatus::Healthy);
    stage.announce(about(FindingOpened, 2, Critical)).await;
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 2);
}

#[tokio::test]
async fn a_confirmation_link_expires_and_can_be_asked_for_again() {
    let stage = Stage::new();
    let channel = unconfirmed(&stage).await;
    let email = EmailAddress::parse("ops@plant.example").unwrap();
    let old = link(&stage.mailer.mails()[0].text, "/hooks/email/confirm/").to_owned();
    stage.pass(8 * 86_400);
    assert!(notify::confirm_recipient(&stage.bench, &old).await.is_err());
    notify::resend_confirmation(&stage.bench, &stage.caller, &channel.id, &email).await.unwrap();
    let new = link(&stage.mailer.mails()[1].text, "/hooks/email/confirm/").to_owned();
    assert!(notify::confirm_recipient(&stage.bench, &old).await.is_err(), "only the latest link counts");
    assert!(notify::confirm_recipient(&stage.bench, &new).await.is_ok());
    assert!(notify::confirm_recipient(&stage.bench, "nonsense").await.is_err());
}

#[tokio::test]
async fn unsubscribing_takes_one_request_and_looking_takes_none() {
    let stage = Stage::new();
    let channel = stage.mails(&["ops@plant.example", "lead@plant.example"]).await;
    stage.announce(about(FindingOpened, 1, Critical)).await;
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!(mails.len(), 2);
    assert_ne!(mails[0].message_id, mails[1].message_id);
    let header = |name: &str| mails[0].headers.iter().find(|(n, _)| n == name).unwrap().1.clone();
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let token = link(&header("List-Unsubscribe"), "/hooks/email/unsubscribe/").to_owned();
    let seen = notify::subscription(&stage.bench, &token).await.unwrap();
    assert_eq!(seen.email, mails[0].to);
    stage.announce(about(FindingOpened, 2, Critical)).await;
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 4, "looking changed nothing");
    notify::unsubscribe(&stage.bench, &token).await.unwrap();
    notify::unsubscribe(&stage.bench, &token).await.unwrap();
    stage.announce(about(FindingOpened, 3, Critical)).await;
    stage.drain().await;
    let last = stage.mailer.mails().split_off(4);
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].to, mails[1].to);
    assert!(
        matches!(&stage.channel(&channel.id).await.kind, ChannelKind::Email { recipients, .. } if recipients[0].unsubscribed_at.is_some())
    );
    let body = stage.deliveries().await[0].body.clone();
    assert!(!body.contains("/hooks/email/unsubscribe/"), "the API does not show the recipients' tokens");
}

#[tokio::test]
async fn an_address_that_is_refused_for_good_is_not_written_to_again() {
    let stage = Stage::new();
    let channel = stage.mails(&["gone@plant.example", "ops@plant.example"]).await;
    let gone = EmailAddress::parse("gone@plant.example").unwrap();
    stage.mailer.refuse(&gone, 550, false);
    stage.announce(about(FindingOpened, 1, Critical)).await;
    stage.drain().await;
    let delivery = stage.deliveries().await.remove(0);
    assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 2));
    assert!(delivery.attempts.iter().any(|a| a.status == Some(550) && a.recipient.as_ref() == Some(&gone)));
    stage.mailer.accept(&gone);
    stage.announce(about(FindingOpened, 2, Critical)).await;
    stage.drain().await;
    assert!(stage.mailer.mails().iter().all(|m| m.to != gone));
    assert!(
        matches!(&stage.channel(&channel.id).await.kind, ChannelKind::Email { recipients, .. } if recipients[0].suppressed_reason.is_some())
    );
}

/// One critical event, and a quarter of an hour in which it is tried three times.
async fn a_quarter(stage: &Stage, number: u32) {
    stage.announce(about(FindingOpened, number, Critical)).await;
    stage.drain().await;
    for _ in 0..15 {
        stage.minute().await;
    }
}

fn suppressed(channel: &notify::Channel) -> Option<&str> {
    let ChannelKind::Email { recipients, .. } = &channel.kind else { return None };
    recipients[0].suppressed_reason.as_deref()
}

#[tokio::test]
async fn a_mailbox_that_is_full_for_five_mails_is_not_written_to_any_more_and_one_that_was_full_for_a_while_is() {
    let stage = Stage::new();
    let channel = stage.mails(&["full@plant.example", "ops@plant.example"]).await;
    let full = EmailAddress::parse("full@plant.example").unwrap();
    stage.mailer.refuse(&full, 452, true);
    for number in 1..=4 {
        a_quarter(&stage, number).await;
    }
    assert_eq!(suppressed(&stage.channel(&channel.id).await), None, "four mails, twelve attempts");
    stage.mailer.accept(&full);
    a_quarter(&stage, 5).await;
    stage.mailer.refuse(&full, 452, true);
    for number in 6..=9 {
        a_quarter(&stage, number).await;
    }
    assert_eq!(suppressed(&stage.channel(&channel.id).await), None, "one was taken between them");
    a_quarter(&stage, 10).await;
    let channel = stage.channel(&channel.id).await;
    let reason = suppressed(&channel).unwrap();
    assert!(reason.contains("5 mails") && reason.contains("452"), "{reason}");
    assert!(channel.reachable().is_ok(), "the other one still is written to");
}

#[tokio::test]
async fn a_mail_server_that_is_busy_itself_costs_no_recipient() {
    let stage = Stage::new();
    let channel = stage.mails(&["ops@plant.example"]).await;
    stage.mailer.refuse(&EmailAddress::parse("ops@plant.example").unwrap(), 421, true);
    for number in 1..=6 {
        a_quarter(&stage, number).await;
    }
    assert_eq!(suppressed(&stage.channel(&channel.id).await), None);
}

#[tokio::test]
async fn only_who_did_not_get_it_is_written_to_again_under_the_same_id() {
    let stage = Stage::new();
    stage.mails(&["slow@plant.example", "ops@plant.example"]).await;
    let slow = EmailAddress::parse("slow@plant.example").unwrap();
    stage.mailer.refuse(&slow, 451, true);
    stage.announce(about(FindingOpened, 1, Critical)).await;
    stage.drain().await;
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Retrying);
    stage.mailer.accept(&slow);
    stage.pass(10);
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!(mails.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(), ["ops@plant.example", "slow@plant.example"]);
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Delivered);
    assert!(stage.is_settled());
}

#[tokio::test]
async fn our_own_fault_at_the_mail_server_costs_no_recipient() {
    let stage = Stage::new();
    let channel = stage.mails(&["ops@plant.example"]).await;
    let ops = EmailAddress::parse("ops@plant.example").unwrap();
    stage.mailer.refuse(&ops, 535, false);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    stage.pass(31);
    stage.drain().await;
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Retrying);
    assert!(stage.channel(&channel.id).await.reachable().is_ok());
    stage.mailer.accept(&ops);
    stage.pass(10);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 1);
}
