//! Where webhooks never go.

use std::collections::HashSet;
use std::process::Command;
use std::sync::Arc;

use app::ports::{AttemptError, Webhooks};
use channels::egress::{EgressPolicy, Gate, Limits, is_forbidden};
use channels::webhook::Sender;

use crate::corpus::{RECEIVERS, forbidden_addresses, forbidden_urls, public_addresses};
use crate::receiver::Receiver;
use crate::setup::{Script, allow, builder, request, sender, sender_with};

#[test]
fn every_forbidden_address_is_forbidden_and_no_other() {
    let forbidden = forbidden_addresses();
    assert!(forbidden.iter().collect::<HashSet<_>>().len() >= 500, "{}", forbidden.len());
    assert!(public_addresses().iter().collect::<HashSet<_>>().len() >= 150, "{}", public_addresses().len());
    let missed: Vec<_> = forbidden.iter().filter(|ip| !is_forbidden(**ip)).collect();
    assert!(missed.is_empty(), "reachable: {missed:?}");
    let false_alarms: Vec<_> = public_addresses().into_iter().filter(|ip| is_forbidden(*ip)).collect();
    assert!(false_alarms.is_empty(), "unreachable: {false_alarms:?}");
}

#[tokio::test]
async fn no_hostile_url_leads_to_a_connection() {
    let receiver = Receiver::answering("200 OK").await;
    let dns = Script::answering(&[&["127.0.0.1"]]);
    let sender = sender_with(EgressPolicy::default(), dns.clone(), Limits::default());
    let urls = forbidden_urls(receiver.address.port());
    assert!(urls.iter().collect::<HashSet<_>>().len() >= 2000, "{}", urls.len());
    for url in &urls {
        assert!(sender.check(url).is_err(), "could be stored: {url:?}");
        assert_eq!(sender.send(request(url)).await.error, Some(AttemptError::BlockedAddress), "{url:?}");
    }
    assert_eq!((receiver.accepted(), dns.asked()), (0, 0), "refused before anything is asked");
}

#[test]
fn no_receivers_url_is_refused() {
    let policy = EgressPolicy::default();
    for url in RECEIVERS {
        assert!(policy.check_url(url).is_ok(), "{url}: {:?}", policy.check_url(url));
    }
    for ip in public_addresses().iter().filter(|ip| ip.is_ipv4()) {
        assert!(policy.check_url(&format!("https://{ip}/")).is_ok(), "{ip}");
    }
}

#[tokio::test]
async fn a_name_with_a_forbidden_address_among_good_ones_leads_nowhere() {
    let receiver = Receiver::answering("200 OK").await;
    // A client for each address is slow: a sample goes the whole way, all of them are judged above.
    for bad in forbidden_addresses().into_iter().step_by(20) {
        let dns = Script::answering(&[&["127.0.0.1", &bad.to_string()]]);
        let sender = sender_with(allow(&["127.0.0.1/32"]), dns, Limits::default());
        let url = format!("https://hooks.example.com:{}/", receiver.address.port());
        let attempt = sender.send(request(&url)).await;
        assert_eq!(attempt.error, Some(AttemptError::BlockedAddress), "{bad}: {attempt:?}");
    }
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_never_followed_to_the_forbidden_address() {
    let good = Receiver::answering("200 OK").await;
    let port = good.address.port();
    // The same port on another loopback address plays the metadata service.
    let bad = Receiver::start_at(&format!("127.0.0.2:{port}"), crate::receiver::Behaviour::Say(vec![])).await;
    let dns = Script::answering(&[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1", "127.0.0.2"]]);
    let sender = sender_with(allow(&["127.0.0.1/32"]), dns.clone(), Limits::default());
    let mut blocked = 0;
    for n in 0..12_000 {
        let scheme = if n % 2 == 0 { "http" } else { "https" };
        let attempt = sender.send(request(&format!("{scheme}://rebind.example.com:{port}/"))).await;
        blocked += usize::from(attempt.error == Some(AttemptError::BlockedAddress));
    }
    assert_eq!(bad.accepted(), 0);
    assert_eq!(blocked, 8_000, "two of three answers are bad");
    assert_eq!(good.accepted(), 4_000);
    assert_eq!(dns.asked(), 12_000, "each attempt asks once: what was checked is what is connected to");
}

#[tokio::test]
async fn plain_http_to_a_name_stays_inside_what_is_allowed() {
    let dns = Script::answering(&[&["8.8.8.8"]]);
    let sender = sender_with(allow(&["127.0.0.0/8"]), dns, Limits::default());
    let attempt = sender.send(request("http://public.example.com:8080/")).await;
    assert_eq!(attempt.error, Some(AttemptError::BlockedAddress), "{attempt:?}");
}

#[tokio::test]
async fn a_proxy_that_the_builder_brings_is_not_used() {
    let (proxy, receiver) = (Receiver::answering("200 OK").await, Receiver::answering("204 No Content").await);
    let builder = builder().proxy(reqwest::Proxy::all(proxy.url()).unwrap());
    let gate = Gate::with(builder, allow(&["127.0.0.0/8"]), Script::answering(&[]), Limits::default()).unwrap();
    let sender = Sender::new(Arc::new(gate));
    assert_eq!(sender.send(request(&receiver.url())).await.status, Some(204));
    assert_eq!((proxy.accepted(), receiver.accepted()), (0, 1));
}

const CHILD: &str = "IOTMONITOR_TEST_PROXY_CHILD";

/// The environment of a process can't be changed safely, so the test runs itself once more with another one.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the environment is what is tested")]
async fn a_proxy_of_the_environment_is_not_used() {
    if let Ok(url) = std::env::var(CHILD) {
        assert_eq!(sender().send(request(&url)).await.status, Some(204));
        return;
    }
    let (proxy, receiver) = (Receiver::answering("200 OK").await, Receiver::answering("204 No Content").await);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "guard::a_proxy_of_the_environment_is_not_used"]).env(CHILD, receiver.url());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, proxy.url());
    }
    child.env_remove("REQUEST_METHOD").env_remove("NO_PROXY").env_remove("no_proxy");
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((proxy.accepted(), receiver.accepted()), (0, 1));
}
