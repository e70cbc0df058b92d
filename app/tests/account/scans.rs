use app::access::Caller;
use app::ports::{PastScan, ScanProgress, SourceError};
use app::repeat::ClientRequest;
use app::scans::{Scan, ScanState, ScanWish, request_scan, scan};
use app::testing::seen;
use app::{Error, UserErrorCode, poll};
use domain::finding::{FindingState, Resolution};
use domain::role::Role;
use jiff::SignedDuration;

use super::plant::Plant;

/// A device that shows telnet and Modbus, polled.
async fn polled() -> (Plant, domain::asset::Asset) {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8").await;
    plant.shows("8.8.8.8", &[(23, "telnet"), (502, "modbus")]);
    plant.tick().await;
    assert_eq!(plant.open_ports().await, [23, 502]);
    (plant, asset)
}

async fn of_asset(plant: &Plant, asset: &domain::asset::Asset, most: i32) -> Result<Scan, Error> {
    let wish = ScanWish { assets: vec![asset.id.clone()], findings: Vec::new(), max_credits: most };
    request_scan(&plant.bench, &plant.caller, &wish, None).await
}

async fn now(plant: &Plant, known: &Scan) -> Scan {
    scan(&plant.bench, &plant.caller, &known.id).await.unwrap().unwrap()
}

fn code<T>(result: Result<T, Error>) -> Option<UserErrorCode> {
    match result {
        Err(Error::User(faults)) => Some(faults[0].code),
        _ => None,
    }
}

#[tokio::test]
async fn what_a_finished_scan_leaves_out_is_closed_at_once_and_the_rest_stays() {
    let (plant, _) = polled().await;
    let telnet = plant.findings().await.into_iter().find(|f| f.port == Some(23)).unwrap();
    let wish = ScanWish { assets: Vec::new(), findings: vec![telnet.id.clone()], max_credits: 1 };
    let ordered = request_scan(&plant.bench, &plant.caller, &wish, None).await.unwrap();
    assert_eq!((ordered.state, ordered.credits), (ScanState::Submitted, 1));
    let order = plant.account.book().orders[0].clone();
    assert_eq!(order.values().next().unwrap(), &[(23, "telnet".to_owned())]);
    plant.account.book().progress = ScanProgress::Running;
    plant.pass(2).await;
    assert_eq!(now(&plant, &ordered).await.state, ScanState::Running);
    assert_eq!(plant.open_ports().await, [23, 502], "nothing is closed before it is done");
    plant.account.book().progress = ScanProgress::Done;
    plant.pass(4).await;
    let done = now(&plant, &ordered).await;
    assert_eq!((done.state, done.error.as_deref()), (ScanState::Done, None));
    assert_eq!(plant.open_ports().await, [502], "only the port that was asked for");
    let closed = plant.findings().await.into_iter().find(|f| f.id == telnet.id).unwrap();
    assert_eq!((closed.state, closed.resolution), (FindingState::Resolved, Some(Resolution::NotSeen)));
    // A poll that shows the same old banner opens nothing.
    plant.later(120);
    plant.tick().await;
    assert_eq!(plant.open_ports().await, [502]);
    // It is followed no more.
    let calls = plant.account.book().calls;
    plant.pass(3).await;
    assert_eq!(plant.account.book().calls, calls);
}

#[tokio::test]
async fn what_a_scan_saw_is_known_when_it_is_done() {
    let (plant, asset) = polled().await;
    let ordered = of_asset(&plant, &asset, 1).await.unwrap();
    assert!(plant.account.book().orders[0].values().all(Vec::is_empty), "every port that is crawled");
    plant.later(1);
    let host = seen("8.8.8.8".parse().unwrap(), plant.now(), &[(502, "modbus"), (5900, "vnc")]);
    plant.account.book().results.insert(host.ip, host);
    plant.account.book().progress = ScanProgress::Done;
    plant.pass(5).await;
    assert_eq!(now(&plant, &ordered).await.state, ScanState::Done);
    // Telnet is crawled and was not there; VNC is not crawled and was there.
    assert_eq!(plant.open_ports().await, [502, 5900]);
}

#[tokio::test]
async fn a_scan_costs_no_more_than_was_said_and_than_is_left() {
    let plant = Plant::new().await;
    let network = plant.watch("8.8.8.0/28").await;
    assert_eq!(code(of_asset(&plant, &network, 13).await), Some(UserErrorCode::QuotaExceeded));
    assert_eq!(code(of_asset(&plant, &network, 0).await), Some(UserErrorCode::Invalid));
    plant.account.book().scan_credits = Some(13);
    assert_eq!(code(of_asset(&plant, &network, 100).await), Some(UserErrorCode::QuotaExceeded));
    assert!(plant.account.book().orders.is_empty(), "nothing was ordered");
    plant.later(61);
    plant.account.book().scan_credits = Some(14);
    let ordered = of_asset(&plant, &network, 14).await.unwrap();
    assert_eq!((ordered.ips.len(), ordered.credits), (14, 14));
    let organization = app::access::organization(&plant.bench, &plant.caller.org).await.unwrap().unwrap();
    let budget = poll::budget(&plant.bench, &organization).await.unwrap().unwrap();
    assert_eq!(budget.scan_credits, Some(0), "it stands in the ledger");
    let viewer = Caller { role: Role::Viewer, ..plant.caller.clone() };
    let wish = ScanWish { assets: vec![network.id.clone()], findings: Vec::new(), max_credits: 14 };
    assert!(matches!(request_scan(&plant.bench, &viewer, &wish, None).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn a_repeated_request_orders_nothing_twice() {
    let (plant, asset) = polled().await;
    let wish = ScanWish { assets: vec![asset.id.clone()], findings: Vec::new(), max_credits: 1 };
    let request = ClientRequest::new(&plant.caller, "requestScan", "4711", &"wish").unwrap();
    let first = request_scan(&plant.bench, &plant.caller, &wish, Some(&request)).await.unwrap();
    let again = request_scan(&plant.bench, &plant.caller, &wish, Some(&request)).await.unwrap();
    assert_eq!((again.id, plant.account.book().orders.len()), (first.id, 1));
}

#[tokio::test]
async fn an_order_whose_answer_got_lost_is_found_and_never_given_twice() {
    let (plant, asset) = polled().await;
    plant.account.fail_at(1, SourceError::Unavailable("time-out".into()), true);
    let ordered = of_asset(&plant, &asset, 1).await.unwrap();
    assert_eq!((ordered.state, ordered.credits), (ScanState::Submitted, 0));
    let created = Some(plant.now());
    let strangers = SignedDuration::from_hours(3);
    plant.account.book().listed = vec![
        PastScan { id: "S1".into(), size: Some(1), created },
        PastScan { id: "S0".into(), size: Some(1), created: created.map(|at| at - strangers) },
        PastScan { id: "SX".into(), size: Some(7), created },
    ];
    plant.account.book().progress = ScanProgress::Done;
    plant.pass(6).await;
    let done = now(&plant, &ordered).await;
    assert_eq!((done.state, done.credits), (ScanState::Done, 1));
    assert_eq!(plant.account.book().orders.len(), 1);
}

#[tokio::test]
async fn an_order_that_never_arrived_has_failed_and_closed_nothing() {
    let (plant, asset) = polled().await;
    plant.account.fail_at(1, SourceError::Unavailable("time-out".into()), false);
    let ordered = of_asset(&plant, &asset, 1).await.unwrap();
    plant.pass(3).await;
    let failed = now(&plant, &ordered).await;
    assert_eq!((failed.state, failed.credits), (ScanState::Failed, 0));
    assert!(failed.error.unwrap().contains("ask again"));
    assert_eq!(plant.open_ports().await, [23, 502]);
}

#[tokio::test]
async fn trouble_while_it_is_followed_delays_it_and_a_refusal_ends_it() {
    let (plant, asset) = polled().await;
    let ordered = of_asset(&plant, &asset, 1).await.unwrap();
    plant.account.fail_at(1, SourceError::RateLimited { wait_seconds: 1 }, false);
    plant.account.book().progress = ScanProgress::Done;
    plant.pass(1).await;
    assert_eq!(now(&plant, &ordered).await.state, ScanState::Submitted);
    plant.pass(2).await;
    plant.account.fail_at(1, SourceError::BadKey, false);
    plant.pass(2).await;
    let failed = now(&plant, &ordered).await;
    assert_eq!((failed.state, failed.error.as_deref()), (ScanState::Failed, Some("the key is not accepted")));
    assert_eq!(plant.open_ports().await, [23, 502], "nothing was closed");
}

#[tokio::test]
async fn a_crash_at_any_storage_call_neither_loses_a_scan_nor_orders_two() {
    for call in 1.. {
        let (plant, asset) = polled().await;
        plant.bench.tables.down_at(call);
        let begun = of_asset(&plant, &asset, 1).await;
        let listed = PastScan { id: "S1".into(), size: Some(1), created: Some(plant.now()) };
        if !plant.account.book().orders.is_empty() {
            plant.account.book().listed.push(listed);
        }
        plant.account.book().progress = ScanProgress::Done;
        plant.bench.tables.heal();
        let plant = Plant { bench: plant.bench.restarted(), ..plant };
        plant.pass(8).await;
        let ordered = plant.account.book().orders.len();
        assert!(ordered <= 1, "call {call}");
        let closed = plant.open_ports().await.is_empty();
        assert_eq!(closed, ordered == 1, "call {call}: what was ordered was followed to its end");
        if begun.is_ok() {
            break;
        }
    }
}
