use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::asset::Asset;
use domain::event::{Event, EventType};
use domain::finding::{Finding, FindingState};
use domain::host::Host;
use domain::ids::{AssetId, Bucket, EventId, FindingId, OrgId, ServiceId};
use domain::observation::Transport;
use domain::role::Action;
use domain::service::{Service, ServiceState};
use domain::severity::Severity;
use ipnet::IpNet;
use jiff::Timestamp;

use super::stored::{StoredFinding, all, host_key, read_finding};
use crate::access::Caller;
use crate::assets::{Register, bad_cursor};
use crate::directory::Counts;
use crate::ports::{RowRange, Table};
use crate::{App, Error, ledger, rows};

/// One finding.
pub async fn finding(app: &App, caller: &Caller, id: &FindingId) -> Result<Option<Finding>, Error> {
    caller.may(Action::Read)?;
    Ok(stored_finding(app, &caller.org, id).await?.map(|f| f.finding))
}

pub(super) async fn stored_finding(app: &App, org: &OrgId, id: &FindingId) -> Result<Option<StoredFinding>, Error> {
    let row = app.tables.get(Table::Exposure, &ledger::partition(org, id.bucket), &id.row()).await?;
    match row {
        Some(row) if super::stored::alias(&row).is_none() => {
            Ok(Some(read_finding(&row)?).filter(|f| f.finding.id == *id))
        }
        _ => Ok(None),
    }
}

/// One service.
pub async fn service(app: &App, caller: &Caller, id: &ServiceId) -> Result<Option<Service>, Error> {
    caller.may(Action::Read)?;
    let row = app.tables.get(Table::Exposure, &ledger::partition(&caller.org, id.asset.bucket), &id.row()).await?;
    Ok(row.as_ref().map(rows::decode).transpose()?)
}

/// One event.
pub async fn event(app: &App, caller: &Caller, id: EventId) -> Result<Option<Event>, Error> {
    caller.may(Action::Read)?;
    Ok(app.event(&caller.org, id).await?)
}

/// The findings that an asset owns, worst first, at most 1000.
pub async fn findings_of(
    app: &App,
    caller: &Caller,
    asset: &AssetId,
    service: Option<&ServiceId>,
) -> Result<Vec<Finding>, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let Some(asset) = register.find(asset) else { return Ok(Vec::new()) };
    let stored = super::load(app, &ledger::partition(&caller.org, asset.id.bucket), asset).await?;
    let mut found: Vec<Finding> = stored.findings().map(|f| f.finding).collect();
    found.retain(|f| service.is_none_or(|s| f.service.as_ref() == Some(s)));
    found.sort_by(|a, b| b.risk_score.cmp(&a.risk_score).then_with(|| a.id.cmp(&b.id)));
    Ok(found)
}

/// What is known of one address within the organization's assets.
#[derive(Clone, Debug)]
pub struct HostView {
    /// The host.
    pub host: Host,
    /// Its services, by port.
    pub services: Vec<Service>,
    /// Its owner.
    pub owner: Asset,
    /// All assets that cover it, the owner first.
    pub assets: Vec<Asset>,
}

/// What is known of one address. `None`: nothing.
pub async fn host(app: &App, caller: &Caller, ip: IpAddr) -> Result<Option<HostView>, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let covering: Vec<&Asset> = register.assets().filter(|a| covers(a, ip)).collect();
    for owner in &covering {
        let partition = ledger::partition(&caller.org, owner.id.bucket);
        let row = app.tables.get(Table::Exposure, &partition, &host_key(&owner.id.ulid, ip)).await?;
        let Some(host) = row.as_ref().map(rows::decode::<Host>).transpose()? else { continue };
        let prefix = format!("s|{}|{ip}|", owner.id.ulid);
        let found = all(&*app.tables, &partition, &prefix).await?;
        let mut services: Vec<Service> = found.iter().map(rows::decode).collect::<Result<_, _>>()?;
        services.sort_by_key(|s| (s.port(), s.transport()));
        let mut assets: Vec<Asset> = vec![(*owner).clone()];
        assets.extend(covering.iter().filter(|a| a.id != owner.id).map(|a| (*a).clone()));
        return Ok(Some(HostView { host, services, owner: (*owner).clone(), assets }));
    }
    Ok(None)
}

/// Could the asset have seen the address? Queries may have seen any.
fn covers(asset: &Asset, ip: IpAddr) -> bool {
    match &asset.target {
        domain::target::Target::Address(own) => *own == ip,
        domain::target::Target::Network(net) => net.contains(&ip),
        domain::target::Target::Hostname(_) => asset.addresses.contains(&ip),
        domain::target::Target::Query(_) => true,
    }
}

/// Which services to list.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of the API's ServiceFilter, described there")]
pub struct ServiceFilter {
    pub text: Option<String>,
    pub ports: Option<Vec<u16>>,
    pub transports: Option<Vec<Transport>>,
    pub modules: Option<Vec<String>>,
    pub products: Option<Vec<String>>,
    pub versions: Option<Vec<String>>,
    pub states: Option<Vec<ServiceState>>,
    pub asset_id: Option<AssetId>,
    pub ip: Option<IpAddr>,
    pub cpe_prefix: Option<String>,
    pub banner_contains: Option<String>,
    pub within: Option<Vec<IpNet>>,
    pub asset_tags: Option<Vec<String>>,
}

/// A page of services, in the order of asset, address and port. The cursor is the last row's key.
#[derive(Clone, Debug, Default)]
pub struct ServicePage {
    /// The services.
    pub items: Vec<Service>,
    /// Is there more behind the page?
    pub more: bool,
}

/// What a page may read: so many rows.
const MOST_ROWS: usize = 1000;

/// A page of services from behind `after` (a service's id). Work per page is bounded; `more` says to go on.
pub async fn services_page(
    app: &App,
    caller: &Caller,
    filter: &ServiceFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<ServicePage, Error> {
    caller.may(Action::Read)?;
    let partition = ledger::partition(&caller.org, Bucket::default());
    let register = Register::read(app, &caller.org).await?;
    let prefix = filter.asset_id.as_ref().map_or_else(|| "s|".to_owned(), |id| format!("s|{}|", id.ulid));
    let mut range = RowRange::prefix(&prefix, 200);
    if let Some(after) = after {
        let id: ServiceId = after.parse().map_err(|_| bad_cursor())?;
        range.from = format!("{}!", id.row());
    }
    let mut page = ServicePage::default();
    let mut read = 0;
    loop {
        let found = app.tables.range(Table::Exposure, &partition, range.clone()).await?;
        read += found.rows.len();
        for row in &found.rows {
            let service: Service = rows::decode(row)?;
            if !filter.takes(&service, &register) {
                continue;
            }
            if page.items.len() == limit {
                page.more = true;
                return Ok(page);
            }
            page.items.push(service);
        }
        match found.next {
            Some(_) if read >= MOST_ROWS && !page.items.is_empty() => {
                page.more = true;
                return Ok(page);
            }
            Some(next) => range.from = next,
            None => return Ok(page),
        }
    }
}

impl ServiceFilter {
    fn takes(&self, s: &Service, register: &Register) -> bool {
        let banner = s.banner.as_ref();
        let among = |wanted: &Option<Vec<String>>, value: Option<&String>| {
            wanted.as_ref().is_none_or(|w| value.is_some_and(|v| w.contains(v)))
        };
        let contains = |wanted: &String| banner.is_some_and(|b| b.text.to_lowercase().contains(&wanted.to_lowercase()));
        let text = |wanted: &String| {
            let wanted = wanted.to_lowercase();
            let named = banner.into_iter().flat_map(|b| [&b.module, &b.product, &b.version]).flatten();
            named.into_iter().any(|t| t.to_lowercase().contains(&wanted)) || s.ip().to_string().contains(&wanted)
        };
        let tagged =
            |tags: &Vec<String>| register.find(&s.id.asset).is_some_and(|a| tags.iter().any(|t| a.tags.contains(t)));
        self.ports.as_ref().is_none_or(|p| p.contains(&s.port()))
            && self.transports.as_ref().is_none_or(|t| t.contains(&s.transport()))
            && self.states.as_ref().is_none_or(|t| t.contains(&s.state))
            && self.ip.is_none_or(|ip| s.ip() == ip)
            && self.within.as_ref().is_none_or(|nets| nets.iter().any(|n| n.contains(&s.ip())))
            && among(&self.modules, banner.and_then(|b| b.module.as_ref()))
            && among(&self.products, banner.and_then(|b| b.product.as_ref()))
            && among(&self.versions, banner.and_then(|b| b.version.as_ref()))
            && self
                .cpe_prefix
                .as_ref()
                .is_none_or(|p| banner.is_some_and(|b| b.cpes.iter().any(|c| c.starts_with(p.as_str()))))
            && self.banner_contains.as_ref().is_none_or(contains)
            && self.text.as_ref().is_none_or(text)
            && self.asset_tags.as_ref().is_none_or(tagged)
    }
}

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of the API's EventFilter, described there")]
pub struct EventFilter {
    pub types: Option<Vec<EventType>>,
    pub min_severity: Option<Severity>,
    pub asset_id: Option<AssetId>,
    pub finding_id: Option<FindingId>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// Does the filter let the event through?
    pub fn takes(&self, e: &Event) -> bool {
        self.types.as_ref().is_none_or(|t| t.contains(&e.kind))
            && self.min_severity.is_none_or(|s| e.subjects.severity.is_none_or(|own| own >= s))
            && self.asset_id.as_ref().is_none_or(|id| e.subjects.asset.as_ref() == Some(id))
            && self.finding_id.as_ref().is_none_or(|id| e.subjects.finding.as_ref() == Some(id))
            && self.since.is_none_or(|t| e.at >= t)
            && self.until.is_none_or(|t| e.at < t)
    }
}

/// A page of events. Its cursor is the number of the last event that was looked at, also when none was shown.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// The events, oldest first.
    pub items: Vec<Event>,
    /// Up to which event the page has looked, in the direction of reading; 0: at none.
    pub looked_to: u64,
    /// Is there more behind the page?
    pub more: bool,
}

/// Events from behind number `after`, oldest first; or the ones before `before`, when `backward`.
pub async fn events_page(
    app: &App,
    caller: &Caller,
    filter: &EventFilter,
    (cursor, limit, backward): (Option<u64>, usize, bool),
) -> Result<EventPage, Error> {
    caller.may(Action::Read)?;
    let bucket = Bucket::default();
    let partition = ledger::partition(&caller.org, bucket);
    let (head, _) = ledger::Head::read(&*app.tables, &partition).await?;
    let mut page = EventPage { looked_to: cursor.unwrap_or(0), ..EventPage::default() };
    if backward {
        let mut end = cursor.unwrap_or(head.events + 1);
        let mut read = 0;
        while end > 1 && read < MOST_ROWS as u64 {
            let start = end.saturating_sub(200).max(1);
            let events = read_events(app, &partition, bucket, start, end).await?;
            read += end - start;
            for event in events.into_iter().rev().filter(|e| filter.takes(e)) {
                if page.items.len() == limit {
                    page.more = true;
                    break;
                }
                page.looked_to = event.id.number;
                page.items.push(event);
            }
            if page.more {
                break;
            }
            end = start;
            page.looked_to = start;
        }
        page.more |= end > 1;
        page.items.reverse();
        return Ok(page);
    }
    let mut start = page.looked_to + 1;
    let first = start;
    while start <= head.events {
        let end = (start + 200).min(head.events + 1);
        for event in read_events(app, &partition, bucket, start, end).await? {
            if filter.takes(&event) {
                if page.items.len() == limit {
                    page.more = true;
                    return Ok(page);
                }
                page.items.push(event.clone());
            }
            page.looked_to = event.id.number;
        }
        start = end;
        if start - first >= MOST_ROWS as u64 && start <= head.events {
            page.more = true;
            break;
        }
    }
    Ok(page)
}

async fn read_events(app: &App, partition: &str, bucket: Bucket, start: u64, end: u64) -> Result<Vec<Event>, Error> {
    let key = |number| EventId { bucket, number }.row();
    let range = RowRange { from: key(start), to: Some(key(end)), limit: 200 };
    let page = app.tables.range(Table::Exposure, partition, range).await?;
    Ok(page.rows.iter().map(rows::decode).collect::<Result<_, _>>()?)
}

/// The organization at a glance.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Findings.
    pub counts: Counts,
    /// Opened since the period began.
    pub new_findings: usize,
    /// Active and known to be exploited.
    pub known_exploited: usize,
    /// Active and due.
    pub overdue: usize,
    /// The greatest risk of an active finding.
    pub risk: u8,
    /// Active findings by port, most first, at most ten.
    pub top_ports: Vec<(u16, usize)>,
    /// Assets by risk, greatest first, at most five.
    pub top_assets: Vec<AssetId>,
    /// Half of the active findings are older, in hours.
    pub median_age_hours: Option<f64>,
}

/// The organization at a glance, from the directory alone.
pub async fn overview(app: &App, caller: &Caller, since: Timestamp) -> Result<Overview, Error> {
    caller.may(Action::Read)?;
    let bucket = Bucket::default();
    let (head, snapshot) = app.snapshot(&caller.org, bucket).await?;
    let now = crate::directory::seconds(app.now());
    let mut overview = Overview { counts: head.counts, ..Overview::default() };
    let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
    let mut assets: BTreeMap<u128, u8> = BTreeMap::new();
    let mut ages = Vec::new();
    for entry in snapshot.entries() {
        if i64::from(entry.opened) >= since.as_second() {
            overview.new_findings += 1;
        }
        if !entry.state.is_active() {
            continue;
        }
        overview.known_exploited += usize::from(entry.flags.has(crate::directory::Flags::KNOWN_EXPLOITED));
        overview.overdue += usize::from(entry.due != 0 && entry.due <= now);
        overview.risk = overview.risk.max(entry.risk);
        if entry.port != 0 {
            *ports.entry(entry.port).or_default() += 1;
        }
        let worst = assets.entry(entry.owner).or_default();
        *worst = entry.risk.max(*worst);
        ages.push(now.saturating_sub(entry.opened));
    }
    ages.sort_unstable();
    overview.median_age_hours = ages.get(ages.len() / 2).map(|s| f64::from(*s) / 3600.0);
    let mut ports: Vec<_> = ports.into_iter().collect();
    ports.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    ports.truncate(10);
    overview.top_ports = ports;
    let mut assets: Vec<_> = assets.into_iter().collect();
    assets.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    overview.top_assets =
        assets.into_iter().take(5).map(|(ulid, _)| AssetId { bucket, ulid: ulid::Ulid(ulid).to_string() }).collect();
    debug_assert!(overview.counts.total(FindingState::Open) as usize <= snapshot.entries().len());
    Ok(overview)
}

/// The addresses that an asset owns, in the order of their rows, from behind `after`: hosts with their services, and
/// whether there are more.
pub async fn hosts_of(
    app: &App,
    caller: &Caller,
    asset: &Asset,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<HostView>, bool), Error> {
    caller.may(Action::Read)?;
    let partition = ledger::partition(&caller.org, asset.id.bucket);
    let mut range = RowRange::prefix(&format!("h|{}|", asset.id.ulid), limit + 1);
    if let Some(after) = after {
        let ip: IpAddr = after.parse().map_err(|_| bad_cursor())?;
        range.from = format!("{}!", host_key(&asset.id.ulid, ip));
    }
    let mut rows_found = app.tables.range(Table::Exposure, &partition, range).await?.rows;
    let more = rows_found.len() > limit;
    rows_found.truncate(limit);
    let mut views = Vec::with_capacity(rows_found.len());
    for row in &rows_found {
        let host: Host = rows::decode(row)?;
        let found = all(&*app.tables, &partition, &format!("s|{}|{}|", asset.id.ulid, host.ip)).await?;
        let services: Vec<Service> = found.iter().map(rows::decode).collect::<Result<_, _>>()?;
        views.push(HostView { host, services, owner: asset.clone(), assets: vec![asset.clone()] });
    }
    Ok((views, more))
}
