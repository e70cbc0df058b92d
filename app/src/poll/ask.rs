use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use domain::observation::{DataSource, HostObservation};
use domain::target::{Target, watchable};

use super::answer::{Answer, joined};
use super::plan::{Call, Item, MANY, Search};
use super::seen::Seen;
use crate::App;
use crate::ports::{HostAnswer, SourceError, SourceKey};

/// A page holds 100 banners; a source that never ends is stopped here, and the look counts as not whole.
const MOST_PAGES: u32 = 1000;
const PAGE: u64 = 100;
/// A host name with more addresses than this is a content network's.
const MOST_ADDRESSES: usize = 32;
/// Without a key a network is looked at address by address, so far.
const MOST_WITHOUT_KEY: usize = 256;

/// What came of a call.
#[derive(Default)]
pub(super) struct Asked {
    /// An answer, or why there is none, for each item that the call was about.
    pub results: Vec<(usize, Result<Answer, SourceError>)>,
    /// Requests that were made.
    pub calls: u32,
    /// Query credits that they cost.
    pub credits: u32,
    /// Why searching was refused, if it was.
    pub refused: Option<SourceError>,
}

/// Makes a call of the plan. Where searching is not allowed or not paid for, devices are looked up instead. `many`: the plan
/// allows to look several up in one request.
pub(super) async fn carry_out(app: &App, key: &SourceKey, items: &[Item], call: &Call, many: bool) -> Asked {
    let mut asked = Asked::default();
    match call {
        Call::Look(number) => {
            let answer = look(app, key, &items[*number], &mut asked.calls).await;
            asked.results.push((*number, answer));
        }
        Call::Looks(several) => look_together(app, key, items, several, &mut asked).await,
        Call::Stuck(number) => {
            asked.results.push((*number, Err(SourceError::PlanTooLow("a query needs a Shodan key".into()))));
        }
        Call::Whole(search) => match all_pages(app, key, search, &mut asked).await {
            Ok(answer) => {
                for &number in &search.items {
                    asked.results.push((number, Ok(part(app, &items[number], &answer))));
                }
            }
            Err(error) => without_search(app, key, items, search, error, &mut asked).await,
        },
        Call::News(search) => match all_pages(app, key, search, &mut asked).await {
            Ok(answer) => {
                let answer = Answer { news: true, whole: false, ..answer };
                let news: Vec<_> = search.items.iter().map(|n| (*n, part(app, &items[*n], &answer))).collect();
                follow(app, key, items, news, many, &mut asked).await;
            }
            Err(error) => without_search(app, key, items, search, error, &mut asked).await,
        },
    }
    asked
}

/// A device about which there is news is looked up: that costs no credits, and shows what the search hides and what
/// is gone. If it fails, the news are what is known.
async fn follow(app: &App, key: &SourceKey, items: &[Item], news: Vec<(usize, Answer)>, many: bool, asked: &mut Asked) {
    let is_new = |(number, news): &(usize, Answer)| {
        let item = &items[*number];
        matches!(item.asset.target, Target::Address(_)) && !Seen::read(&item.member.seen).has_all(&news.hosts)
    };
    let (new, known): (Vec<_>, Vec<_>) = news.into_iter().partition(is_new);
    asked.results.extend(known.into_iter().map(|(number, news)| (number, Ok(news))));
    for several in new.chunks(if many { MANY } else { 1 }) {
        let numbers: Vec<usize> = several.iter().map(|(number, _)| *number).collect();
        let mut looked = Asked::default();
        look_together(app, key, items, &numbers, &mut looked).await;
        asked.calls += looked.calls;
        let news: HashMap<usize, &Answer> = several.iter().map(|(number, news)| (*number, news)).collect();
        asked.results.extend(looked.results.into_iter().map(|(number, answer)| {
            let instead = || news.get(&number).map_or_else(Answer::default, |news| (*news).clone());
            (number, Ok(answer.unwrap_or_else(|_| instead())))
        }));
    }
}

/// Everything about several devices, in one request where that is allowed after all.
async fn look_together(app: &App, key: &SourceKey, items: &[Item], numbers: &[usize], asked: &mut Asked) {
    let address = |number: &usize| match items[*number].asset.target {
        Target::Address(ip) => Some((*number, ip)),
        _ => None,
    };
    let places: Vec<(usize, IpAddr)> = numbers.iter().filter_map(address).collect();
    if let [(number, _)] = places[..] {
        let answer = look(app, key, &items[number], &mut asked.calls).await;
        asked.results.push((number, answer));
        return;
    }
    let ips: Vec<IpAddr> = places.iter().map(|(_, ip)| *ip).collect();
    asked.calls += 1;
    match app.exposure.hosts(key, &ips).await {
        Ok(hosts) => {
            let hosts = joined(hosts);
            let of = |ip: IpAddr| hosts.iter().filter(|host| host.ip == ip).cloned().collect::<Vec<_>>();
            let answer = |(number, ip): (usize, IpAddr)| (number, Ok(looked(of(ip), DataSource::ShodanHost)));
            asked.results.extend(places.into_iter().map(answer));
        }
        Err(SourceError::PlanTooLow(_)) => {
            for (number, _) in places {
                let answer = look(app, key, &items[number], &mut asked.calls).await;
                asked.results.push((number, answer));
            }
        }
        Err(error) => asked.results.extend(places.into_iter().map(|(number, _)| (number, Err(error.clone())))),
    }
}

async fn without_search(
    app: &App,
    key: &SourceKey,
    items: &[Item],
    search: &Search,
    error: SourceError,
    asked: &mut Asked,
) {
    if matches!(error, SourceError::PlanTooLow(_) | SourceError::OutOfCredits) {
        asked.refused = Some(error.clone());
    }
    for &number in &search.items {
        let is_device = matches!(items[number].asset.target, Target::Address(_));
        let answer = if asked.refused.is_some() && is_device {
            look(app, key, &items[number], &mut asked.calls).await
        } else {
            Err(error.clone())
        };
        asked.results.push((number, answer));
    }
}

/// Everything about the addresses of an asset.
async fn look(app: &App, key: &SourceKey, item: &Item, calls: &mut u32) -> Result<Answer, SourceError> {
    match &item.asset.target {
        Target::Address(ip) => look_up(app, key, &[*ip], calls).await,
        Target::Hostname(name) => {
            *calls += 1;
            let mut addresses = app.exposure.resolve(key, name).await?;
            addresses.retain(|ip| watchable(*ip, &app.settings.target_allow));
            addresses.sort_unstable();
            addresses.dedup();
            addresses.truncate(MOST_ADDRESSES);
            let answer = look_up(app, key, &addresses, calls).await?;
            Ok(Answer { addresses: Some(addresses), ..answer })
        }
        Target::Network(net) => {
            let hosts: Vec<IpAddr> = net.hosts().take(MOST_WITHOUT_KEY).collect();
            look_up(app, key, &hosts, calls).await
        }
        Target::Query(_) => Err(SourceError::PlanTooLow("a query needs a Shodan key".into())),
    }
}

async fn look_up(app: &App, key: &SourceKey, addresses: &[IpAddr], calls: &mut u32) -> Result<Answer, SourceError> {
    let mut hosts = Vec::new();
    for ip in addresses {
        *calls += 1;
        if let HostAnswer::Known(host) = app.exposure.host(key, *ip).await? {
            hosts.push(*host);
        }
    }
    let source = match key {
        SourceKey::Shodan(_) => DataSource::ShodanHost,
        SourceKey::InternetDb => DataSource::InternetDb,
    };
    Ok(looked(joined(hosts), source))
}

/// An answer to a look.
fn looked(hosts: Vec<HostObservation>, source: DataSource) -> Answer {
    Answer { hosts, whole: true, source: Some(source), ..Answer::default() }
}

/// All pages of a search. Paging is not stable: `total` moves and banners come twice; so pages are read until one
/// is empty or all that any page promised was seen. What was promised and did not come makes the look not whole.
async fn all_pages(app: &App, key: &SourceKey, search: &Search, asked: &mut Asked) -> Result<Answer, SourceError> {
    let mut hosts: Vec<HostObservation> = Vec::new();
    let mut came = HashSet::new();
    let mut promised = 0;
    let mut whole = true;
    let mut ended = false;
    for page in 1..=MOST_PAGES {
        asked.calls += 1;
        let found = app.exposure.search(key, &search.query, page).await?;
        asked.credits += 1;
        promised = promised.max(found.total);
        whole &= found.unreadable == 0;
        ended = found.banners == 0 || u64::from(page) * PAGE >= promised;
        hosts.extend(found.hosts);
        came.extend(found.marks);
        if ended {
            break;
        }
    }
    whole &= ended && came.len() as u64 >= promised;
    let source = Some(DataSource::ShodanSearch);
    Ok(Answer { hosts: joined(hosts), whole, source, ..Answer::default() })
}

/// What of a search is about one asset. What it brings of other people's addresses is not ours to keep.
fn part(app: &App, item: &Item, answer: &Answer) -> Answer {
    let ours = |ip: IpAddr| match &item.asset.target {
        Target::Address(own) => ip == *own,
        Target::Network(net) => net.contains(&ip),
        Target::Hostname(_) => item.asset.addresses.contains(&ip),
        Target::Query(_) => watchable(ip, &app.settings.target_allow),
    };
    answer.about(ours)
}
