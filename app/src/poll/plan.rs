//! Which calls answer for all that is due: the fewest that are honest.
//!
//! One search names many addresses and networks, and asks only for what was seen since the last poll; its price is a
//! credit a page. What it leaves out proves nothing, so everything is looked at as a whole once a week, and at once
//! where there is news. Here nothing is asked: a plan is a value.

use domain::asset::Asset;
use domain::target::Target;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::group::Member;

/// An asset that wants an answer.
pub(super) struct Item {
    /// The place of its group among those that are due.
    pub group: usize,
    pub asset: Asset,
    pub member: Member,
}

/// What can be asked at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// Shodan, by look-up and search.
    Search,
    /// Shodan, by look-up only: the plan does not allow to search, or no credits are left.
    LookUp,
    /// InternetDB, which knows single addresses.
    InternetDb,
}

/// One question to the source; the numbers are places among the items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Everything about the addresses of one asset: no credits, and shows what a search hides.
    Look(usize),
    /// The same of several devices, in one request.
    Looks(Vec<usize>),
    /// Everything that a search knows.
    Whole(Search),
    /// What a search has seen lately.
    News(Search),
    /// A network or a query, but nothing to search with.
    Stuck(usize),
}

/// A search that answers for several assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pub items: Vec<usize>,
    pub query: String,
}

/// Everything is looked at as a whole after so long at the latest; up to two days earlier, so that not all are at once.
const WHOLE: SignedDuration = SignedDuration::from_hours(7 * 24);
const SPREAD_HOURS: u64 = 48;
/// So many devices that were never polled are searched for together rather than looked up one a second.
const MANY_NEW: usize = 20;
/// Devices that are looked up in one request: half of what Shodan takes, since an answer has an end too.
pub(super) const MANY: usize = 50;
/// The official client keeps its queries below so many characters.
const QUERY: usize = 1000;
/// A banner is found some time after its date.
const LATE_DAYS: i64 = 1;

/// Joins looks at single devices, where one request may be about several.
pub(super) fn together(items: &[Item], calls: &[Call]) -> Vec<Call> {
    let is_device = |call: &Call| match call {
        Call::Look(number) => matches!(items[*number].asset.target, Target::Address(_)).then_some(*number),
        _ => None,
    };
    let devices: Vec<usize> = calls.iter().filter_map(is_device).collect();
    let joined = devices.chunks(MANY).map(|several| match several {
        [one] => Call::Look(*one),
        several => Call::Looks(several.to_vec()),
    });
    joined.chain(calls.iter().filter(|call| is_device(call).is_none()).cloned()).collect()
}

/// The calls that answer for the items, in the order in which they are to be made.
pub(super) fn plan(items: &[Item], means: Means, now: Timestamp) -> Vec<Call> {
    let new = items.iter().filter(|i| i.member.whole.is_none() && searchable(&i.asset.target).is_some()).count();
    let (mut calls, mut whole, mut news) = (Vec::new(), Vec::new(), Vec::new());
    for (number, item) in items.iter().enumerate() {
        let since = item.member.polled.filter(|_| !wants_whole(item, now));
        match (&item.asset.target, searchable(&item.asset.target)) {
            (Target::Query(_), _) if means != Means::Search => calls.push((number, Call::Stuck(number))),
            (Target::Network(_), _) if means == Means::LookUp => calls.push((number, Call::Stuck(number))),
            (Target::Query(query), _) => {
                let (query, kind): (_, fn(Search) -> Call) = match since {
                    Some(since) => (format!("{query} {}", after(since)), Call::News),
                    None => (query.clone(), Call::Whole),
                };
                calls.push((number, kind(Search { items: vec![number], query })));
            }
            (_, Some(net)) if means == Means::Search && since.is_some() => news.push((since.map(day), number, net)),
            (Target::Network(_), Some(net)) if means == Means::Search => whole.push((None, number, net)),
            (Target::Address(_), Some(net))
                if means == Means::Search && item.member.whole.is_none() && new > MANY_NEW =>
            {
                whole.push((None, number, net));
            }
            _ => calls.push((number, Call::Look(number))),
        }
    }
    // Days together: a search asks since the earliest day of all that it names.
    news.sort();
    calls.extend(searches(&whole).into_iter().map(|s| (s.items[0], Call::Whole(s))));
    calls.extend(searches(&news).into_iter().map(|s| (s.items[0], Call::News(s))));
    calls.sort_by_key(|(first, _)| *first);
    calls.into_iter().map(|(_, call)| call).collect()
}

/// As `net:` names it. Addresses of version 6 are looked up: whether a list of them is understood, nobody says.
fn searchable(target: &Target) -> Option<String> {
    match target {
        Target::Address(ip) if ip.is_ipv4() => Some(ip.to_string()),
        Target::Network(net) => Some(net.trunc().to_string()),
        Target::Address(_) | Target::Hostname(_) | Target::Query(_) => None,
    }
}

fn wants_whole(item: &Item, now: Timestamp) -> bool {
    let early = item.asset.id.ulid.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let early = SignedDuration::from_hours(i64::try_from(early % SPREAD_HOURS).unwrap_or(0));
    item.member.whole.is_none_or(|last| now.duration_since(last) >= WHOLE - early)
}

/// Joins what goes into one query, in the order given.
fn searches(parts: &[(Option<Date>, usize, String)]) -> Vec<Search> {
    let mut searches: Vec<Search> = Vec::new();
    let mut earliest = None;
    for (since, number, net) in parts {
        let fits = |query: &str| query.len() + net.len() + 1 + " after:00/00/0000".len() <= QUERY;
        match searches.last_mut() {
            Some(search) if fits(&search.query) => {
                search.items.push(*number);
                search.query.push(',');
                search.query.push_str(net);
            }
            last => {
                if let Some(full) = last {
                    close(full, earliest);
                }
                earliest = *since;
                searches.push(Search { items: vec![*number], query: format!("net:{net}") });
            }
        }
    }
    if let Some(last) = searches.last_mut() {
        close(last, earliest);
    }
    searches
}

fn close(search: &mut Search, since: Option<Date>) {
    if let Some(since) = since {
        search.query.push(' ');
        search.query.push_str(&after_day(since));
    }
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

fn after(at: Timestamp) -> String {
    after_day(day(at))
}

/// Days are DD/MM/YYYY: an ISO date finds nothing, without an error.
fn after_day(day: Date) -> String {
    let day = day.checked_sub(SignedDuration::from_hours(24 * LATE_DAYS)).unwrap_or(day);
    format!("after:{:02}/{:02}/{:04}", day.day(), day.month(), day.year())
}

#[cfg(test)]
mod tests {
    use domain::ids::{AssetId, Bucket};

    use super::*;

    fn now() -> Timestamp {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn item(number: u32, target: Target, hours: Option<(i64, i64)>) -> Item {
        let id = AssetId { bucket: Bucket::default(), ulid: format!("01J8ZQ4W3E9V6T5R2P1{number:07}") };
        let ago = |h: i64| now() - SignedDuration::from_hours(h);
        let member = Member {
            polled: hours.map(|(polled, _)| ago(polled)),
            whole: hours.map(|(_, whole)| ago(whole)),
            ..Member::new(&id, now())
        };
        let asset = Asset {
            id,
            name: "a".into(),
            target,
            device: domain::asset::DeviceProfile::default(),
            tags: Vec::new(),
            criticality: domain::asset::Criticality::Medium,
            owner: None,
            owner_email: None,
            external_id: None,
            notes: None,
            allowed_services: Vec::new(),
            poll_interval: None,
            enabled: true,
            group: 0,
            addresses: Vec::new(),
            created_at: now(),
            updated_at: now(),
            retired_at: None,
            retired_reason: None,
        };
        Item { group: 0, asset, member }
    }

    fn device(number: u32, hours: Option<(i64, i64)>) -> Item {
        let ip = std::net::Ipv4Addr::from(0x0808_0000 + number);
        item(number, Target::Address(ip.into()), hours)
    }

    #[test]
    fn devices_that_were_polled_share_searches_for_news() {
        let items: Vec<Item> = (0..1000).map(|n| device(n, Some((1, 24)))).collect();
        let calls = plan(&items, Means::Search, now());
        assert!(calls.len() <= 17, "{}", calls.len());
        let mut named = 0;
        for call in &calls {
            let Call::News(search) = call else { panic!("{call:?}") };
            assert!(search.query.len() <= QUERY && search.query.ends_with(" after:01/03/2026"), "{}", search.query);
            named += search.items.len();
        }
        assert_eq!(named, 1000);
    }

    #[test]
    fn everything_is_looked_at_as_a_whole_once_a_week_though_not_all_at_once() {
        let items: Vec<Item> = (0..300).map(|n| device(n, Some((1, 6 * 24)))).collect();
        let looks = plan(&items, Means::Search, now()).iter().filter(|c| matches!(c, Call::Look(_))).count();
        assert!((50..250).contains(&looks), "{looks}");
        let items: Vec<Item> = (0..300).map(|n| device(n, Some((1, 7 * 24)))).collect();
        assert_eq!(plan(&items, Means::Search, now()).len(), 300);
    }

    #[test]
    fn a_search_asks_since_the_earliest_day_of_those_that_it_names() {
        let items = [device(0, Some((1, 24))), device(1, Some((50, 60)))];
        let calls = plan(&items, Means::Search, now());
        let expected = Search { items: vec![1, 0], query: "net:8.8.0.1,8.8.0.0 after:27/02/2026".into() };
        assert_eq!(calls, [Call::News(expected)]);
    }

    #[test]
    fn a_few_new_devices_are_looked_up_and_many_are_searched_for() {
        let few: Vec<Item> = (0..5).map(|n| device(n, None)).collect();
        assert!(plan(&few, Means::Search, now()).iter().all(|c| matches!(c, Call::Look(_))));
        let many: Vec<Item> = (0..100).map(|n| device(n, None)).collect();
        let calls = plan(&many, Means::Search, now());
        assert!(calls.len() <= 2 && calls.iter().all(|c| matches!(c, Call::Whole(_))), "{calls:?}");
        assert!(plan(&many, Means::LookUp, now()).iter().all(|c| matches!(c, Call::Look(_))));
    }

    #[test]
    fn without_credits_devices_go_on_and_networks_are_stuck() {
        let net = item(1, Target::Network("8.8.0.0/20".parse().unwrap()), Some((1, 24)));
        let query = item(2, Target::Query("org:Acme".into()), None);
        let items = [device(0, Some((1, 24))), net, query];
        assert_eq!(plan(&items, Means::LookUp, now()), [Call::Look(0), Call::Stuck(1), Call::Stuck(2)]);
        let calls = plan(&items, Means::Search, now());
        assert!(
            matches!(&calls[..], [Call::News(both), Call::Whole(query)]
            if both.items == [0, 1] && query.query == "org:Acme"),
            "{calls:?}"
        );
    }

    #[test]
    fn where_the_plan_allows_devices_are_looked_up_together() {
        let mut items: Vec<Item> = (0..120).map(|n| device(n, Some((1, 8 * 24)))).collect();
        items.push(item(121, Target::Hostname("plant.example".into()), Some((1, 24))));
        let calls = together(&items, &plan(&items, Means::Search, now()));
        let looks = |call: &Call| match call {
            Call::Looks(several) => several.len(),
            _ => 1,
        };
        assert_eq!(calls.iter().map(looks).collect::<Vec<_>>(), [MANY, MANY, 20, 1]);
        assert_eq!(together(&items[..1], &plan(&items[..1], Means::Search, now())), [Call::Look(0)]);
    }

    #[test]
    fn addresses_of_version_6_and_host_names_are_looked_up() {
        let v6 = item(0, Target::Address("2001:4860:4860::8888".parse().unwrap()), Some((1, 24)));
        let name = item(1, Target::Hostname("plant.example".into()), Some((1, 24)));
        assert_eq!(plan(&[v6, name], Means::Search, now()), [Call::Look(0), Call::Look(1)]);
    }
}
