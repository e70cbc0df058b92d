//! What a receiver gets.

use app::ports::{SigningKey, Webhooks};
use channels::egress::Limits;
use channels::webhook::{encode_secret, public_key, sign_v1a};

use crate::receiver::Receiver;
use crate::setup::{NOW, SECRET, Script, allow, request, sender, sender_with};

#[tokio::test]
async fn a_request_is_signed_with_every_key_and_says_who_we_are() {
    let receiver = Receiver::answering("204 No Content").await;
    let mut request = request(&receiver.url());
    request.keys = vec![
        SigningKey::HmacSha256(SECRET.to_vec()),
        SigningKey::HmacSha256(vec![8; 24]),
        SigningKey::Ed25519([9; 32]),
    ];
    request.headers = vec![("Authorization".into(), "Bearer of-good-news".into())];
    let attempt = sender().send(request).await;
    assert_eq!((attempt.status, attempt.error, attempt.excerpt), (Some(204), None, None));

    let got = receiver.only_request();
    assert!(got.head.starts_with("POST /hook HTTP/1.1\r\n"), "{}", got.head);
    assert_eq!(got.body, r#"{"type":"test.ping"}"#);
    assert_eq!(got.header("content-type"), ["application/json"]);
    assert_eq!(got.header("accept-encoding"), ["identity"]);
    assert_eq!(got.header("user-agent"), [format!("iotmonitor/{}", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(got.header("authorization"), ["Bearer of-good-news"]);
    assert_eq!(got.header("webhook-id"), ["dlv_1"]);
    assert_eq!(got.header("webhook-timestamp"), [NOW.to_string()]);
    let oracle = |secret: &[u8]| {
        standardwebhooks::Webhook::new(&encode_secret(secret)).unwrap().sign("dlv_1", NOW, got.body.as_bytes()).unwrap()
    };
    let asymmetric = sign_v1a(&[9; 32], "dlv_1", NOW, got.body.as_bytes()).unwrap();
    let all = format!("{} {} {asymmetric}", oracle(&SECRET), oracle(&[8; 24]));
    assert_eq!(got.header("webhook-signature"), [all]);
}

#[tokio::test]
async fn nothing_leaves_unsigned_or_with_a_header_that_is_not_the_channels() {
    let receiver = Receiver::answering("204 No Content").await;
    let mut unsigned = request(&receiver.url());
    unsigned.keys.clear();
    let mut forged = request(&receiver.url());
    forged.headers = vec![("Webhook-Id".into(), "another".into())];
    let mut ambiguous = request(&receiver.url());
    ambiguous.id = "dlv.1".into();
    for request in [unsigned, forged, ambiguous] {
        let attempt = sender().send(request).await;
        assert_eq!(attempt.status, None);
        assert!(attempt.excerpt.unwrap().starts_with("not sent: "));
    }
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn a_name_on_plain_http_keeps_its_name() {
    let receiver = Receiver::answering("204 No Content").await;
    let dns = Script::answering(&[&["127.0.0.1"]]);
    let sender = sender_with(allow(&["127.0.0.0/8"]), dns, Limits::default());
    let port = receiver.address.port();
    let attempt = sender.send(request(&format!("http://receiver.example.com.:{port}/hook"))).await;
    assert_eq!(attempt.error, None, "{attempt:?}");
    assert_eq!(receiver.only_request().header("host"), [format!("receiver.example.com:{port}")]);
}

#[test]
fn faults_are_told_to_the_person_who_sets_up_a_channel() {
    let sender = sender_with(allow(&[]), Script::answering(&[]), Limits::default());
    assert_eq!(sender.public_key(&[9; 32]), public_key(&[9; 32]));
    assert_eq!(sender.check("https://hooks.example.com/"), Ok(()));
    assert_eq!(
        sender.check("https://168.63.129.16/").unwrap_err(),
        "168.63.129.16 is not an address on the public Internet"
    );
    assert_eq!(sender.check_header("X-Token", "t"), Ok(()));
    assert_eq!(sender.check_header("Host", "t").unwrap_err(), "the header host cannot be set");
}
