use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use domain::ids::{Bucket, ServiceId};
use domain::observation::{Banner, DataSource, Transport};
use domain::replay::ServiceThen;
use domain::role::Action;
use domain::service::{Service, ServiceState};
use jiff::Timestamp;
use serde_json::Map;

use super::{Past, PastPage, page};
use crate::access::Caller;
use crate::assets::Register;
use crate::findings::services::ServiceFilter;
use crate::findings::stored::all;
use crate::{App, Error, ledger, rows};

/// The services that were known at an instant and match as they were then, in the order of asset, address and port.
/// One whose address belongs to another asset by now is that one's.
pub async fn services_as_of(
    app: &App,
    caller: &Caller,
    at: Timestamp,
    filter: &ServiceFilter,
    wanted: (Option<&str>, usize),
) -> Result<PastPage<Service>, Error> {
    caller.may(Action::Read)?;
    let past = Past::read(app, &caller.org, at).await?;
    let register = Register::read(app, &caller.org).await?;
    let partition = ledger::partition(&caller.org, Bucket::default());
    let mut present: HashMap<(IpAddr, u16, Transport), Vec<Service>> = HashMap::new();
    for row in all(&*app.tables, &partition, "s|").await? {
        let service: Service = rows::decode(&row)?;
        present.entry((service.ip(), service.port(), service.transport())).or_default().push(service);
    }
    let mut then: BTreeMap<String, Service> = BTreeMap::new();
    for (id, told) in &past.known.services {
        let here = present.get(&told.place).map_or(&[][..], Vec::as_slice);
        let now = here.iter().find(|service| service.id == *id).or(here.first());
        if now.is_none() && register.find(&id.asset).is_none() {
            continue;
        }
        let service = as_it_was(id, now, told, at);
        then.insert(service.id.row(), service);
    }
    let owner = filter.asset_id.as_ref();
    let takes = |s: &Service| owner.is_none_or(|asset| s.id.asset == *asset) && filter.takes(s, &register);
    Ok(page(then.into_iter().filter(|(_, service)| takes(service)).collect(), past.told_to, wanted))
}

fn as_it_was(id: &ServiceId, now: Option<&Service>, told: &ServiceThen, at: Timestamp) -> Service {
    let closed_at = (told.state == ServiceState::Closed).then_some(told.since);
    let same = |banner: &&Banner| {
        banner.module == told.module && banner.product == told.product && banner.version == told.version
    };
    let banner = now.and_then(|service| service.banner.as_ref()).filter(same).cloned();
    let kept = now.cloned().unwrap_or_else(|| Service {
        id: id.clone(),
        state: told.state,
        stale: false,
        source: DataSource::ShodanHost,
        first_observed_at: told.since,
        appeared_at: None,
        last_observed_at: told.since,
        observed_at_exact: false,
        polled_at: told.since,
        closed_at,
        misses: 0,
        counted_crawl: None,
        banner: None,
    });
    Service {
        state: told.state,
        closed_at,
        last_observed_at: if kept.last_observed_at <= at { kept.last_observed_at } else { told.since },
        banner: banner.or_else(|| banner_of(told)),
        ..kept
    }
}

/// What the event says of it.
fn banner_of(told: &ServiceThen) -> Option<Banner> {
    let (_, port, transport) = told.place;
    told.module.as_ref()?;
    Some(Banner {
        port,
        transport,
        observed_at: told.since,
        module: told.module.clone(),
        product: told.product.clone(),
        version: told.version.clone(),
        cpes: told.cpes.clone(),
        tags: Vec::new(),
        text: told.banner.clone().unwrap_or_default(),
        vulnerabilities: BTreeMap::new(),
        not_vulnerable: Vec::new(),
        tls: None,
        blocks: Map::new(),
        hash: String::new(),
    })
}
