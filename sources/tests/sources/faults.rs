//! What goes wrong at a source, over real HTTP, and what the program makes of it.

use std::net::IpAddr;

use app::ports::{Exposure, HostAnswer, SourceError, SourceKey};
use sources::simulator::{Fault, Options, Simulator};
use sources::{SourceSettings, Sources};

use crate::world::{KEY, Log, client, governor, sources};

fn key() -> SourceKey {
    SourceKey::Shodan(KEY.into())
}

fn modbus() -> IpAddr {
    "203.0.113.1".parse().unwrap()
}

async fn simulator() -> Simulator {
    Simulator::start(Simulator::demo_data(), Options { keys: vec![KEY.into()], ..Options::default() }).await.unwrap()
}

fn is_unavailable(error: &SourceError) -> bool {
    matches!(error, SourceError::Unavailable(_))
}

fn assert_no_key(text: &str) {
    assert!(!text.contains("S3cret"), "{text}");
}

#[tokio::test]
async fn every_fault_has_its_meaning() {
    type Expected = fn(&SourceError) -> bool;
    let simulator = simulator().await;
    let sources = sources(&simulator);
    let cases: [(Fault, Expected); 13] = [
        (Fault::BadKey, |e| *e == SourceError::BadKey),
        (Fault::BadKeyHtml, |e| *e == SourceError::BadKey),
        (Fault::Forbidden, |e| matches!(e, SourceError::PlanTooLow(_))),
        (Fault::NotFoundHtml, is_unavailable),
        (Fault::TooFast, |e| *e == SourceError::RateLimited { wait_seconds: 1 }),
        (Fault::ServerError, is_unavailable),
        (Fault::BadGateway, is_unavailable),
        (Fault::ErrorInSuccess, is_unavailable),
        (Fault::OutOfCredits, |e| *e == SourceError::OutOfCredits),
        (Fault::Truncated, is_unavailable),
        (Fault::BrokenOff, is_unavailable),
        (Fault::Hang, |e| *e == SourceError::Unavailable("it timed out".into())),
        (Fault::TooFast, SourceError::retry),
    ];
    for (fault, expected) in cases {
        simulator.set_fault(Some(fault));
        for result in
            [sources.host(&key(), modbus()).await.map(|_| ()), sources.search(&key(), "port:502", 1).await.map(|_| ())]
        {
            let error = result.unwrap_err();
            assert!(expected(&error), "{fault:?} became {error:?}");
            assert_no_key(&format!("{error} {error:?}"));
        }
    }
    simulator.set_fault(None);
    assert!(sources.host(&key(), modbus()).await.is_ok(), "it recovers");
}

#[tokio::test]
async fn no_level_of_the_log_holds_the_key() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let simulator = simulator().await;
    let sources = sources(&simulator);
    for fault in [None, Some(Fault::BadGateway), Some(Fault::BrokenOff), Some(Fault::TooFast)] {
        simulator.set_fault(fault);
        let _ = sources.host(&key(), modbus()).await;
    }
    tracing::info!("the log works");
    assert!(log.text().contains("the log works"));
    assert_no_key(&log.text());
}

#[tokio::test]
async fn nothing_known_is_an_answer_and_no_error() {
    let simulator = simulator().await;
    let sources = sources(&simulator);
    let nobody = "192.0.2.250".parse().unwrap();
    assert_eq!(sources.host(&key(), nobody).await, Ok(HostAnswer::Unknown));
    assert_eq!(sources.host(&SourceKey::InternetDb, nobody).await, Ok(HostAnswer::Unknown));
    simulator.set_fault(Some(Fault::NothingKnown));
    assert_eq!(sources.host(&key(), modbus()).await, Ok(HostAnswer::Unknown));
}

#[tokio::test]
async fn a_key_that_is_not_accepted_never_shows() {
    let simulator = simulator().await;
    let sources = sources(&simulator);
    let wrong = SourceKey::Shodan("S3cretButWrong".into());
    let error = sources.host(&wrong, modbus()).await.unwrap_err();
    assert_eq!(error, SourceError::BadKey);
    assert_no_key(&format!("{error} {error:?} {wrong:?} {sources:?}"));
}

#[tokio::test]
async fn a_source_that_is_down_is_unavailable_and_keeps_the_secret() {
    let simulator = simulator().await;
    let settings = SourceSettings {
        shodan_url: simulator.shodan_url(),
        internetdb_url: simulator.internetdb_url(),
        stream_url: None,
    };
    drop(simulator);
    // The listener is closed when its task was dropped.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let sources = Sources::new(client(), settings, governor(&std::sync::Arc::default(), std::time::Duration::ZERO));
    for error in [sources.host(&key(), modbus()).await.unwrap_err(), sources.account(&key()).await.unwrap_err()] {
        assert!(matches!(error, SourceError::Unavailable(_)), "{error:?}");
        assert_no_key(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn internetdb_fails_in_the_same_words() {
    let simulator = simulator().await;
    let sources = sources(&simulator);
    for (fault, expected) in [
        (Fault::TooFast, SourceError::RateLimited { wait_seconds: 1 }),
        (Fault::BadGateway, SourceError::Unavailable("status 502".into())),
        (Fault::Truncated, SourceError::Unavailable("its answer is cut off or no JSON".into())),
    ] {
        simulator.set_fault(Some(fault));
        assert_eq!(sources.host(&SourceKey::InternetDb, modbus()).await, Err(expected), "{fault:?}");
    }
}

#[tokio::test]
async fn internetdb_answers_only_about_single_addresses() {
    let simulator = simulator().await;
    let sources = sources(&simulator);
    let keyless = SourceKey::InternetDb;
    let is_rejected = |error: SourceError| matches!(error, SourceError::Rejected(_));
    assert!(is_rejected(sources.network(&keyless, "203.0.113.0/24".parse().unwrap(), 1).await.unwrap_err()));
    assert!(is_rejected(sources.search(&keyless, "x", 1).await.unwrap_err()));
    assert!(is_rejected(sources.account(&keyless).await.unwrap_err()));
    assert_eq!(simulator.requests().internetdb, 0);
}

#[tokio::test]
async fn lone_surrogates_on_the_wire_lose_nothing() {
    let simulator = simulator().await;
    let sources = sources(&simulator);
    simulator.set_fault(Some(Fault::LoneSurrogates));
    let page = sources.search(&key(), "net:203.0.113.0/24", 1).await.unwrap();
    assert_eq!((page.unreadable, page.hosts.len()), (0, 30));
    assert!(page.hosts[0].banners[0].text.starts_with('\u{fffd}'));
}

#[tokio::test]
async fn credits_run_out_and_host_lookups_go_on() {
    let options = Options { query_credits: Some(1), ..Options::default() };
    let simulator = Simulator::start(Simulator::demo_data(), options).await.unwrap();
    let sources = sources(&simulator);
    assert_eq!(sources.account(&key()).await.unwrap().query_credits, Some(1));
    assert!(sources.search(&key(), "port:502", 1).await.is_ok());
    assert_eq!(sources.search(&key(), "port:502", 1).await, Err(SourceError::OutOfCredits));
    assert_eq!(sources.account(&key()).await.unwrap().query_credits, Some(0));
    assert!(sources.search(&key(), "mqtt", 1).await.is_ok(), "plain words are free");
    assert!(sources.host(&key(), modbus()).await.is_ok());
}
