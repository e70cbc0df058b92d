use app::findings::FindingFilter;
use app::poll::Budget;
use app::ports::SourceError;
use app::{access, assets, poll};
use domain::asset::MonitoringState;
use domain::event::EventType;

use super::plant::{Plant, host, kinds};

async fn budget(plant: &Plant) -> Budget {
    let organization = access::organization(&plant.bench, &plant.caller.org).await.unwrap().unwrap();
    poll::budget(&plant.bench, &organization).await.unwrap().unwrap()
}

/// Devices 9.0.0.1 and so on, each with a service that was seen now.
async fn plant_of(devices: u32) -> Plant {
    let plant = Plant::new().await;
    plant.script.has_credits(10_000);
    for n in 1..=devices {
        let ip = std::net::Ipv4Addr::from(0x0900_0000 + n).to_string();
        plant.watch(&ip).await;
        plant.script.says(host(&ip, plant.now(), &[(443, "https")]));
    }
    plant
}

#[tokio::test]
async fn many_devices_share_one_question_and_nothing_new_reads_no_service() {
    let plant = plant_of(60).await;
    assert_eq!(plant.tick().await.polled, 60);
    app::notify::drain(&plant.bench, 1000).await.unwrap();
    plant.later(2);
    plant.tick().await;
    plant.script.searched();
    let (asked, calls) = (plant.script.asked(), plant.bench.tables.calls());
    plant.later(2);
    let report = plant.tick().await;
    assert_eq!((report.polled, report.unchanged), (60, 60));
    assert_eq!(plant.script.asked() - asked, 1, "{:?}", plant.script.searched());
    assert!(plant.bench.tables.calls() - calls <= 40, "{}", plant.bench.tables.calls() - calls);
    let used = budget(&plant).await;
    // The first poll was one search of one page, and so was each after it.
    assert_eq!((used.calls, used.credits), (3, 3));
}

#[tokio::test]
async fn news_about_a_device_are_followed_by_a_look_at_all_of_it() {
    let plant = plant_of(30).await;
    plant.tick().await;
    plant.later(24);
    let mut changed = host("9.0.0.7", plant.now(), &[(23, "telnet"), (443, "https")]);
    // What a search would never show.
    changed.banners[0].observed_at = plant.now() - jiff::SignedDuration::from_hours(24 * 20);
    plant.script.says(changed);
    let report = plant.tick().await;
    assert_eq!((report.polled, report.unchanged), (30, 29));
    let found = plant.findings(&FindingFilter { ports: Some(vec![23]), ..FindingFilter::default() }).await;
    assert!(!found.is_empty());
    plant.later(2);
    assert_eq!(plant.tick().await.unchanged, 30, "it is news once");
    plant.counters_are_true().await;
}

#[tokio::test]
async fn where_the_plan_allows_many_devices_are_looked_up_in_one_request() {
    let plant = plant_of(60).await;
    *plant.script.many.lock().unwrap() = Some(0);
    plant.tick().await;
    plant.later(24);
    // All but two were seen again; one of those is gone, of the other nothing new is known.
    plant.script.hosts.lock().unwrap().remove(&"9.0.0.2".parse().unwrap());
    for n in 3..=60_u32 {
        let ip = std::net::Ipv4Addr::from(0x0900_0000 + n).to_string();
        plant.script.says(host(&ip, plant.now(), &[(443, "https"), (502, "modbus")]));
    }
    plant.script.searched();
    let asked = plant.script.asked();
    let report = plant.tick().await;
    assert_eq!((report.polled, report.unchanged, report.failed), (60, 2, 0));
    assert_eq!(*plant.script.many.lock().unwrap(), Some(2), "fifty at once");
    assert_eq!(plant.script.asked() - asked, plant.script.searched().len() + 2);
    let found = plant.findings(&FindingFilter { ports: Some(vec![502]), ..FindingFilter::default() }).await;
    assert!(found.len() >= 58, "{}", found.len());
    // The whole look after a week is about all of them; what it leaves out is missed and nothing else.
    plant.later(24 * 8);
    let report = plant.tick().await;
    assert_eq!((report.polled, report.failed), (60, 0));
    assert_eq!(*plant.script.many.lock().unwrap(), Some(4));
    plant.counters_are_true().await;
}

#[tokio::test]
async fn what_news_leave_out_is_not_gone() {
    let plant = Plant::new().await;
    plant.script.has_credits(10_000);
    plant.watch("9.0.0.0/24").await;
    plant.script.says(host("9.0.0.1", plant.now(), &[(23, "telnet"), (502, "modbus")]));
    plant.tick().await;
    let open = plant.findings(&FindingFilter::default()).await;
    // Crawled again and again within the week, always without the one service.
    for _ in 0..4 {
        plant.later(24);
        plant.script.says(host("9.0.0.1", plant.now(), &[(502, "modbus")]));
        plant.tick().await;
    }
    let still = plant.findings(&FindingFilter::default()).await;
    assert_eq!(still.iter().filter(|f| f.state.is_active()).count(), open.len());
    assert!(plant.script.searched().iter().skip(1).all(|q| q.contains(" after:")));
    // Only looks at everything can miss it: one a week, and it takes two.
    for _ in 0..16 {
        plant.later(24);
        plant.script.says(host("9.0.0.1", plant.now(), &[(502, "modbus")]));
        plant.tick().await;
    }
    let left = plant.findings(&FindingFilter { ports: Some(vec![23]), ..FindingFilter::default() }).await;
    assert!(left.iter().all(|f| !f.state.is_active()), "{left:?}");
    plant.counters_are_true().await;
}

#[tokio::test]
async fn credits_that_end_in_the_middle_of_a_network_close_nothing_and_say_so() {
    let plant = Plant::new().await;
    plant.script.has_credits(10_000);
    let network = plant.watch("9.0.0.0/24").await;
    let device = plant.watch("9.9.9.9").await;
    for n in 1..=150_u32 {
        let ip = std::net::Ipv4Addr::from(0x0900_0000 + n).to_string();
        plant.script.says(host(&ip, plant.now(), &[(23, "telnet")]));
    }
    plant.script.says(host("9.9.9.9", plant.now(), &[(23, "telnet")]));
    plant.tick().await;
    let open = plant.findings(&FindingFilter::default()).await.len();
    assert!(open > 150);

    plant.later(24 * 8);
    *plant.script.no_search.lock().unwrap() = Some((2, SourceError::OutOfCredits));
    let before = plant.events().await.len();
    plant.tick().await;
    plant.later(2);
    plant.tick().await;
    let since = plant.events().await.split_off(before);
    assert_eq!(kinds(&since), [EventType::SourceFailing], "told once, and nothing is closed");
    let members = assets::monitoring(&plant.bench, &plant.caller.org, &[&network, &device]).await.unwrap();
    let states: Vec<_> = members.into_iter().map(|m| m.unwrap().status).collect();
    assert_eq!(states, [MonitoringState::Failing, MonitoringState::Ok], "the device is looked up all the same");
    assert_eq!(plant.findings(&FindingFilter::default()).await.len(), open);

    *plant.script.no_search.lock().unwrap() = None;
    plant.later(24 * 30);
    plant.tick().await;
    assert!(kinds(&plant.events().await.split_off(before)).contains(&EventType::SourceRecovered));
    plant.counters_are_true().await;
}

#[tokio::test]
async fn a_search_that_tells_less_than_it_counts_closes_nothing_and_is_made_again_within_days() {
    let plant = Plant::new().await;
    plant.script.has_credits(10_000);
    let network = plant.watch("9.0.0.0/24").await;
    let shown = |plant: &Plant| {
        for n in 1..=20_u32 {
            let ip = std::net::Ipv4Addr::from(0x0900_0000 + n).to_string();
            plant.script.says(host(&ip, plant.now(), &[(23, "telnet")]));
        }
    };
    shown(&plant);
    plant.tick().await;
    let open =
        || async { plant.findings(&FindingFilter::default()).await.iter().filter(|f| f.state.is_active()).count() };
    let before = open().await;
    assert!(before >= 20);
    *plant.script.hidden.lock().unwrap() = 3;
    let mut asked_as_a_whole = 0;
    plant.script.searched();
    for day in 1..=21 {
        plant.later(24);
        shown(&plant);
        plant.tick().await;
        let whole = plant.script.searched().iter().filter(|query| !query.contains(" after:")).count();
        asked_as_a_whole += whole;
        assert_eq!(open().await, before, "day {day}");
        if whole > 0 {
            let member =
                assets::monitoring(&plant.bench, &plant.caller.org, &[&network]).await.unwrap().remove(0).unwrap();
            assert!(member.error.unwrap().contains("less than it promised"));
        }
    }
    assert!((4..=16).contains(&asked_as_a_whole), "{asked_as_a_whole}");
    *plant.script.hidden.lock().unwrap() = 0;
    plant.later(24 * 8);
    shown(&plant);
    plant.tick().await;
    let member = assets::monitoring(&plant.bench, &plant.caller.org, &[&network]).await.unwrap().remove(0).unwrap();
    assert_eq!((member.error, member.status), (None, MonitoringState::Ok));
    plant.counters_are_true().await;
}

#[tokio::test]
async fn a_plan_that_may_not_search_looks_up_devices_and_tells_of_networks() {
    let plant = plant_of(2).await;
    plant.watch("9.0.1.0/24").await;
    *plant.script.no_search.lock().unwrap() = Some((1, SourceError::PlanTooLow("membership or higher".into())));
    let report = plant.tick().await;
    assert_eq!(report.polled, 2);
    for _ in 0..2 {
        plant.later(2);
        assert_eq!(plant.tick().await.polled, 2);
    }
    assert_eq!(plant.script.searched().len(), 1, "it is not tried at every tick");
    assert!(!kinds(&plant.events().await).contains(&EventType::SourceFailing));
}

#[tokio::test]
async fn credits_that_run_low_are_told_of_at_a_fifth_and_at_a_twentieth() {
    let plant = plant_of(1).await;
    for left in [1000, 300, 200, 150, 100, 49, 30] {
        plant.script.has_credits(left);
        plant.tick().await;
        plant.later(2);
    }
    let told = plant.events().await;
    let low: Vec<_> = told.iter().filter(|e| e.kind == EventType::CreditsLow).collect();
    assert_eq!(low.len(), 2, "{:?}", kinds(&told));
    let left: Vec<_> = low.iter().map(|e| e.payload["source"]["creditsLeft"].as_u64().unwrap()).collect();
    assert!((150..=200).contains(&left[0]) && (30..=50).contains(&left[1]), "{left:?}");
    assert!(low[1].payload["source"]["message"].as_str().unwrap().contains("left this month"));
}
