//! Chat messages over real sockets: stand-ins that take only what the products document, and answer as they do.

use std::sync::Arc;

use app::ports::{Attempt, AttemptError, ChatRequest, ChatService, ChatTarget, Chats, Directive, Incident};
use channels::chat::Messenger;
use channels::egress::{EgressPolicy, Gate, Limits};
use domain::event::Action;
use serde_json::Value;

use crate::fixtures::{of_accounts, of_channels};
use crate::products::{active, judge};
use crate::receiver::{Behaviour, Receiver, Request, answer};
use crate::setup::{NOW, Script, allow, builder};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn messenger(policy: EgressPolicy) -> Messenger {
    Messenger::new(Arc::new(Gate::with(builder(), policy, Script::answering(&[]), Limits::default()).unwrap()))
}

fn inside() -> Messenger {
    messenger(allow(&["127.0.0.0/8"]))
}

fn target(service: ChatService, url: String) -> ChatTarget {
    match service {
        ChatService::PagerDuty => ChatTarget::Pager { routing_key: KEY.into(), url: Some(url) },
        _ => ChatTarget::Room(url),
    }
}

fn request(service: ChatService, url: String, body: &str) -> ChatRequest {
    ChatRequest { service, target: target(service, url), body: body.into(), timestamp: NOW }
}

/// What every product refuses: another type of content, a body beyond its limits, or one that leads elsewhere.
fn acceptable(service: ChatService, request: &Request) -> bool {
    let Ok(body) = serde_json::from_str::<Value>(&request.body) else { return false };
    let active = active(service, &body);
    let ours = active.others.is_empty() && active.links.iter().all(|link| link.starts_with("https://iot.example/"));
    request.header("content-type") == ["application/json"] && judge(service, &request.body).is_ok() && ours
}

fn slack(request: &Request) -> Vec<u8> {
    if acceptable(ChatService::Slack, request) {
        answer("200 OK", b"ok")
    } else {
        answer("400 Bad Request", b"invalid_payload")
    }
}

fn teams(request: &Request) -> Vec<u8> {
    if acceptable(ChatService::Teams, request) {
        answer("202 Accepted", b"")
    } else {
        answer("400 Bad Request", br#"{"error":{"code":"InvalidRequestContent","message":"no"}}"#)
    }
}

fn discord(request: &Request) -> Vec<u8> {
    if acceptable(ChatService::Discord, request) {
        answer("204 No Content", b"")
    } else {
        answer("400 Bad Request", br#"{"message":"Invalid Form Body","code":50035}"#)
    }
}

fn pagerduty(request: &Request) -> Vec<u8> {
    let keyed = serde_json::from_str::<Value>(&request.body).is_ok_and(|event| event["routing_key"] == KEY);
    if keyed && acceptable(ChatService::PagerDuty, request) {
        answer("202 Accepted", br#"{"status":"success","message":"Event processed","dedup_key":"fnd_1"}"#)
    } else {
        answer("400 Bad Request", br#"{"status":"invalid event","errors":["no"]}"#)
    }
}

/// What a stand-in answers.
type Judge = fn(&Request) -> Vec<u8>;

const PRODUCTS: [(ChatService, Judge); 4] = [
    (ChatService::Slack, slack),
    (ChatService::Teams, teams),
    (ChatService::Discord, discord),
    (ChatService::PagerDuty, pagerduty),
];

#[tokio::test]
async fn every_product_takes_every_letter() {
    let messenger = inside();
    for (service, stand_in) in PRODUCTS {
        let receiver = Receiver::start(Behaviour::Judge(stand_in)).await;
        let mut sent = 0;
        for (name, letter) in of_channels().into_iter().chain(of_accounts()) {
            for action in [Action::Open, Action::Acknowledge, Action::Close] {
                let incident = Incident { key: "fnd_1".into(), action };
                let Some(body) = messenger.compose(service, &letter, Some(&incident)) else { continue };
                let attempt = messenger.send(request(service, receiver.url(), &body)).await;
                assert_eq!((attempt.error, attempt.directive), (None, None), "{service:?} {name}: {attempt:?}");
                sent += 1;
            }
        }
        assert!(sent >= 18, "{service:?}: {sent}");
        assert_eq!(receiver.accepted(), sent);
    }
}

/// Otherwise the test above would prove nothing.
#[tokio::test]
async fn the_stand_ins_refuse_what_the_products_refuse() {
    for (service, stand_in) in PRODUCTS {
        let receiver = Receiver::start(Behaviour::Judge(stand_in)).await;
        for body in [r#"{"text":"<!channel>"}"#, r#"{"embeds":[]}"#, "{}"] {
            let attempt = inside().send(request(service, receiver.url(), body)).await;
            let expected = (Some(400), Some(AttemptError::HttpStatus), Some(Directive::AbortMessage));
            assert_eq!((attempt.status, attempt.error, attempt.directive), expected, "{service:?} {body}");
        }
    }
}

async fn answered(service: ChatService, head: &str, body: &str) -> Attempt {
    let receiver = Receiver::start(Behaviour::Say(answer(head, body.as_bytes()))).await;
    inside().send(request(service, receiver.url(), "{}")).await
}

#[tokio::test]
async fn each_products_answers_mean_what_it_says() {
    use ChatService::{Discord, PagerDuty, Slack, Teams};
    const FAILED: Option<AttemptError> = Some(AttemptError::HttpStatus);
    const NEVER: Option<Directive> = Some(Directive::AbortMessage);
    const GONE: Option<Directive> = Some(Directive::Disable);
    for (service, head, body, error, directive) in [
        (Slack, "200 OK", "ok", None, None),
        (Slack, "200 OK", r#"{"ok":true}"#, None, None),
        (Slack, "200 OK", "<html>Sign in", FAILED, None),
        (Slack, "400 Bad Request", "invalid_payload", FAILED, NEVER),
        (Slack, "400 Bad Request", "invalid_blocks", FAILED, NEVER),
        (Slack, "403 Forbidden", "action_prohibited", FAILED, None),
        (Slack, "403 Forbidden", "invalid_token", FAILED, GONE),
        (Slack, "404 Not Found", "no_service", FAILED, GONE),
        (Slack, "404 Not Found", "channel_not_found", FAILED, GONE),
        (Slack, "410 Gone", "channel_is_archived", FAILED, GONE),
        (Slack, "500 Server Error", "rollup_error", FAILED, None),
        (Teams, "202 Accepted", "", None, None),
        (Teams, "200 OK", "1", None, None),
        (
            Teams,
            "200 OK",
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
            FAILED,
            None,
        ),
        (
            Teams,
            "200 OK",
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413",
            FAILED,
            NEVER,
        ),
        (Teams, "400 Bad Request", r#"{"error":{"code":"TriggerInputSchemaMismatch"}}"#, FAILED, NEVER),
        (Teams, "400 Bad Request", r#"{"error":{"code":"WorkflowTriggerIsNotEnabled"}}"#, FAILED, None),
        (Teams, "401 Unauthorized", r#"{"error":{"code":"DirectApiAuthorizationRequired"}}"#, FAILED, None),
        (Teams, "404 Not Found", r#"{"error":{"code":"WorkflowNotFound"}}"#, FAILED, GONE),
        (Teams, "413 Content Too Large", "", FAILED, NEVER),
        (Discord, "204 No Content", "", None, None),
        (Discord, "200 OK", r#"{"id":"1"}"#, None, None),
        (Discord, "400 Bad Request", r#"{"message":"Invalid Form Body","code":50035}"#, FAILED, NEVER),
        (Discord, "401 Unauthorized", r#"{"message":"Invalid Webhook Token","code":50027}"#, FAILED, GONE),
        (Discord, "404 Not Found", r#"{"message":"Unknown Webhook","code":10015}"#, FAILED, GONE),
        (Discord, "404 Not Found", "", FAILED, None),
        (PagerDuty, "202 Accepted", r#"{"status":"success"}"#, None, None),
        (
            PagerDuty,
            "400 Bad Request",
            r#"{"status":"invalid event","errors":["'payload.summary' is missing"]}"#,
            FAILED,
            NEVER,
        ),
        (PagerDuty, "400 Bad Request", r#"{"status":"invalid event","errors":["Invalid routing key"]}"#, FAILED, GONE),
        (PagerDuty, "429 Too Many Requests", "", FAILED, None),
        (PagerDuty, "503 Service Unavailable", "", FAILED, None),
    ] {
        let attempt = answered(service, head, body).await;
        assert_eq!((attempt.error, attempt.directive), (error, directive), "{service:?} {head} {body}");
    }
}

#[tokio::test]
async fn a_product_may_ask_to_wait_in_the_header_or_in_the_body() {
    use ChatService::{Discord, PagerDuty, Slack, Teams};
    for (service, head, body, wait) in [
        (Slack, "429 Too Many Requests\nRetry-After: 30", "rate_limited", Some(30)),
        (Teams, "429 Too Many Requests\nRetry-After: 17", "", Some(17)),
        (PagerDuty, "429 Too Many Requests\nRetry-After: 60", "", Some(60)),
        (Discord, "429 Too Many Requests\nRetry-After: 65", r#"{"retry_after":64.57,"global":false}"#, Some(65)),
        (Discord, "429 Too Many Requests", r#"{"message":"You are being rate limited.","retry_after":1.25}"#, Some(2)),
        (Discord, "429 Too Many Requests", r#"{"retry_after":1e300}"#, Some(86_400)),
        (Discord, "429 Too Many Requests", r#"{"retry_after":-5}"#, Some(0)),
        (Discord, "429 Too Many Requests", r#"{"retry_after":"soon"}"#, None),
        (Discord, "500 Internal Server Error", r#"{"retry_after":10}"#, None),
    ] {
        let attempt = answered(service, head, body).await;
        assert_eq!((attempt.error, attempt.retry_after), (Some(AttemptError::HttpStatus), wait), "{service:?} {body}");
    }
}

/// The address of a room is its key, and so is PagerDuty's.
#[tokio::test]
async fn what_a_product_says_carries_no_credential() {
    fn echo(request: &Request) -> Vec<u8> {
        answer("403 Forbidden", format!("{}\n{}", request.head, request.body).as_bytes())
    }
    let sig = "sig=AbCdEfGhIjKlMnOpQrStUvWxYz0%2F123456789abc";
    for (service, _) in PRODUCTS {
        let receiver = Receiver::start(Behaviour::Judge(echo)).await;
        let url = format!("http://{}/services/T000/B000/abcdefghijklmnopqrstuvwx?{sig}", receiver.address);
        let attempt = inside().send(request(service, url, "{}")).await;
        let said = attempt.excerpt.unwrap();
        assert!(said.contains("[…]"), "{said}");
        for secret in ["abcdefghijklmnopqrstuvwx", "AbCdEfGhIjKlMnOpQrStUvWxYz0", KEY] {
            assert!(!said.contains(secret), "{service:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_room_is_behind_the_same_guard() {
    let receiver = Receiver::start(Behaviour::Judge(slack)).await;
    let messenger = messenger(EgressPolicy::default());
    for (service, _) in PRODUCTS {
        for url in
            [receiver.url(), format!("https://0x7f.1:{}/", receiver.address.port()), "https://168.63.129.16/".into()]
        {
            assert!(messenger.check(service, &target(service, url.clone())).is_err(), "{service:?} {url}");
            let attempt = messenger.send(request(service, url, "{}")).await;
            assert_eq!(attempt.error, Some(AttemptError::BlockedAddress), "{service:?}");
        }
    }
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn a_redirect_is_no_answer() {
    let target = Receiver::answering("200 OK").await;
    for (service, _) in PRODUCTS {
        let attempt = answered(service, &format!("302 Found\nLocation: {}", target.url()), "ok").await;
        assert_eq!(attempt.error, Some(AttemptError::Redirect), "{service:?}");
    }
    assert_eq!(target.accepted(), 0);
}

#[test]
fn a_target_is_checked_before_it_is_kept() {
    let messenger = messenger(EgressPolicy::default());
    let room = |url: &str| ChatTarget::Room(url.into());
    let pager = |key: &str, url: Option<&str>| ChatTarget::Pager { routing_key: key.into(), url: url.map(Into::into) };
    for (service, target) in [
        (ChatService::Slack, room("https://hooks.slack.com/services/T000/B000/abcdefghijklmnopqrstuvwx")),
        (ChatService::Teams, room("https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=a%2Fb")),
        (ChatService::Discord, room("https://discord.com/api/webhooks/1/abc")),
        (ChatService::PagerDuty, pager(KEY, None)),
        (ChatService::PagerDuty, pager(KEY, Some("https://events.eu.pagerduty.com/v2/enqueue"))),
    ] {
        assert_eq!(messenger.check(service, &target), Ok(()), "{service:?}");
    }
    for (service, target, why) in [
        (ChatService::Slack, room("http://hooks.slack.com/services/x"), "a webhook's address starts with https://"),
        (ChatService::Slack, pager(KEY, None), "this product needs the address of its webhook"),
        (ChatService::PagerDuty, room("https://events.pagerduty.com/"), "PagerDuty needs an integration key"),
        (ChatService::PagerDuty, pager("short", None), "a PagerDuty integration key has 32 letters and digits"),
    ] {
        assert_eq!(messenger.check(service, &target), Err(why.into()), "{service:?}");
    }
    let retired = room("https://acme.webhook.office.com/webhookb2/x/IncomingWebhook/y/z");
    assert!(messenger.check(ChatService::Teams, &retired).unwrap_err().contains("create a workflow"));
}

#[test]
fn a_target_shows_nowhere() {
    let target = ChatTarget::Pager { routing_key: KEY.into(), url: None };
    let request = ChatRequest { service: ChatService::PagerDuty, target, body: "{}".into(), timestamp: NOW };
    assert!(!format!("{request:?}").contains(KEY));
    assert_eq!(format!("{:?}", ChatTarget::Room("https://hooks.slack.com/services/x".into())), "Room");
}
