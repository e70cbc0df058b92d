//! Banners as they are found.

use std::time::Duration;

use app::ports::{Alerts, SourceError, SourceKey, Streamed};
use serde_json::json;
use shodan_client::stream::{Feed, Item, StreamOptions};
use shodan_client::{Banner, Error, Retry, Shodan};
use sources::simulator::{Fault, Options, Simulator};

use crate::world::{shodan, sources};

async fn start() -> (Simulator, Shodan) {
    let simulator = Simulator::start(Simulator::demo_data(), Options::default()).await.unwrap();
    let shodan = shodan(&simulator);
    (simulator, shodan)
}

async fn banners(shodan: &Shodan, feed: Feed) -> (Vec<Banner>, usize) {
    let mut stream = shodan.stream(&feed, StreamOptions::default()).await.unwrap();
    let (mut banners, mut beats) = (Vec::new(), 0);
    while let Some(item) = stream.next().await.unwrap() {
        match item {
            Item::Banner(banner) => banners.push(*banner),
            Item::Heartbeat => beats += 1,
            Item::Refused(refused) => panic!("{refused:?}"),
        }
    }
    (banners, beats)
}

#[tokio::test]
async fn an_alert_streams_what_it_watches_with_its_mark() {
    let (_simulator, shodan) = start().await;
    let alert = shodan.create_alert("Plant", &["198.51.100.8/29".parse().unwrap()], 0).await.unwrap();
    shodan.enable_triggers(&alert.id, &["any"]).await.unwrap();
    for feed in [Feed::Alert(alert.id.clone()), Feed::Alerts] {
        let (banners, beats) = banners(&shodan, feed).await;
        assert!(banners.len() > 5 && beats == 1);
        let marks = banners.iter().map(|banner| banner.alert.clone().unwrap());
        assert!(marks.into_iter().all(|mark| mark.id == alert.id && mark.trigger.as_deref() == Some("any")));
    }
}

#[tokio::test]
async fn every_feed_has_its_address() {
    let (_simulator, shodan) = start().await;
    for (feed, expected) in [
        (Feed::Banners, 49),
        (Feed::Asn(vec![64501]), 17),
        (Feed::Ports(vec![502, 1883]), 4),
        (Feed::Vulns(vec!["CVE-2021-36260".into()]), 2),
        (Feed::Custom("port:502".into()), 1),
    ] {
        assert_eq!(banners(&shodan, feed.clone()).await.0.len(), expected, "{feed:?}");
    }
    assert!(!banners(&shodan, Feed::Countries(vec!["NL".into()])).await.0.is_empty());
    assert!(!banners(&shodan, Feed::Tags(vec!["ics".into()])).await.0.is_empty());
}

#[tokio::test]
async fn a_line_too_long_is_told_and_the_next_is_read() {
    let (_simulator, shodan) = start().await;
    let options = StreamOptions { longest_line: 900, ..StreamOptions::default() };
    let mut stream = shodan.stream(&Feed::Banners, options).await.unwrap();
    let (mut whole, mut refused) = (0, 0);
    while let Some(item) = stream.next().await.unwrap() {
        match item {
            Item::Banner(_) => whole += 1,
            Item::Refused(_) => refused += 1,
            Item::Heartbeat => {}
        }
    }
    assert!(whole > 0 && refused > 0 && whole + refused == 49, "{whole} {refused}");
}

#[tokio::test]
async fn who_follows_comes_back_after_the_end() {
    let (simulator, shodan) = start().await;
    let retry = Retry { tries: 3, floor: Duration::from_millis(1), ceiling: Duration::from_millis(1) };
    let mut follow = shodan.with_retry(retry).follow(Feed::Ports(vec![502]), StreamOptions::default());
    let mut seen = 0;
    while seen < 3 {
        seen += u32::from(matches!(follow.next().await.unwrap(), Item::Banner(_)));
    }
    simulator.set_fault(Some(Fault::BadGateway));
    assert!(matches!(follow.next().await, Err(Error::Unavailable(_))), "not for ever");
    simulator.set_fault(Some(Fault::BadKey));
    assert_eq!(follow.next().await.unwrap_err(), Error::BadKey, "and not without a key");
}

#[tokio::test]
async fn what_comes_to_an_alert_comes_down_the_stream_while_it_is_open() {
    let options = Options { open_streams: true, ..Options::default() };
    let simulator = Simulator::start(Simulator::demo_data(), options).await.unwrap();
    let sources = sources(&simulator);
    let key = SourceKey::Shodan("OWNKEY".into());
    sources.create(&key, "Plant", &["198.51.100.10/32".parse().unwrap()]).await.unwrap();
    let mut stream = sources.listen(&key).await.unwrap();
    let (mut known, mut beats) = (0, 0);
    while known < 2 || beats < 2 {
        match stream.next().await.unwrap().unwrap() {
            Streamed::Push(push) => {
                assert_eq!((push.seen.ip.to_string().as_str(), push.seen.banners.len()), ("198.51.100.10", 1));
                assert!(push.alert.is_some());
                known += 1;
            }
            Streamed::Heartbeat => beats += 1,
            Streamed::Unreadable(why) => panic!("{why}"),
        }
    }
    let seen = json!({"ip_str": "198.51.100.10", "port": 23, "transport": "tcp", "data": "login:",
        "timestamp": "2026-03-14T09:00:00", "_shodan": {"id": "new", "module": "telnet"}});
    simulator.replace_banners("198.51.100.10".parse().unwrap(), &[seen]);
    let push = loop {
        if let Streamed::Push(push) = stream.next().await.unwrap().unwrap() {
            break push;
        }
    };
    assert_eq!((push.id.as_deref(), push.seen.banners[0].port), (Some("new"), 23));
    simulator.set_fault(Some(Fault::BadKey));
    assert!(matches!(sources.listen(&key).await, Err(SourceError::BadKey)));
    assert!(matches!(sources.listen(&SourceKey::InternetDb).await, Err(SourceError::Rejected(_))));
}
