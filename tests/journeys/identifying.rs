//! On Azure there need be no key of storage: the packaged folder with the settings that the templates make, and an identity
//! that may, does everything; one that may not gets nothing, and the reason is told.

use std::collections::BTreeSet;

use http::Method;
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use serde_json::{Value, json};

use crate::world::{Entra, Mode, Wishes, World};

#[tokio::test]
async fn with_an_identity_alone_the_package_polls_answers_and_tells() {
    let wishes = Wishes { identity: true, ..Wishes::default() };
    let Some(mut world) = World::deployed(Mode::Azure, wishes).await else { return };
    let entra = world.host().unwrap().entra.as_ref().unwrap();
    let names: BTreeSet<String> = entra.settings("").into_iter().map(|(name, _)| name).collect();
    assert!(!names.contains("AzureWebJobsStorage"), "a connection string is among the settings");

    // Before the first tick it is not ready, and says why.
    let (status, reasons) = ready(&world).await;
    assert!(status == 503 && !reasons.is_empty(), "{status} {reasons}");
    world.until("to be ready", async || (ready(&world).await.0 == 200).then_some(())).await;

    let owner = world.register("ops@plant.example", crate::world::SETUP_CODE).await;
    world.sign_in(owner["token"].as_str().unwrap());
    world.webhook().await;
    let camera = world.watch("Gate camera", "198.51.100.10").await;
    let monitoring = world.polled(&camera, &Value::Null).await;
    assert_eq!((&monitoring["status"], &monitoring["source"]), (&json!("OK"), &json!("SHODAN_HOST")));
    world.until("the receiver to be told", async || world.receiver.was_told("finding.opened", "").then_some(())).await;

    // One token served for all of it, and one for the host; another process asks for its own.
    let given = || world.host().unwrap().entra.as_ref().unwrap().given();
    assert_eq!(given(), 2);
    world.kill().await;
    world.restart().await;
    let seen = world.ask("{ assets { nodes { id } } findings { totalCount } }", json!({})).await;
    assert_eq!(seen["assets"]["nodes"], json!([{ "id": camera }]));
    assert!(seen["findings"]["totalCount"].as_u64().unwrap() > 0, "{seen}");
    assert_eq!(given(), 3);
}

#[tokio::test]
async fn an_identity_that_may_not_gets_no_token_and_is_told_what_to_look_at() {
    let Some(entra) = Entra::start().await else { return };
    let more = [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "7000"),
        ("IOTMONITOR_POLL_SCHEDULE", "0 * * * * *"),
        ("IOTMONITOR_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ];
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = entra.settings("somebody-else").into_iter().chain(more);
    let program = compose(&Config::read(&Environment::of(settings)).unwrap(), Manner::default()).unwrap();
    let refused = program.ready().await.unwrap_err().to_string();
    assert!(refused.contains("is an identity assigned, and is its client id right?"), "{refused}");
    assert_eq!(entra.given(), 0);
}

async fn ready(world: &World) -> (u16, String) {
    let answer = world.http(Method::GET, "/readyz", &[], String::new()).await;
    (answer.status, answer.text)
}
