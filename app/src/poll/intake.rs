use std::net::IpAddr;

use domain::asset::Asset;
use domain::observation::{HostObservation, Transport};
use domain::target::Target;

use super::answer::Answer;
use super::group::PollGroup;
use super::judge::{Case, settle};
use crate::access::Organization;
use crate::assets::Register;
use crate::{App, Error, ledger};

/// What came without a poll: a push of Shodan Monitor's, or what a scan saw.
#[derive(Clone, Debug)]
pub(crate) struct Brought {
    /// One host.
    pub seen: HostObservation,
    /// Ports that were looked at on purpose: what is not there of them is gone. A push looks at none.
    pub asked: Vec<(u16, Transport)>,
}

/// The asset that owns an address: the device, else the domain, else the smallest network. What only a query found is
/// told by the query alone.
pub(crate) fn owner_of(register: &Register, ip: IpAddr) -> Option<&Asset> {
    let watched = |asset: &&Asset| asset.retired_at.is_none() && asset.enabled;
    let covers = |asset: &&Asset| match &asset.target {
        Target::Address(own) => *own == ip,
        Target::Network(net) => net.contains(&ip),
        Target::Hostname(_) => asset.addresses.contains(&ip),
        Target::Query(_) => false,
    };
    let finder = register.assets().filter(watched).find(covers)?;
    let owner = register.owners().owner(ip, &finder.id);
    register.find(&owner).filter(watched)
}

/// Judges an observation that nobody polled for. When the asset is polled next stays as it was. `false`: the asset was
/// never polled, so that the first poll will tell of it.
pub(crate) async fn take_in(
    app: &App,
    organization: &Organization,
    register: &Register,
    asset: &Asset,
    brought: Brought,
) -> Result<bool, Error> {
    let bucket = asset.id.bucket;
    let group = PollGroup::read(app, &ledger::partition(&organization.id, bucket), asset.group).await?;
    let member = group.members.iter().find(|member| member.asset == asset.id.ulid);
    if member.is_none_or(|member| !member.first_done) {
        return Ok(false);
    }
    let source = Some(brought.seen.source);
    let answer =
        Answer { hosts: vec![brought.seen], by_itself: true, asked: brought.asked, source, ..Answer::default() };
    super::adopt::adopt(app, organization, register, asset, Some(&answer)).await?;
    let case = Case { organization, bucket, asset, register, answer: Some(&answer), usage: None };
    settle(app, &case, asset.group).await?;
    Ok(true)
}
