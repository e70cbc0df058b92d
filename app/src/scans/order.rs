use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use domain::ids::{AssetId, FindingId};
use domain::target::Target;

use super::scan::Wanted;
use crate::access::Caller;
use crate::assets::Register;
use crate::{App, Error, UserError, UserErrorCode, findings};

/// What is to be looked at.
#[derive(Default)]
pub(super) struct Order {
    pub(super) ips: BTreeSet<IpAddr>,
    /// The ports, by address; empty: all.
    pub(super) ports: BTreeMap<IpAddr, Vec<Wanted>>,
}

/// One scan looks at so many addresses.
pub(super) const MOST: usize = 1000;

/// What assets and findings come to. Where only findings are named whose protocols are known, only their ports are
/// looked at; otherwise everything that Shodan crawls.
pub(super) async fn order(
    app: &App,
    caller: &Caller,
    assets: &[AssetId],
    wanted: &[FindingId],
) -> Result<Order, Error> {
    let register = Register::read(app, &caller.org).await?;
    let mut order = Order::default();
    let mut faults = Vec::new();
    for (place, id) in assets.iter().enumerate() {
        let mut fault = |code, message: &str| {
            let field = vec!["input".into(), "assetIds".into(), place.to_string()];
            faults.push(UserError { code, message: message.into(), field });
        };
        let Some(asset) = register.find(id) else {
            fault(UserErrorCode::NotFound, "no such asset");
            continue;
        };
        match &asset.target {
            _ if asset.retired_at.is_some() => fault(UserErrorCode::NotAllowed, "the asset is retired"),
            Target::Address(ip) => drop(order.ips.insert(*ip)),
            Target::Network(net) => order.ips.extend(net.hosts().take(MOST + 1)),
            Target::Hostname(_) if asset.addresses.is_empty() => {
                fault(UserErrorCode::NotAllowed, "the domain has no known address: wait for its first poll");
            }
            Target::Hostname(_) => order.ips.extend(&asset.addresses),
            Target::Query(_) => {
                fault(
                    UserErrorCode::NotAllowed,
                    "what a query finds is not all yours to scan: name findings or devices",
                );
            }
        }
    }
    let mut all_ports = !assets.is_empty();
    for (place, id) in wanted.iter().enumerate() {
        let Some(finding) = findings::finding(app, caller, id).await? else {
            let field = vec!["input".into(), "findingIds".into(), place.to_string()];
            faults.push(UserError { code: UserErrorCode::NotFound, message: "no such finding".into(), field });
            continue;
        };
        order.ips.insert(finding.ip);
        let service = match &finding.service {
            Some(service) => findings::service(app, caller, service).await?,
            None => None,
        };
        let module = service.and_then(|service| service.banner).and_then(|banner| banner.module);
        match (&finding.service, module) {
            (Some(service), Some(module)) => {
                let (port, transport) = (service.port, service.transport);
                let ports = order.ports.entry(finding.ip).or_default();
                if !ports.iter().any(|(p, t, _)| (*p, *t) == (port, transport)) {
                    ports.push((port, transport, module));
                }
            }
            _ => all_ports = true,
        }
    }
    if all_ports {
        order.ports.clear();
    }
    if !faults.is_empty() {
        return Err(Error::User(faults));
    }
    if order.ips.is_empty() {
        return Err(UserError::of(UserErrorCode::Required, "assetIds", "name assets or findings").into());
    }
    if order.ips.len() > MOST {
        let message = format!("one scan looks at {MOST} addresses at most");
        return Err(UserError::of(UserErrorCode::TooMany, "assetIds", message).into());
    }
    Ok(order)
}
