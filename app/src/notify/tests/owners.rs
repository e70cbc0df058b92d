use domain::actor::Actor;
use domain::event::EventType::{ChannelDisabled, FindingAssigned, FindingOpened, SourceFailing};
use domain::event::{Action, Draft, Subjects};
use domain::severity::Severity::High;
use domain::trigger::{DecisionReason, Trigger};
use serde_json::json;

use super::stage::{Stage, about, finding};
use crate::access::{User, bootstrap};
use crate::notify::{self, ChannelStatus, DeliveryState, NewEmail};
use crate::ports::{Batch, Op, Table, Tables as _};
use crate::rows;

/// An organization with an OWNER.
async fn owned() -> Stage {
    let mut stage = Stage::new();
    let owner = bootstrap(&stage.bench, "owner@plant.example", "correct horse battery", "Olga", Some("Plant"));
    stage.caller = owner.await.unwrap();
    stage
}

/// The OWNER proves that the mailbox is theirs.
async fn verify(stage: &Stage) {
    let id = stage.caller.user.clone().unwrap();
    let user = crate::access::user(&stage.bench, &id).await.unwrap().unwrap();
    let row = rows::encode("profile", &User { email_verified: true, ..user }).unwrap();
    let batch =
        Batch { table: Table::Accounts, partition: format!("user:{id}"), ops: vec![Op::Upsert(row)], witness: None };
    stage.bench.tables.commit(batch).await.unwrap();
}

fn failing() -> Draft {
    let parts = vec![("source", json!({"name": "Shodan", "message": "the key is refused"}))];
    Draft { subjects: Subjects::default(), action: Action::None, parts, ..about(SourceFailing, 1, High) }
}

async fn announce(stage: &Stage, draft: Draft) {
    stage.bench.announce(&stage.caller.org, domain::ids::Bucket(0), vec![draft]).await.unwrap();
    stage.drain().await;
}

#[tokio::test]
async fn what_no_channel_takes_goes_to_every_owner() {
    let stage = owned().await;
    let narrow = Trigger { event_types: vec![FindingOpened], ..Trigger::default() };
    stage.mails_when(&["ops@plant.example"], narrow).await;
    announce(&stage, failing()).await;
    let mails = stage.mailer.mails();
    assert_eq!(mails.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(), ["owner@plant.example"]);
    assert!(mails[0].headers.iter().any(|(name, _)| name == "List-Unsubscribe"));
    let built_in =
        notify::channels(&stage.bench, &stage.caller).await.unwrap().into_iter().find(|c| c.name == "Owners");
    let built_in = built_in.expect("it shows among the channels");
    assert!(notify::delete(&stage.bench, &stage.caller, &built_in.id).await.is_err());
    announce(&stage, about(FindingOpened, 1, High)).await;
    stage.pass(31);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 2, "a finding is not the owners' business");
}

#[tokio::test]
async fn what_a_channel_takes_does_not_trouble_the_owners() {
    let stage = owned().await;
    stage.mails(&["ops@plant.example"]).await;
    announce(&stage, failing()).await;
    let to: Vec<String> = stage.mailer.mails().iter().map(|m| m.to.to_string()).collect();
    assert_eq!(to, ["ops@plant.example"]);
}

#[tokio::test]
async fn the_only_channel_that_is_switched_off_is_told_of_by_mail() {
    let stage = owned().await;
    let only = stage.webhook(None).await;
    stage.hooks.refuse(410, None);
    announce(&stage, about(FindingOpened, 1, High)).await;
    stage.pass(31);
    stage.drain().await;
    assert_eq!(stage.channel(&only.id).await.status(), ChannelStatus::Disabled);
    let mails = stage.mailer.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "owner@plant.example"));
    assert_eq!(mails[0].subject, "channelFailing", "{ChannelDisabled:?}");
}

#[tokio::test]
async fn owners_and_assignees_get_theirs_once_their_address_is_verified() {
    let stage = owned().await;
    let new = NewEmail { name: "People".into(), to_owners: true, to_assignees: true, ..NewEmail::default() };
    let channel = notify::create_email(&stage.bench, &stage.caller, new).await.unwrap();
    announce(&stage, about(FindingOpened, 1, High)).await;
    stage.pass(31);
    stage.drain().await;
    assert!(stage.mailer.mails().is_empty(), "nobody verified that address");
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Cancelled);
    verify(&stage).await;
    announce(&stage, about(FindingOpened, 2, High)).await;
    stage.pass(301);
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "owner@plant.example"));
    let url = mails[0].headers.iter().find(|(name, _)| name == "List-Unsubscribe").unwrap().1.clone();
    let token = url.trim_matches(['<', '>']).rsplit('/').next().unwrap().to_owned();
    notify::unsubscribe(&stage.bench, &token).await.unwrap();
    announce(&stage, about(FindingOpened, 3, High)).await;
    stage.pass(301);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 1, "an owner has a way out too");
    assert!(stage.channel(&channel.id).await.reachable().is_ok());
}

#[tokio::test]
async fn an_assignee_reads_of_their_own_findings_alone() {
    let stage = owned().await;
    verify(&stage).await;
    let new = NewEmail { name: "Theirs".into(), to_assignees: true, ..NewEmail::default() };
    notify::create_email(&stage.bench, &stage.caller, new).await.unwrap();
    let mine = |number| {
        let mut draft = about(FindingAssigned, number, High);
        draft.parts[0].1["assignee"] = json!({"name": "Olga", "email": "owner@plant.example"});
        draft
    };
    announce(&stage, mine(1)).await;
    announce(&stage, about(FindingOpened, 2, High)).await;
    let mut other = mine(3);
    other.parts[0].1["assignee"]["email"] = json!("somebody@else.example");
    announce(&stage, other).await;
    stage.pass(31);
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("Finding 1") && !mails[0].text.contains("Finding 3"));
    let told = notify::decisions(&stage.bench, &stage.caller, &finding(2)).await.unwrap();
    assert_eq!(told[0].reason, DecisionReason::NotEventType);
}

#[tokio::test]
async fn a_ticket_systems_own_changes_do_not_come_back() {
    let stage = Stage::new();
    let trigger = Trigger { ignore_actor_ids: vec!["token_1".into()], ..Trigger::default() };
    stage.webhook(Some(trigger)).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    let theirs = Actor { id: Some("token_1".into()), ..Actor::system() };
    let closed =
        Draft { actor: theirs, action: Action::Close, ..about(domain::event::EventType::FindingResolved, 1, High) };
    stage.announce(closed).await;
    stage.drain().await;
    assert_eq!(stage.hooks.requests().len(), 1);
}
