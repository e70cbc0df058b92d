//! A mailbox is told: only after its owner has confirmed, and never again after they unsubscribed.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Mailbox, Mode, Wishes, World};

const OPS: &str = "ops@plant.example";
const NIGHT: &str = "night@plant.example";
const CAMERA: &str = "198.51.100.10";

#[tokio::test]
async fn on_one_machine_a_mailbox_is_told_once_it_is_confirmed() {
    a_mailbox_is_told_once_it_is_confirmed(Mode::Machine).await;
}

#[tokio::test]
async fn on_azure_a_mailbox_is_told_once_it_is_confirmed() {
    a_mailbox_is_told_once_it_is_confirmed(Mode::Azure).await;
}

async fn a_mailbox_is_told_once_it_is_confirmed(mode: Mode) {
    let Some(mailbox) = Mailbox::start().await else { return };
    let wishes = Wishes { mailbox: Some(mailbox), ..Wishes::default() };
    let Some(world) = World::registered(mode, wishes).await else { return };
    world.webhook().await;
    let channel = email_channel(&world).await;
    let camera = world.watch("Gate camera", CAMERA).await;

    // Both are asked, and get nothing else, although there is much to tell.
    let asked = world.until("both to be asked", async || {
        let (ops, night) = (mails(&world, OPS), mails(&world, NIGHT));
        (!ops.is_empty() && !night.is_empty()).then(|| [ops, night].concat())
    });
    let asked = asked.await;
    world
        .until("the first poll elsewhere", async || world.receiver.was_told("asset.first_polled", "").then_some(()))
        .await;
    let findings = world.all("findings(", "severity").await;
    assert!(findings.iter().any(|f| f["severity"] == "CRITICAL"), "nothing would be sent anyway");
    assert_eq!((mails(&world, OPS), mails(&world, NIGHT)), (vec![asked[0].clone()], vec![asked[1].clone()]));
    assert_eq!(state(&world, &channel).await["status"], "UNCONFIRMED");

    // Opening the link is what mail scanners do; only the button confirms.
    let link = link_in(&asked[0], "/hooks/email/confirm/");
    let opened = world.http(Method::GET, &link, &[], String::new()).await;
    assert!(opened.status == 200 && opened.text.contains("<form method=\"post\">"), "{opened:?}");
    assert_eq!(confirmed(&state(&world, &channel).await), [false, false]);
    assert_eq!(press(&world, &link).await.status, 200);
    assert_eq!(confirmed(&state(&world, &channel).await), [true, false]);
    assert_eq!(state(&world, &channel).await["status"], "HEALTHY");

    // A critical flaw appears: whoever confirmed gets a mail at once, which says how to stop them.
    opens(&world, &camera, "203.0.113.22", 3389).await;
    let mail = world.until("the finding's mail", async || mails(&world, OPS).get(1).cloned()).await;
    assert!(mail["subject"].as_str().unwrap().contains("CRITICAL"), "{mail}");
    for part in ["text", "html"] {
        assert!(mail[part].as_str().unwrap().contains("CVE-2019-0708"), "{part}: {mail}");
    }
    assert_eq!(mail["from"], "alerts@iot.example");
    assert!(mail["messageId"].as_str().unwrap().ends_with("@iot.example>"), "{mail}");
    assert_eq!(mail["oneClick"], "List-Unsubscribe=One-Click");
    let stop = link_in(&json!(mail["unsubscribe"]), "/hooks/email/unsubscribe/");
    assert!(link_in(&mail["text"], "/hooks/email/unsubscribe/").starts_with(&stop));
    assert_eq!(mails(&world, NIGHT).len(), 1, "who did not confirm is not written to");

    // The mail program's own button (RFC 8058). What comes then comes elsewhere.
    assert_eq!(press(&world, &stop).await.status, 200);
    let before = mails(&world, OPS).len();
    opens(&world, &camera, "203.0.113.1", 502).await;
    world
        .until("the next finding elsewhere", async || {
            world.receiver.was_told("finding.opened", "\"port\":502").then_some(())
        })
        .await;
    assert_eq!((mails(&world, OPS).len(), mails(&world, NIGHT).len()), (before, 1));
    let recipients = &state(&world, &channel).await["recipients"];
    assert_eq!(recipients[0], json!({"email": OPS, "confirmed": true, "unsubscribed": true}));
}

fn mails(world: &World, address: &str) -> Vec<Value> {
    world.mailbox.as_ref().unwrap().of(address)
}

async fn email_channel(world: &World) -> String {
    let create = "mutation($to: [EmailAddress!]!) { createEmailChannel(input: { name: \"Night shift\", recipients: $to,
        trigger: { eventTypes: [FINDING_OPENED], minSeverity: CRITICAL } }) { channel { id } userErrors { code message } } }";
    let made = world.change(create, json!({"to": [OPS, NIGHT]})).await;
    made["channel"]["id"].as_str().unwrap().to_owned()
}

async fn state(world: &World, channel: &str) -> Value {
    let query = "query($id: ID!) { notificationChannel(id: $id) { status
        ... on EmailChannel { recipients { email confirmed unsubscribed } } } }";
    world.ask(query, json!({"id": channel})).await["notificationChannel"].take()
}

fn confirmed(channel: &Value) -> Vec<bool> {
    channel["recipients"].as_array().unwrap().iter().map(|r| r["confirmed"] == true).collect()
}

/// The path of a link in a mail, or in a part of it. The place before it is the one that people reach.
fn link_in(mail: &Value, path: &str) -> String {
    let text = mail["text"].as_str().or(mail.as_str()).unwrap_or_else(|| panic!("no text: {mail}"));
    let start = text.find(path).unwrap_or_else(|| panic!("no link: {text}"));
    assert!(text[..start].ends_with("http://127.0.0.1:7071"), "{text}");
    let end = text[start..].find(|c: char| c.is_whitespace() || ">)\"".contains(c)).map_or(text.len(), |n| start + n);
    text[start..end].to_owned()
}

async fn press(world: &World, link: &str) -> Answer {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    world.http(Method::POST, link, &form, "List-Unsubscribe=One-Click".to_owned()).await
}

/// The camera answers as another device does too, on this port, and is asked about.
async fn opens(world: &World, camera: &str, like: &str, port: u16) {
    let mut banners = world.simulator.banners(CAMERA.parse().unwrap());
    let mut more = world.simulator.banners(like.parse().unwrap());
    more.retain(|banner| banner["port"] == port);
    assert_eq!(more.len(), 1);
    more[0]["ip_str"] = CAMERA.into();
    banners.append(&mut more);
    world.now_answers(CAMERA, banners);
    world.poll_again(camera).await;
}
