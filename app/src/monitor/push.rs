use domain::ids::OrgId;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::state::{note, stored};
use super::token::organization_of;
use crate::access::{self, Organization};
use crate::assets::Register;
use crate::poll::{self, Brought};
use crate::ports::{Batch, Op, Push, RowRange, StoreError, Table, Value, WriteRow};
use crate::{App, Error, rows};

/// What came to `/hooks/shodan/{token}`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Posted<'a> {
    /// The token of the address.
    pub token: &'a str,
    /// `SHODAN-ALERT-ID`
    pub alert: Option<&'a str>,
    /// `SHODAN-ALERT-TRIGGER`
    pub trigger: Option<&'a str>,
    /// `SHODAN-SIGNATURE-SHA1`
    pub signature: Option<&'a str>,
    /// The body as it came.
    pub body: &'a [u8],
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was judged.
    Judged,
    /// It came before.
    Repeated,
    /// It is about nothing that is watched, or about an asset that was never polled.
    NotOurs,
    /// It names no alert: a test of Shodan's.
    Test,
}

/// Why a push was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nobody's token.
    #[error("there is nothing here")]
    Unknown,
    /// Its signature is wrong, or its alert is none of ours.
    #[error("{0}")]
    Forged(&'static str),
    /// It is no banner, or one of another time.
    #[error("{0}")]
    Unusable(&'static str),
    /// The program could not do it now.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// An older banner is a replay, or of no use: polls know it.
const OLDEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Clocks differ by so much.
const SKEW: SignedDuration = SignedDuration::from_hours(1);
/// Pushes are remembered in `limits`, a partition for each organization, by the date of their banners.
const REMEMBERED: &str = "pushes:";
/// Rows that one look forgets.
const FORGET: usize = 90;

/// Takes a push: an observation that opens findings and never closes one.
pub async fn push(app: &App, posted: Posted<'_>) -> Result<Taken, Refused> {
    let Some(org) = organization_of(app, posted.token).await? else { return Err(Refused::Unknown) };
    let taken = judge(app, &org, posted).await;
    match &taken {
        Ok(Taken::Judged) => note(app, &org, None).await?,
        Err(refused @ (Refused::Forged(_) | Refused::Unusable(_))) => {
            tracing::warn!(%org, %refused, "a push was refused");
            note(app, &org, Some(&refused.to_string())).await?;
        }
        Ok(_) | Err(_) => {}
    }
    taken
}

async fn judge(app: &App, org: &OrgId, posted: Posted<'_>) -> Result<Taken, Refused> {
    let organization = access::organization(app, org).await?.ok_or(Refused::Unknown)?;
    if organization.shodan_key.is_none() || !organization.settings.shodan_monitor {
        return Err(Refused::Unknown);
    }
    let key = poll::source_key(app, &organization)?;
    if posted.signature.is_some_and(|signature| !app.alerts.signed(&key, posted.body, signature)) {
        return Err(Refused::Forged("the signature is not of this organization's Shodan key"));
    }
    let push = app.alerts.read_push(posted.body).ok_or(Refused::Unusable("this is no banner"))?;
    let alert = match (posted.alert, push.alert.as_deref()) {
        (Some(header), Some(mark)) if header != mark => {
            return Err(Refused::Forged("header and banner name different alerts"));
        }
        (header, mark) => header.or(mark),
    };
    let Some(alert) = alert else { return Ok(Taken::Test) };
    if !stored(app, org).await?.alerts.iter().any(|ours| ours == alert) {
        return Err(Refused::Forged("the alert is none that this program keeps"));
    }
    admit(app, &organization, push, posted.trigger).await
}

/// Takes what is known to come from Shodan: it is judged once, if it is of these days and about an asset.
pub(super) async fn admit(
    app: &App,
    organization: &Organization,
    push: Push,
    trigger: Option<&str>,
) -> Result<Taken, Refused> {
    let org = &organization.id;
    let at = push.seen.observed_at.ok_or(Refused::Unusable("the banner has no date"))?;
    let age = app.now().duration_since(at);
    if age > OLDEST || age < -SKEW {
        return Err(Refused::Unusable("the banner is of another time"));
    }
    let row = remembered(&push, at, trigger.or(push.trigger.as_deref()));
    let partition = format!("{REMEMBERED}{org}");
    if app.tables.get(Table::Limits, &partition, &row).await?.is_some() {
        return Ok(Taken::Repeated);
    }
    let register = Register::read(app, org).await?;
    let Some(asset) = poll::owner_of(&register, push.seen.ip) else { return Ok(Taken::NotOurs) };
    let brought = Brought { seen: push.seen, asked: Vec::new() };
    if !poll::take_in(app, organization, &register, asset, brought).await? {
        return Ok(Taken::NotOurs);
    }
    // Last: what a crash kept from being judged comes again.
    let ops = vec![Op::Upsert(WriteRow { key: row, columns: vec![("v".into(), Value::Int(rows::VERSION))] })];
    app.tables.commit(Batch { table: Table::Limits, partition, ops, witness: None }).await?;
    Ok(Taken::Judged)
}

/// What a push is known again by: Shodan's id of the banner and what set it off; without an id what it says.
fn remembered(push: &Push, at: Timestamp, trigger: Option<&str>) -> String {
    let banner = push.seen.banners.first();
    let place = banner.map(|b| format!("{}/{}/{}", b.port, b.transport.as_str(), b.hash)).unwrap_or_default();
    let id = push.id.as_deref().unwrap_or_default();
    let text = format!("{id}\n{}\n{place}\n{}", push.seen.ip, trigger.unwrap_or_default());
    let hash: String = Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{:010}:{hash}", at.as_second().max(0))
}

/// Forgets some of the pushes that would be refused for their age by now.
pub(super) async fn forget_old(app: &App, org: &OrgId) -> Result<(), StoreError> {
    let end = app.now().checked_sub(OLDEST + SKEW).unwrap_or(Timestamp::UNIX_EPOCH);
    let to = Some(format!("{:010}", end.as_second().max(0)));
    let partition = format!("{REMEMBERED}{org}");
    let range = RowRange { to, limit: FORGET, ..RowRange::default() };
    let old = app.tables.range(Table::Limits, &partition, range).await?.rows;
    if old.is_empty() {
        return Ok(());
    }
    let ops = old.into_iter().map(|row| Op::Delete { key: row.key, etag: None }).collect();
    app.tables.commit(Batch { table: Table::Limits, partition, ops, witness: None }).await.map(|_| ())
}
