use std::net::IpAddr;

use domain::asset::Asset;
use domain::host::Host;
use domain::ids::Bucket;
use domain::role::Action;
use domain::target::Target;
use ipnet::IpNet;

use super::keyed::{Keyed, cursor};
use super::stored::host_key;
use crate::access::Caller;
use crate::assets::Register;
use crate::ports::{Row, StoreError, Table};
use crate::{App, Error, ledger, rows};

/// What is known of one address within the organization's assets.
#[derive(Clone, Debug)]
pub struct HostView {
    /// The host.
    pub host: Host,
    /// Its owner.
    pub owner: Asset,
    /// The devices, domains and networks that cover it, and its owner, who comes first.
    pub assets: Vec<Asset>,
}

/// Which hosts to list. Fields are and-ed; the values of a list are or-ed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFilter {
    /// Inside one of these networks.
    pub within: Option<Vec<IpNet>>,
    /// `true`: no device and no domain of the register has the address; it was seen inside a network or by a query.
    pub unregistered: Option<bool>,
    /// With one of these ports.
    pub ports: Option<Vec<u16>>,
    /// With one of these tags of the source.
    pub tags: Option<Vec<String>>,
}

/// A page of hosts, in the order of asset and address.
#[derive(Clone, Debug, Default)]
pub struct HostPage {
    /// The hosts, each with its cursor.
    pub items: Vec<(String, HostView)>,
    /// May there be more, in the direction of reading?
    pub more: bool,
    /// From where to go on, where that is not the last item in the direction of reading.
    pub end: Option<String>,
}

/// What is known of one address. `None`: nothing.
pub async fn host(app: &App, caller: &Caller, ip: IpAddr) -> Result<Option<HostView>, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let mut covering: Vec<&Asset> = register.assets().filter(|a| covers(a, ip)).collect();
    // Who owns it now first, then who is watched, then who was.
    covering.sort_by_key(|a| (register.owners().owner(ip, &a.id) != a.id, a.retired_at.is_some()));
    for owner in covering {
        let partition = ledger::partition(&caller.org, owner.id.bucket);
        let row = app.tables.get(Table::Exposure, &partition, &host_key(&owner.id.ulid, ip)).await?;
        if let Some(host) = row.as_ref().map(rows::decode::<Host>).transpose()? {
            return Ok(Some(view(&register, host, owner)));
        }
    }
    Ok(None)
}

/// A page of hosts, of one asset or of all: `limit` from behind the cursor, or before it when `backward`. Each address is
/// listed once, at its owner.
pub async fn hosts_page(
    app: &App,
    caller: &Caller,
    asset: Option<&Asset>,
    filter: &HostFilter,
    asked: (Option<&str>, usize, bool),
) -> Result<HostPage, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let partition = ledger::partition(&caller.org, Bucket::default());
    let place = Keyed { app, partition: &partition, letter: 'h', asset, register: &register };
    let page = place.page(asked, |row| filter.read(row, &register, asset)).await?;
    let shown = page.items.into_iter().map(|(key, (host, owner))| (cursor(&key), view(&register, host, owner)));
    Ok(HostPage { items: shown.collect(), more: page.more, end: page.end })
}

/// How many hosts match. `None`: more than 10 000, or more rows would have to be read to tell.
pub async fn hosts_count(
    app: &App,
    caller: &Caller,
    asset: Option<&Asset>,
    filter: &HostFilter,
) -> Result<Option<usize>, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let partition = ledger::partition(&caller.org, Bucket::default());
    let place = Keyed { app, partition: &partition, letter: 'h', asset, register: &register };
    Ok(place.count(|row| Ok(filter.read(row, &register, asset)?.is_some())).await?)
}

fn view(register: &Register, host: Host, owner: &Asset) -> HostView {
    let others = register.assets().filter(|a| {
        a.id != owner.id && a.retired_at.is_none() && !matches!(a.target, Target::Query(_)) && covers(a, host.ip)
    });
    let assets = std::iter::once(owner).chain(others).cloned().collect();
    HostView { host, owner: owner.clone(), assets }
}

/// Could the asset have seen the address? Queries may have seen any.
fn covers(asset: &Asset, ip: IpAddr) -> bool {
    match &asset.target {
        Target::Address(own) => *own == ip,
        Target::Network(net) => net.contains(&ip),
        Target::Hostname(_) => asset.addresses.contains(&ip),
        Target::Query(_) => true,
    }
}

impl HostFilter {
    /// The host of a row with its asset, if it matches. In the list of all, what another asset owns now is that one's.
    fn read<'a>(
        &self,
        row: &Row,
        register: &'a Register,
        of: Option<&Asset>,
    ) -> Result<Option<(Host, &'a Asset)>, StoreError> {
        let Some(owner) = row.key.split('|').nth(1).and_then(|ulid| register.by_ulid(ulid)) else { return Ok(None) };
        let host: Host = rows::decode(row)?;
        let listed = of.is_some() || register.owners().owner(host.ip, &owner.id) == owner.id;
        Ok((listed && self.takes(&host, register)).then_some((host, owner)))
    }

    fn takes(&self, host: &Host, register: &Register) -> bool {
        self.within.as_ref().is_none_or(|nets| nets.iter().any(|net| net.contains(&host.ip)))
            && self.unregistered.is_none_or(|wanted| register.owners().names(host.ip) != wanted)
            && self.ports.as_ref().is_none_or(|ports| ports.iter().any(|port| host.ports.contains(port)))
            && self.tags.as_ref().is_none_or(|tags| tags.iter().any(|tag| host.tags.contains(tag)))
    }
}
