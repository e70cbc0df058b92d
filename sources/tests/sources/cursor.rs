//! All pages of a search, whatever its pages do.

use std::collections::BTreeSet;

use shodan_client::{Cursor, Error, Shodan};
use sources::simulator::{Fault, Options, Simulator};

use crate::world::shodan;

/// How many banners there are.
const ALL: usize = 49;

async fn start() -> (Simulator, Shodan) {
    let options = Options { page_size: 20, query_credits: Some(50), ..Options::default() };
    let simulator = Simulator::start(Simulator::demo_data(), options).await.unwrap();
    let shodan = shodan(&simulator);
    (simulator, shodan)
}

/// How many banners came, how many different ones, and how many repeats were dropped.
async fn read(mut cursor: Cursor<'_>) -> Result<(usize, usize, usize), Error> {
    let (mut all, mut different, mut repeated) = (0, BTreeSet::new(), 0);
    while let Some(page) = cursor.next().await? {
        all += page.banners.len();
        repeated += page.repeated;
        different.extend(page.banners.iter().map(shodan_client::Banner::identity));
    }
    Ok((all, different.len(), repeated))
}

#[tokio::test]
async fn every_banner_comes_once() {
    let (simulator, shodan) = start().await;
    assert_eq!(read(shodan.search_all("")).await, Ok((ALL, ALL, 0)));
    assert_eq!(simulator.requests().search, 3, "no page is asked for after the last");
}

#[tokio::test]
async fn pages_that_overlap_and_disagree_repeat_nothing() {
    let (simulator, shodan) = start().await;
    simulator.set_fault(Some(Fault::UnstablePaging));
    let (all, different, repeated) = read(shodan.search_all("")).await.unwrap();
    assert_eq!((all, different), (ALL, ALL));
    assert!(repeated > 0);
}

#[tokio::test]
async fn short_pages_end_the_search_at_the_first_empty_one() {
    let (simulator, shodan) = start().await;
    simulator.set_fault(Some(Fault::ShortPage));
    let (all, different, _) = read(shodan.search_all("")).await.unwrap();
    assert!(all == different && all < ALL, "{all}");
}

#[tokio::test]
async fn a_search_that_lost_its_place_begins_again_and_repeats_nothing() {
    let (simulator, shodan) = start().await;
    simulator.set_fault_once_after(2, Fault::CursorTimedOut);
    assert_eq!(read(shodan.search_all("")).await, Ok((ALL, ALL, 40)));
    assert_eq!(simulator.requests().search, 2 + 1 + 3);
    simulator.set_fault(Some(Fault::CursorTimedOut));
    assert_eq!(read(shodan.search_all("")).await, Err(Error::CursorExpired), "but not for ever");
}

#[tokio::test]
async fn credits_that_run_out_in_the_middle_lose_nothing_that_was_read() {
    let (simulator, shodan) = start().await;
    simulator.set_query_credits(Some(1));
    let mut cursor = shodan.search_all("");
    let mut seen = 0;
    for _ in 0..2 {
        seen += cursor.next().await.unwrap().unwrap().banners.len();
    }
    assert_eq!(cursor.cost().query_credits, 1);
    assert_eq!(cursor.next().await.unwrap_err(), Error::OutOfCredits);
    assert_eq!((seen, cursor.page()), (40, 3), "the place is kept");
    simulator.set_query_credits(Some(9));
    seen += cursor.next().await.unwrap().unwrap().banners.len();
    assert!(cursor.next().await.unwrap().is_none());
    assert_eq!(seen, ALL);
}

#[tokio::test]
async fn a_key_that_is_revoked_between_two_pages_ends_the_search() {
    let (simulator, shodan) = start().await;
    simulator.set_fault_after(1, Fault::BadKey);
    let mut cursor = shodan.search_all("");
    assert!(cursor.next().await.unwrap().is_some());
    assert_eq!(cursor.next().await.unwrap_err(), Error::BadKey);
}

#[tokio::test]
async fn a_search_can_be_taken_up_where_another_ended() {
    let (_simulator, shodan) = start().await;
    let (first, ..) = read(shodan.search_all("").up_to_page(2)).await.unwrap();
    let (rest, ..) = read(shodan.search_all("").from_page(3)).await.unwrap();
    assert_eq!((first, rest), (40, 9));
}
