use std::time::Duration;

use domain::event::Change;
use domain::ids::{AssetId, FindingId, ScanId};
use domain::role::Action;
use jiff::SignedDuration;
use tokio::time::Instant;

use super::order::{MOST, Order, order};
use super::scan::{Scan, ScanState, Stored, read, row, write};
use crate::access::{self, Caller, Organization, organization_partition};
use crate::audit::{Act, Deed};
use crate::errands::{self, Errand};
use crate::poll::{self, Budget, Spent};
use crate::ports::{Batch, Commit, Op, ScanOrder, SourceError, SourceKey, Table};
use crate::repeat::{Before, ClientRequest};
use crate::research::refused;
use crate::{App, Error, UserError, UserErrorCode};

/// What somebody wants to be looked at anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanWish {
    /// All addresses of these assets.
    pub assets: Vec<AssetId>,
    /// The services of these findings.
    pub findings: Vec<FindingId>,
    /// Scan credits that it may cost at most, one for each address.
    pub max_credits: i32,
}

/// The timer looks after a new scan from then on.
const FOLLOWED_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// Asking what is left of the plan is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Orders a scan, once however often its client repeats the request. The timer follows it.
pub async fn request_scan(
    app: &App,
    caller: &Caller,
    wish: &ScanWish,
    request: Option<&ClientRequest>,
) -> Result<Scan, Error> {
    caller.may(Action::SpendCredits)?;
    let partition = organization_partition(&caller.org);
    let slot = match request {
        Some(request) => match request.before::<ScanId>(app, Table::Accounts, &partition).await? {
            Before::Answered(id) => return read(app, &caller.org, &id).await?.map(|s| s.scan).ok_or(Error::Busy),
            Before::Not(slot) => Some(slot),
        },
        None => None,
    };
    let organization = access::organization(app, &caller.org).await?.ok_or(Error::Unauthenticated)?;
    let key = key(app, &organization)?;
    if wish.assets.len() > MOST || wish.findings.len() > MOST {
        return Err(UserError::of(UserErrorCode::TooMany, "findingIds", format!("at most {MOST} at once")).into());
    }
    let order = order(app, caller, &wish.assets, &wish.findings).await?;
    let credits = u32::try_from(order.ips.len()).unwrap_or(u32::MAX);
    afford(app, &key, credits, wish.max_credits).await?;
    let scan = Scan {
        id: ScanId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?,
        state: ScanState::Submitted,
        ips: order.ips.iter().copied().collect(),
        ports: order.ports.clone(),
        order: None,
        credits: 0,
        requested_by: caller.actor.clone(),
        requested_at: app.now(),
        done_at: None,
        taken: 0,
        finished_at: None,
        error: None,
    };
    let at = app.now().checked_add(FOLLOWED_AFTER).unwrap_or(app.now());
    errands::plan(app, &Errand::Scan(caller.org.clone(), scan.id.clone()), at).await?;
    let (written, witness) = row(app, &scan)?;
    let cost = Change { field: "credits".into(), before: None, after: Some(credits.to_string()) };
    let act = Act::of(caller, Deed::ScanRequested, (scan.id.as_str(), "scan")).changing(vec![cost]);
    let mut ops = vec![Op::Insert(written), act.op(app)?];
    if let Some(slot) = slot {
        ops.push(slot.fill(app, &scan.id)?);
    }
    match app.tables.commit(Batch { table: Table::Accounts, partition, ops, witness: Some(witness) }).await? {
        Commit::Done => {}
        Commit::Conflict { .. } | Commit::Unknown => return Err(Error::Busy),
    }
    submit(app, caller, &key, &order, scan).await
}

/// From here on a crash is the timer's: it looks whether the order arrived, and never orders again.
async fn submit(app: &App, caller: &Caller, key: &SourceKey, order: &Order, scan: Scan) -> Result<Scan, Error> {
    let services = |ip| order.ports.get(ip).into_iter().flatten().map(|(port, _, module)| (*port, module.clone()));
    let wanted: ScanOrder = order.ips.iter().map(|ip| (*ip, services(ip).collect())).collect();
    let answer = app.scans.order(key, &wanted).await;
    let Some(mut stored) = read(app, &caller.org, &scan.id).await? else { return Ok(scan) };
    match answer {
        Ok(accepted) => {
            let size = accepted.size.unwrap_or(wanted.len() as u64);
            stored.scan.credits = u32::try_from(size).unwrap_or(u32::MAX);
            stored.scan.order = Some(accepted.id);
            let spent = Spent { calls: 1, scan_credits: stored.scan.credits, ..Spent::default() };
            poll::spend_budget(app, key, &spent).await?;
        }
        // It may have arrived all the same.
        Err(SourceError::Unavailable(why)) => {
            tracing::info!(scan = %scan.id, why, "it is not known whether the scan was accepted");
            return Ok(stored.scan);
        }
        Err(error) => {
            stored.scan.state = ScanState::Failed;
            stored.scan.finished_at = Some(app.now());
            stored.scan.error = Some(error.to_string());
            write(app, &caller.org, stored).await?;
            return Err(refused(error));
        }
    }
    let scan = stored.scan.clone();
    write(app, &caller.org, Stored { scan: stored.scan, etag: stored.etag }).await?;
    Ok(scan)
}

pub(super) fn key(app: &App, organization: &Organization) -> Result<SourceKey, Error> {
    match poll::source_key(app, organization)? {
        SourceKey::InternetDb => {
            let message = "only Shodan scans, and there is no Shodan key: set one with setShodanKey";
            Err(UserError::general(UserErrorCode::NotAllowed, message).into())
        }
        key @ SourceKey::Shodan(_) => Ok(key),
    }
}

/// No more than was said, and no more than there is.
async fn afford(app: &App, key: &SourceKey, credits: u32, most: i32) -> Result<(), Error> {
    let most = u32::try_from(most).ok().filter(|most| *most > 0);
    let most = most.ok_or_else(|| UserError::of(UserErrorCode::Invalid, "maxCredits", "at least 1"))?;
    if credits > most {
        let message = format!("it takes {credits} scan credits, one for each address, and you allow {most}");
        return Err(UserError::of(UserErrorCode::QuotaExceeded, "maxCredits", message).into());
    }
    let budget = poll::open_budget(app, key, Instant::now() + PATIENCE).await?;
    let Some(left) = budget.scan_credits.filter(|left| *left < u64::from(credits)) else { return Ok(()) };
    let day = Budget::resets_at(app.now()).strftime("%Y-%m-%d").to_string();
    let message = format!("it takes {credits} scan credits and {left} are left until {day}");
    Err(UserError::general(UserErrorCode::QuotaExceeded, message).into())
}
