use std::collections::BTreeSet;
use std::sync::Arc;

use app::access::{organization, shodan_key};
use app::notify::{self, NewChat, NewEmail, NewWebhook, usual_for_people};
use app::ports::ChatService;
use app::testing::RecordingMailer;
use app::vault::{Vault, sealed_with};

use super::plant::Plant;

const OLD: [u8; 32] = [7; 32];
const NEW: [u8; 32] = [8; 32];
/// A day and a little.
const DAY: i64 = 24 * 60 + 10;

/// Every sealed text that is stored.
fn sealed(plant: &Plant) -> BTreeSet<String> {
    let everything = format!("{:?}", plant.bench.tables.everything());
    everything.split(['"', '\\']).filter(|text| sealed_with(text).is_some()).map(str::to_owned).collect()
}

/// The ids of the keys with which these were sealed.
fn keys(texts: &BTreeSet<String>) -> BTreeSet<String> {
    texts.iter().filter_map(|text| sealed_with(text)).collect()
}

/// One of everything that has a secret.
async fn plant() -> Plant {
    let mut plant = Plant::new().await;
    plant.bench.app.vault = Vault::new(vec![OLD]);
    plant.bench.app.mailer = Arc::new(RecordingMailer::default());
    let hook = NewWebhook {
        name: "SIEM".into(),
        url: "https://siem.example/in".into(),
        headers: vec![("authorization".into(), "Bearer t0ken".into())],
        ..NewWebhook::default()
    };
    notify::create_webhook(&plant.bench, &plant.caller, hook).await.unwrap();
    let mails = NewEmail {
        name: "Night shift".into(),
        recipients: vec!["night@plant.example".into(), "day@plant.example".into()],
        trigger: Some(usual_for_people()),
        ..NewEmail::default()
    };
    notify::create_email(&plant.bench, &plant.caller, mails).await.unwrap();
    let chat = NewChat {
        name: "Room".into(),
        service: ChatService::Slack,
        url: Some("https://chat.example/room/s3cret".into()),
        routing_key: None,
        trigger: None,
        client_request_id: None,
        switched_off: false,
    };
    notify::create_chat(&plant.bench, &plant.caller, chat).await.unwrap();
    plant.watch("8.8.8.8").await;
    plant.tick().await;
    plant
}

#[tokio::test]
async fn a_day_after_a_new_key_came_nothing_needs_the_old_one() {
    let mut plant = plant().await;
    let before = sealed(&plant);
    assert_eq!((before.len(), keys(&before).len()), (7, 1), "a key, a token, and what three channels have");
    let address = plant.account.book().notifiers[0].args["url"].clone();
    plant.bench.app.vault = Vault::new(vec![NEW, OLD]);
    plant.later(DAY);
    plant.tick().await;
    let after = sealed(&plant);
    assert_eq!(after.len(), before.len());
    assert!(keys(&after).len() == 1 && keys(&after).is_disjoint(&keys(&before)), "{after:?}");
    // The old one is taken away, and nothing misses it.
    plant.bench.app.vault = Vault::new(vec![NEW]);
    plant.later(DAY);
    plant.tick().await;
    assert_eq!(sealed(&plant), after, "what is sealed with the newest stays as it is");
    let acme = organization(&plant.bench, &plant.caller.org).await.unwrap().unwrap();
    assert_eq!(shodan_key(&plant.bench, &acme).unwrap().as_deref(), Some("OWNKEY"));
    assert_eq!(plant.account.book().notifiers[0].args["url"], address, "the token opens, so there is no new one");
}

#[tokio::test]
async fn what_does_not_open_stays_for_whoever_still_has_its_key() {
    let mut plant = plant().await;
    let before = sealed(&plant);
    plant.bench.app.vault = Vault::new(vec![NEW]);
    plant.later(DAY);
    let _it_cannot_be_polled_without_its_key = app::poll::tick(&plant.bench).await;
    assert!(sealed(&plant).is_superset(&before), "nothing is lost");
}
