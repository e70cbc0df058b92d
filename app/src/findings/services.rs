use std::net::IpAddr;

use domain::asset::Asset;
use domain::ids::{AssetId, Bucket};
use domain::observation::Transport;
use domain::role::Action;
use domain::service::{Service, ServiceState};
use ipnet::IpNet;

use super::keyed::{Keyed, cursor};
use super::stored::all;
use crate::access::Caller;
use crate::assets::Register;
use crate::ports::{Row, StoreError};
use crate::{App, Error, ledger, rows};

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

/// A page of services, in the order of asset, address and port.
#[derive(Clone, Debug, Default)]
pub struct ServicePage {
    /// The services, each with its cursor.
    pub items: Vec<(String, Service)>,
    /// May there be more, in the direction of reading?
    pub more: bool,
    /// From where to go on, where that is not the last item in the direction of reading.
    pub end: Option<String>,
}

/// A page of services: `limit` from behind the cursor, or before it when `backward`. Work per page is bounded; a page may be
/// short although there are more.
pub async fn services_page(
    app: &App,
    caller: &Caller,
    filter: &ServiceFilter,
    asked: (Option<&str>, usize, bool),
) -> Result<ServicePage, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let partition = ledger::partition(&caller.org, Bucket::default());
    let Some(place) = filter.place(app, &partition, &register) else { return Ok(ServicePage::default()) };
    let page = place.page(asked, |row| filter.read(row, &register)).await?;
    let items = page.items.into_iter().map(|(key, service)| (cursor(&key), service)).collect();
    Ok(ServicePage { items, more: page.more, end: page.end })
}

/// How many services match. `None`: more than 10 000, or more rows would have to be read to tell.
pub async fn services_count(app: &App, caller: &Caller, filter: &ServiceFilter) -> Result<Option<usize>, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let partition = ledger::partition(&caller.org, Bucket::default());
    let Some(place) = filter.place(app, &partition, &register) else { return Ok(Some(0)) };
    Ok(place.count(|row| Ok(filter.read(row, &register)?.is_some())).await?)
}

/// The services at an address of its owner, by port.
pub async fn services_at(app: &App, caller: &Caller, owner: &Asset, ip: IpAddr) -> Result<Vec<Service>, Error> {
    caller.may(Action::Read)?;
    let partition = ledger::partition(&caller.org, owner.id.bucket);
    let found = all(&*app.tables, &partition, &format!("s|{}|{ip}|", owner.id.ulid)).await?;
    let mut services: Vec<Service> = found.iter().map(rows::decode).collect::<Result<_, _>>()?;
    services.sort_by_key(|s| (s.port(), s.transport()));
    Ok(services)
}

impl ServiceFilter {
    /// Where to look; `None`: the asset is none of the organization's.
    fn place<'a>(&self, app: &'a App, partition: &'a str, register: &'a Register) -> Option<Keyed<'a>> {
        let asset = match &self.asset_id {
            Some(id) => Some(register.find(id)?),
            None => None,
        };
        Some(Keyed { app, partition, letter: 's', asset, register })
    }

    fn read(&self, row: &Row, register: &Register) -> Result<Option<Service>, StoreError> {
        let service: Service = rows::decode(row)?;
        Ok(self.takes(&service, register).then_some(service))
    }

    /// Does it match?
    pub(crate) fn takes(&self, s: &Service, register: &Register) -> bool {
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
