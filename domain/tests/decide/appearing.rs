//! What is new is said once, and not of what was there all the time.

use domain::decide::Stored;
use domain::event::EventType;
use domain::finding::{Finding, FindingState, Resolution};
use domain::observation::{Banner, DataSource};

use crate::world::{asset, banner, events, host, instant, judge, poll};

fn new(stored: &Stored) -> Vec<&Finding> {
    let of = ["rule_new-service", "rule_many-new-services"];
    stored.findings.values().filter(|f| f.state == FindingState::Open && of.contains(&f.rule.as_str())).collect()
}

fn web(ports: std::ops::Range<u16>, day: i64) -> Vec<Banner> {
    ports.map(|port| banner(port, "http", day)).collect()
}

#[test]
fn a_service_that_appears_later_is_new_for_two_weeks() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, web(80..82, 0))], 0);
    assert!(new(&stored).is_empty(), "what the first look shows is not new");
    let decided = poll(&asset, &mut stored, &[host("8.8.8.8", 2, web(80..83, 2))], 2);
    assert_eq!(events(&decided), [EventType::FindingOpened]);
    assert_eq!(new(&stored)[0].port, Some(82));
    assert!(decided.wake.unwrap() <= instant(16));
    let later = poll(&asset, &mut stored, &[], 17);
    assert_eq!(events(&later), [EventType::FindingResolved]);
    assert_eq!(later.findings[0].after.resolution, Some(Resolution::SeenFixed));
}

#[test]
fn who_resolved_it_has_seen_it_until_it_goes_and_comes_again() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, web(80..81, 0))], 0);
    poll(&asset, &mut stored, &[host("8.8.8.8", 2, web(80..82, 2))], 2);
    for finding in stored.findings.values_mut() {
        let actor = domain::actor::Actor::system();
        *finding = domain::lifecycle::resolve(finding, Resolution::Manual, instant(3), actor).unwrap().after;
    }
    assert!(events(&poll(&asset, &mut stored, &[host("8.8.8.8", 4, web(80..82, 4))], 4)).is_empty());
    for day in 5..8 {
        poll(&asset, &mut stored, &[host("8.8.8.8", day, web(80..81, day))], day);
    }
    let back = poll(&asset, &mut stored, &[host("8.8.8.8", 9, web(80..82, 9))], 9);
    assert_eq!(events(&back), [EventType::FindingReopened]);
}

#[test]
fn many_at_once_are_one_finding() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, web(80..81, 0))], 0);
    poll(&asset, &mut stored, &[host("8.8.8.8", 2, web(80..95, 2))], 2);
    let found = new(&stored);
    assert_eq!((found.len(), found[0].port, found[0].title.as_str()), (1, None, "14 services appeared within a week"));
}

#[test]
fn a_richer_source_and_another_address_show_what_was_there_all_the_time() {
    let mut asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let mut poor = host("8.8.8.8", 0, Vec::new());
    (poor.source, poor.observed_at, poor.ports) = (DataSource::InternetDb, None, vec![80]);
    poll(&asset, &mut stored, &[poor], 0);
    poll(&asset, &mut stored, &[host("8.8.8.8", 2, web(80..84, 2))], 2);
    assert!(new(&stored).is_empty());
    asset.target = domain::target::Target::parse("8.8.4.4", &[]).unwrap();
    poll(&asset, &mut stored, &[host("8.8.4.4", 4, web(90..94, 4))], 4);
    assert!(new(&stored).is_empty());
}

#[test]
fn that_something_is_new_says_less_than_what_is_wrong_with_it() {
    let mut asset = asset("8.8.8.8");
    asset.allowed_services = vec!["80/tcp".into(), "81/tcp".into()];
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, web(80..81, 0))], 0);
    let mut banners = web(80..82, 2);
    banners.push(banner(23, "telnet", 2));
    poll(&asset, &mut stored, &[host("8.8.8.8", 2, banners.clone())], 2);
    let open: Vec<&str> = stored.findings.values().map(|f| f.rule.as_str()).collect();
    assert_eq!(open, ["rule_telnet-open"], "neither new nor unexpected, and 81 is on the list");
    assert!(judge(&asset, &stored, &[host("8.8.8.8", 2, banners)], 2).is_empty());
}
