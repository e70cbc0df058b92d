//! What a call costs is known before, and what is asked twice is asked with a reason.

use std::sync::Arc;
use std::time::Duration;

use shodan_client::{Cost, Error, HostOptions, Pause, Retry};
use sources::simulator::{Fault, Options, Simulator};
use tokio::time::Instant;

use crate::world::shodan;

async fn start(options: Options) -> Simulator {
    Simulator::start(Simulator::demo_data(), options).await.unwrap()
}

#[tokio::test]
async fn what_was_computed_is_what_is_paid() {
    let simulator = start(Options { query_credits: Some(20), page_size: 5, ..Options::default() }).await;
    let shodan = shodan(&simulator);
    for (query, page) in
        [("mqtt", 1), ("mqtt", 2), ("port:502", 1), ("org:\"Acme Utilities\" -port:80", 3), ("\"a:b\"", 1)]
    {
        let before = shodan.api_info().await.unwrap().query_credits.unwrap();
        shodan.search(query, page, &[]).await.unwrap();
        let after = shodan.api_info().await.unwrap().query_credits.unwrap();
        assert_eq!(before - after, Cost::search(query, page).query_credits, "{query} {page}");
    }
}

#[tokio::test]
async fn what_cannot_be_paid_is_not_asked() {
    let simulator = start(Options { query_credits: Some(1), scan_credits: Some(0), ..Options::default() }).await;
    let account = shodan(&simulator).api_info().await.unwrap();
    assert_eq!(Cost::search("port:502", 1).covered_by(&account), Ok(()));
    assert!(matches!(Cost::pages_of_search("port:502", 1, 2).covered_by(&account), Err(Error::NotAffordable(_))));
    let address = "198.51.100.10/32".parse().unwrap();
    assert!(matches!(Cost::scan(&[address]).covered_by(&account), Err(Error::NotAffordable(_))));
    assert_eq!(Cost::FREE.covered_by(&account), Ok(()));
}

#[tokio::test]
async fn a_refusal_for_speed_is_waited_out_and_retry_after_0_is_a_second() {
    let simulator = start(Options::default()).await;
    let patient = shodan(&simulator).with_retry(Retry { tries: 2, floor: Duration::ZERO, ceiling: Duration::ZERO });
    simulator.set_fault_for(Fault::TooFast, 1);
    let start = Instant::now();
    patient.api_info().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(990), "{:?}", start.elapsed());
    assert_eq!(simulator.requests().api_info, 2);
}

#[tokio::test]
async fn what_is_broken_for_a_moment_is_asked_again_and_what_costs_twice_is_not() {
    let simulator = start(Options { scan_credits: Some(9), ..Options::default() }).await;
    let retry = Retry { tries: 4, floor: Duration::from_millis(1), ceiling: Duration::from_millis(5) };
    let patient = shodan(&simulator).with_retry(retry);
    let camera = "198.51.100.10".parse().unwrap();
    for (n, fault) in [Fault::BadGateway, Fault::Truncated, Fault::BrokenOff].into_iter().enumerate() {
        simulator.set_fault_for(fault, 2);
        assert!(patient.host(camera, HostOptions::default()).await.unwrap().is_some(), "{fault:?}");
        assert_eq!(simulator.requests().host as usize, 3 * (n + 1));
    }
    simulator.set_fault_for(Fault::BadKey, 2);
    assert_eq!(patient.host(camera, HostOptions::default()).await.unwrap_err(), Error::BadKey);
    simulator.set_fault_for(Fault::BadGateway, 1);
    let scan = patient.scan(&["198.51.100.10/32".parse().unwrap()], false).await;
    assert!(matches!(scan, Err(Error::Unavailable(_))), "nobody knows whether it was paid for");
    assert_eq!(simulator.requests().monitor, 1);
}

#[tokio::test]
async fn requests_of_one_key_keep_their_distance() {
    let simulator = start(Options { rate: Some(Duration::from_millis(10)), ..Options::default() }).await;
    let paced = shodan(&simulator).with_pace(Arc::new(Pause::new(Duration::from_millis(40))));
    let asked = (0..5).map(|_| paced.api_info());
    for answer in futures_util::future::join_all(asked).await {
        answer.unwrap();
    }
    assert_eq!(simulator.requests().too_fast, 0);
}
