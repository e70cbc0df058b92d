use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::asset::{Asset, Criticality, DeviceProfile, MonitoringState};
use domain::finding::FindingState;
use domain::ids::{AssetId, OrgId};
use domain::role::Action;
use domain::severity::Severity;
use domain::target::{AssetKind, Target};
use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::register::{BUCKET, Register, read_asset};
use crate::access::Caller;
use crate::directory::{AssetSummary, Direction, Snapshot};
use crate::poll::{Member, PollGroup};
use crate::{App, Error, UserError, UserErrorCode, ledger};

/// Which assets to list. Fields are and-ed; the values of a list are or-ed.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of the API's AssetFilter, described there")]
pub struct AssetFilter {
    pub text: Option<String>,
    pub kinds: Option<Vec<AssetKind>>,
    pub tags: Option<Vec<String>>,
    pub criticality: Option<Vec<Criticality>>,
    pub status: Option<Vec<MonitoringState>>,
    pub has_open_findings: Option<bool>,
    pub min_severity: Option<Severity>,
    pub updated_after: Option<Timestamp>,
    pub ids: Option<Vec<AssetId>>,
    pub owners: Option<Vec<String>>,
    pub sites: Option<Vec<String>>,
    pub external_ids: Option<Vec<String>>,
    pub within: Option<Vec<IpNet>>,
    pub retired: bool,
}

/// By what assets are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssetOrderField {
    /// Name, without regard to case.
    Name,
    /// When they were registered.
    #[default]
    CreatedAt,
    /// Risk.
    Risk,
}

/// Order and direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetOrder {
    /// By what.
    pub field: AssetOrderField,
    /// Which way.
    pub direction: Direction,
}

/// An asset and how it stands.
#[derive(Clone, Debug)]
pub struct Monitored {
    /// The asset; in lists without its notes.
    pub asset: Asset,
    /// Its findings.
    pub summary: AssetSummary,
    /// Its place in the list.
    pub cursor: String,
}

/// A page of assets.
#[derive(Clone, Debug)]
pub struct AssetPage {
    /// The assets.
    pub items: Vec<Monitored>,
    /// How many match in all.
    pub total: usize,
    /// Is there more behind the page, in the direction of reading?
    pub more: bool,
}

/// One asset with its notes.
pub async fn asset(app: &App, caller: &Caller, id: &AssetId) -> Result<Option<Monitored>, Error> {
    caller.may(Action::Read)?;
    let Some(asset) = read_asset(&*app.tables, &caller.org, id).await? else { return Ok(None) };
    let (_, snapshot) = app.snapshot(&caller.org, id.bucket).await?;
    let summary = snapshot.asset(&id.ulid);
    Ok(Some(Monitored { asset, summary, cursor: String::new() }))
}

/// A page of assets: `limit` from behind `after`, or before `before` when `backward`.
pub async fn assets_page(
    app: &App,
    caller: &Caller,
    filter: &AssetFilter,
    order: AssetOrder,
    (cursor, limit, backward): (Option<&str>, usize, bool),
) -> Result<AssetPage, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let (_, snapshot) = app.snapshot(&caller.org, BUCKET).await?;
    let mut matching: Vec<(&Asset, AssetSummary)> = matching(app, &caller.org, &register, filter)
        .await?
        .into_iter()
        .map(|a| (a, snapshot.asset(&a.id.ulid)))
        .collect();
    let place = |a: &(&Asset, AssetSummary)| Place::of(order.field, a.0, &a.1);
    let turn = |o: Ordering| if (order.direction == Direction::Descending) == backward { o } else { o.reverse() };
    matching.sort_by(|a, b| turn(place(a).cmp(&place(b))));
    let total = matching.len();
    let start = match cursor.map(Place::decode) {
        None => 0,
        Some(None) => return Err(bad_cursor().into()),
        Some(Some(cursor)) => matching.partition_point(|a| turn(place(a).cmp(&cursor)) != Ordering::Greater),
    };
    let mut items: Vec<Monitored> = matching[start..]
        .iter()
        .take(limit)
        .map(|(asset, summary)| Monitored {
            asset: (*asset).clone(),
            summary: *summary,
            cursor: Place::of(order.field, asset, summary).encode(),
        })
        .collect();
    let more = start + items.len() < total;
    if backward {
        items.reverse();
    }
    Ok(AssetPage { items, total, more })
}

/// A cursor that is not one of ours.
pub(crate) fn bad_cursor() -> UserError {
    UserError::general(UserErrorCode::Invalid, "not a cursor of this list")
}

/// Where an asset stands in an order; ties by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place(String, String);

impl Place {
    fn of(field: AssetOrderField, asset: &Asset, summary: &AssetSummary) -> Self {
        let key = match field {
            AssetOrderField::Name => asset.name.to_lowercase(),
            AssetOrderField::CreatedAt => asset.created_at.as_millisecond().to_string(),
            AssetOrderField::Risk => format!("{:03}", risk_of(asset, summary)),
        };
        Self(key, asset.id.ulid.clone())
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

/// The worst active finding, weighted by how critical the asset is: its risk score already counts that.
pub fn risk_of(_asset: &Asset, summary: &AssetSummary) -> u8 {
    summary.risk
}

/// The assets that a filter matches, in the register's order.
pub(crate) async fn matching<'a>(
    app: &App,
    org: &OrgId,
    register: &'a Register,
    filter: &AssetFilter,
) -> Result<Vec<&'a Asset>, Error> {
    let wants_findings = filter.has_open_findings.is_some() || filter.min_severity.is_some();
    let snapshot = if wants_findings { app.snapshot(org, BUCKET).await?.1 } else { Arc::default() };
    let members = match &filter.status {
        Some(_) => all_members(app, org, register).await?,
        None => HashMap::new(),
    };
    let status =
        |a: &Asset| filter.status.as_ref().is_none_or(|wanted| wanted.contains(&state_of(a, members.get(&a.id.ulid))));
    Ok(register.assets().filter(|a| filter.takes(a, &snapshot) && status(a)).collect())
}

impl AssetFilter {
    fn takes(&self, asset: &Asset, snapshot: &Snapshot) -> bool {
        let text = |wanted: &String| {
            let wanted = wanted.to_lowercase();
            let device = &asset.device;
            let fields = [
                Some(&asset.name),
                asset.owner.as_ref(),
                asset.external_id.as_ref(),
                device.vendor.as_ref(),
                device.model.as_ref(),
            ];
            fields.into_iter().flatten().chain(&asset.tags).any(|f| f.to_lowercase().contains(&wanted))
                || asset.target.to_string().to_lowercase().contains(&wanted)
        };
        let counts = || snapshot.asset(&asset.id.ulid).counts;
        let open = |counts: crate::directory::Counts| {
            counts.total(FindingState::Open) + counts.total(FindingState::Acknowledged) > 0
        };
        let worst = |least: Severity| {
            let counts = counts();
            Severity::ALL
                .into_iter()
                .filter(|s| *s >= least)
                .any(|s| counts.of(FindingState::Open, s) + counts.of(FindingState::Acknowledged, s) > 0)
        };
        (self.retired == asset.retired_at.is_some() || self.ids.is_some())
            && self.text.as_ref().is_none_or(text)
            && self.kinds.as_ref().is_none_or(|k| k.contains(&asset.kind()))
            && self.tags.as_ref().is_none_or(|t| t.iter().any(|t| asset.tags.contains(t)))
            && self.criticality.as_ref().is_none_or(|c| c.contains(&asset.criticality))
            && self.has_open_findings.is_none_or(|wanted| open(counts()) == wanted)
            && self.min_severity.is_none_or(worst)
            && self.updated_after.is_none_or(|t| asset.updated_at > t)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&asset.id))
            && among(self.owners.as_deref(), asset.owner.as_ref())
            && among(self.sites.as_deref(), asset.device.site.as_ref())
            && among(self.external_ids.as_deref(), asset.external_id.as_ref())
            && self.within.as_ref().is_none_or(|nets| nets.iter().any(|net| inside(net, asset)))
    }
}

fn among(wanted: Option<&[String]>, value: Option<&String>) -> bool {
    wanted.is_none_or(|wanted| value.is_some_and(|v| wanted.contains(v)))
}

fn inside(net: &IpNet, asset: &Asset) -> bool {
    match &asset.target {
        Target::Address(ip) => net.contains(ip),
        Target::Network(own) => net.contains(own),
        Target::Hostname(_) => asset.addresses.iter().any(|ip| net.contains(ip)),
        Target::Query(_) => false,
    }
}

async fn all_members(app: &App, org: &OrgId, register: &Register) -> Result<HashMap<String, Member>, Error> {
    let partition = ledger::partition(org, BUCKET);
    let last = register.assets().map(|a| a.group).max();
    let mut members = HashMap::new();
    for id in 0..=last.unwrap_or(0) {
        let group = PollGroup::read(app, &partition, id).await?;
        members.extend(group.members.into_iter().map(|m| (m.asset.clone(), m)));
    }
    Ok(members)
}

/// How the monitoring of some assets goes, in their order.
pub async fn monitoring(app: &App, org: &OrgId, assets: &[&Asset]) -> Result<Vec<Option<Member>>, Error> {
    let mut groups: HashMap<u32, PollGroup> = HashMap::new();
    let mut members = Vec::with_capacity(assets.len());
    for asset in assets {
        if let std::collections::hash_map::Entry::Vacant(e) = groups.entry(asset.group) {
            let group = PollGroup::read(app, &ledger::partition(org, asset.id.bucket), asset.group).await?;
            e.insert(group);
        }
        let member = groups.get(&asset.group).and_then(|g| g.members.iter().find(|m| m.asset == asset.id.ulid));
        members.push(member.cloned());
    }
    Ok(members)
}

/// The profile of a device: what people wrote, and where they left a field empty what its services tell.
pub async fn profile(app: &App, org: &OrgId, asset: &Asset) -> Result<DeviceProfile, Error> {
    // The addresses of anything else may be many devices.
    if !matches!(asset.target, Target::Address(_)) {
        return Ok(asset.device.clone());
    }
    let member = monitoring(app, org, &[asset]).await?.pop().flatten();
    let told = member.and_then(|member| member.told).unwrap_or_default();
    Ok(domain::profile::supplemented(&asset.device, &told))
}

/// The state that people see.
pub fn state_of(asset: &Asset, member: Option<&Member>) -> MonitoringState {
    if asset.retired_at.is_some() || !asset.enabled {
        return MonitoringState::Paused;
    }
    member.map_or(MonitoringState::Waiting, |m| m.status)
}
