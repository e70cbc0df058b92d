//! What becomes of what a receiver says, or does not say.

use std::time::{Duration, Instant};

use app::ports::{Attempt, AttemptError, Directive, Webhooks};
use channels::egress::Limits;

use crate::receiver::{Behaviour, Receiver, answer};
use crate::setup::{Script, allow, request, sender, sender_with, short};

async fn hurried(behaviour: Behaviour) -> (Attempt, Duration) {
    let receiver = Receiver::start(behaviour).await;
    let sender = sender_with(allow(&["127.0.0.0/8"]), Script::answering(&[]), short());
    let start = Instant::now();
    let attempt = sender.send(request(&receiver.url())).await;
    (attempt, start.elapsed())
}

#[tokio::test]
async fn only_2xx_is_delivered() {
    for (line, status, error) in [
        ("200 OK", 200, None),
        ("202 Accepted", 202, None),
        ("304 Not Modified", 304, Some(AttemptError::Redirect)),
        ("400 Bad Request", 400, Some(AttemptError::HttpStatus)),
        ("410 Gone", 410, Some(AttemptError::HttpStatus)),
        ("500 Internal Server Error", 500, Some(AttemptError::HttpStatus)),
    ] {
        let attempt = sender().send(request(&Receiver::answering(line).await.url())).await;
        assert_eq!((attempt.status, attempt.error), (Some(status), error), "{line}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Receiver::answering("200 OK").await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let receiver = Receiver::answering(&format!("{status}\nLocation: {}", target.url())).await;
        let attempt = sender().send(request(&receiver.url())).await;
        assert_eq!(attempt.error, Some(AttemptError::Redirect));
    }
    assert_eq!(target.accepted(), 0);
}

#[tokio::test]
async fn a_receiver_may_ask_to_wait() {
    for (answer, wait) in [
        ("429 Too Many Requests\nRetry-After: 120", Some(120)),
        ("503 Service Unavailable\nRetry-After: 999999999", Some(86_400)),
        ("500 Internal Server Error\nRetry-After: 120", None),
    ] {
        let attempt = sender().send(request(&Receiver::answering(answer).await.url())).await;
        assert_eq!(attempt.retry_after, wait, "{answer}");
    }
}

#[tokio::test]
async fn a_receiver_may_switch_itself_off_or_give_a_message_up() {
    for (answer, error, directive) in [
        ("410 Gone", Some(AttemptError::HttpStatus), Some(Directive::Disable)),
        (
            "503 Service Unavailable\nWebhook-Delivery: disable",
            Some(AttemptError::HttpStatus),
            Some(Directive::Disable),
        ),
        ("200 OK\nwebhook-delivery: disable", None, Some(Directive::Disable)),
        (
            "422 Unprocessable Content\nwebhook-delivery: abort-message",
            Some(AttemptError::HttpStatus),
            Some(Directive::AbortMessage),
        ),
        ("200 OK\nwebhook-delivery: abort-message", None, None),
        ("500 Internal Server Error\nwebhook-delivery: pause", Some(AttemptError::HttpStatus), None),
    ] {
        let attempt = sender().send(request(&Receiver::answering(answer).await.url())).await;
        assert_eq!((attempt.error, attempt.directive), (error, directive), "{answer}");
    }
}

#[tokio::test]
async fn a_slow_answer_ends_in_time_wherever_it_is_slow() {
    let slow_head = Behaviour::Drip(b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec());
    let slow_body = Behaviour::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n".to_vec());
    for behaviour in [slow_head, slow_body] {
        let (attempt, took) = hurried(behaviour).await;
        assert_eq!(attempt.error, Some(AttemptError::Timeout));
        assert!(took < short().total + Duration::from_millis(500), "{took:?}");
        assert!(attempt.duration_ms >= 450, "{}", attempt.duration_ms);
    }
}

#[tokio::test]
async fn an_endless_body_is_read_to_64_kib_and_kept_to_2() {
    for head in ["Content-Length: 99999999999\r\n\r\n", "Connection: close\r\n\r\n"] {
        let (attempt, took) = hurried(Behaviour::Flood(format!("HTTP/1.1 200 OK\r\n{head}").into_bytes())).await;
        assert_eq!((attempt.status, attempt.error), (Some(200), None));
        assert_eq!(attempt.excerpt.unwrap().len(), 2048);
        assert!(took < short().total, "it was not read to the end: {took:?}");
    }
}

#[tokio::test]
async fn endless_headers_are_no_answer() {
    let (attempt, _) = hurried(Behaviour::Flood(b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec())).await;
    assert_eq!((attempt.status, attempt.error), (None, Some(AttemptError::Connect)));
}

#[tokio::test]
async fn a_compressed_answer_is_not_inflated() {
    // gzip of "inflated" in one stored block
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x08\0\xf7\xffinflated\x4d\x13\x09\x9d\x08\0\0\0";
    let behaviour = Behaviour::Say(answer("200 OK\nContent-Encoding: gzip", gzip));
    let (attempt, _) = hurried(behaviour).await;
    let excerpt = attempt.excerpt.unwrap();
    assert!(
        excerpt.starts_with('\u{fffd}') || excerpt.starts_with('\u{1f}'),
        "these are the bytes as they came: {excerpt:?}"
    );
}

#[tokio::test]
async fn an_excerpt_is_one_harmless_line() {
    let body = b"no\r\nSet-Cookie: a=b\r\n\r\n\x1b[2J\0<script>\xe2\x80\xae\xff";
    let (attempt, _) = hurried(Behaviour::Say(answer("400 Bad Request", body))).await;
    assert_eq!(attempt.excerpt.unwrap(), "no Set-Cookie: a=b [2J <script>\u{fffd}");
}

#[tokio::test]
async fn an_echo_does_not_carry_the_channels_credentials() {
    let receiver = Receiver::start(Behaviour::Say(answer("401 Unauthorized", b"bad token tok_4711_secret!"))).await;
    let mut request = request(&receiver.url());
    request.headers = vec![("Authorization".into(), "Bearer tok_4711_secret".into())];
    assert_eq!(sender().send(request).await.excerpt.unwrap(), "bad token […]!");
}

#[tokio::test]
async fn what_fails_before_an_answer_is_told_apart() {
    let plain = Receiver::answering("200 OK").await;
    let hangs_up = Receiver::start(Behaviour::Say(vec![])).await;
    let closed = format!("http://{}/", closed_port().await);
    for (url, error) in [
        (format!("https://{}/hook?token=hunter2", plain.address), AttemptError::Tls),
        (format!("{closed}?token=hunter2"), AttemptError::Connect),
        (hangs_up.url() + "?token=hunter2", AttemptError::Connect),
        ("https://unknown.example.com/?token=hunter2".into(), AttemptError::Dns),
        ("http://unknown.example.com/?token=hunter2".into(), AttemptError::Dns),
        ("https://10.0.0.1/?token=hunter2".into(), AttemptError::BlockedAddress),
    ] {
        let attempt = sender().send(request(&url)).await;
        assert_eq!((attempt.status, attempt.error), (None, Some(error)), "{url}");
        let reason = attempt.excerpt.unwrap();
        assert!(!reason.is_empty() && !reason.contains("hunter2"), "{reason}");
    }
}

#[tokio::test]
async fn a_connection_that_nobody_takes_up_ends_in_time() {
    // TLS is begun and never answered: the connection stands, the secure one does not.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sender = sender_with(allow(&["127.0.0.0/8"]), Script::answering(&[]), short());
    let start = Instant::now();
    let attempt = sender.send(request(&format!("https://{}/", silent.local_addr().unwrap()))).await;
    assert_eq!(attempt.error, Some(AttemptError::Timeout), "{attempt:?}");
    assert!(start.elapsed() < short().total, "the limit for connecting is the shorter one");
}

#[test]
fn the_limits_are_those_that_the_documentation_states() {
    let limits = Limits::default();
    assert_eq!([limits.dns, limits.connect, limits.total].map(|d| d.as_secs()), [3, 5, 15]);
}

async fn closed_port() -> std::net::SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
