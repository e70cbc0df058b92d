use std::net::IpAddr;

use domain::asset::Asset;
use domain::event::EventType;
use domain::host::Host;
use domain::ids::{AssetId, ServiceId};
use domain::lifecycle;
use domain::service::Service;
use domain::target::Target;

use super::answer::Answer;
use crate::access::Organization;
use crate::assets::Register;
use crate::findings::{StoredAsset, alias_row, host_key, load};
use crate::ledger::{CommitError, Decision, Session};
use crate::ports::{Op, Table};
use crate::{App, Error, rows};

const TRIES: usize = 8;

/// Takes over what another asset has stored about addresses that belong to this one now. Findings move with id,
/// triage and history: nothing is opened or resolved, each says `FINDING_UPDATED`.
pub(super) async fn adopt(
    app: &App,
    organization: &Organization,
    register: &Register,
    asset: &Asset,
    answer: Option<&Answer>,
) -> Result<(), Error> {
    let mine = |ip: &IpAddr| register.owners().owner(*ip, &asset.id) == asset.id;
    let addresses: Vec<IpAddr> = answer.iter().flat_map(|a| a.hosts.iter().map(|h| h.ip)).filter(mine).collect();
    for from in register.assets().filter(|a| a.id != asset.id && a.id.bucket == asset.id.bucket) {
        for ip in addresses.iter().filter(|ip| covered(from, **ip)) {
            move_address(app, organization, from, asset, *ip).await?;
        }
    }
    Ok(())
}

/// Could the asset have stored something about the address while it owned it? Queries are left out: an address
/// that only a query saw is found again by whoever owns it now.
fn covered(asset: &Asset, ip: IpAddr) -> bool {
    match &asset.target {
        Target::Network(net) => net.contains(&ip),
        Target::Hostname(_) => asset.addresses.contains(&ip),
        Target::Address(_) | Target::Query(_) => false,
    }
}

async fn move_address(
    app: &App,
    organization: &Organization,
    from: &Asset,
    to: &Asset,
    ip: IpAddr,
) -> Result<(), Error> {
    for _ in 0..TRIES {
        let mut session = app.open_ledger(&organization.id, &organization.name, to.id.bucket).await?;
        let row = app.tables.get(Table::Exposure, session.partition(), &host_key(&from.id.ulid, ip)).await?;
        let Some(row) = row else { return Ok(()) };
        let host: Host = rows::decode(&row)?;
        let stored = load(app, session.partition(), from).await?;
        let decisions = moved(app, &stored, from, to, &host)?;
        if commit(&mut session, decisions).await? {
            return Ok(());
        }
    }
    Err(Error::Busy)
}

async fn commit(session: &mut Session<'_>, decisions: Vec<Decision>) -> Result<bool, Error> {
    match session.commit(decisions).await {
        Ok(_) => Ok(true),
        Err(CommitError::Overtaken | CommitError::Unknown) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The host goes last: as long as it is there, the move is not done.
fn moved(app: &App, stored: &StoredAsset, from: &Asset, to: &Asset, host: &Host) -> Result<Vec<Decision>, Error> {
    let mut decisions = Vec::new();
    for service in stored.stored.known.services.values().filter(|s| s.ip() == host.ip) {
        let there = Service { id: at(&service.id, &to.id), ..service.clone() };
        let ops =
            vec![Op::Delete { key: service.id.row(), etag: None }, Op::Upsert(rows::encode(there.id.row(), &there)?)];
        decisions.push(Decision { ops, ..Decision::default() });
    }
    for found in stored.findings().filter(|f| f.finding.ip == host.ip) {
        let mut after = found.finding.clone();
        after.asset = to.id.clone();
        after.service = after.service.as_ref().map(|id| at(id, &to.id));
        let actor = domain::actor::Actor::system();
        if let Some(step) = lifecycle::amend(&found.finding, after, EventType::FindingUpdated, app.now(), actor) {
            let mut decision = stored.decision(&step, to, false, app.now());
            decision.ops.push(Op::Upsert(alias_row(to, &step.after)));
            decisions.push(decision);
        }
    }
    let there = rows::encode(host_key(&to.id.ulid, host.ip), host)?;
    let ops = vec![Op::Upsert(there), Op::Delete { key: host_key(&from.id.ulid, host.ip), etag: None }];
    decisions.push(Decision { ops, ..Decision::default() });
    Ok(decisions)
}

fn at(id: &ServiceId, asset: &AssetId) -> ServiceId {
    ServiceId { asset: asset.clone(), ..id.clone() }
}
