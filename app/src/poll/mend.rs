use domain::ids::Bucket;
use jiff::{SignedDuration, Timestamp};

use super::group::PollGroup;
use crate::agenda::{self, Mark};
use crate::ports::{Op, Row};
use crate::{App, Error, access, assets, intelligence, ledger, rows, vault};

/// How often every group is looked at.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// By what the agenda tells when that was done last.
pub(super) const WHAT: &str = "mended";

/// Once a day makes the reminders anew that should be there, since a group without one would never be polled again, and
/// seals anew what is sealed with an old key.
pub(super) async fn mend(app: &App, done: Option<&Row>) -> Result<(), Error> {
    let last: Option<Timestamp> = done.map(rows::decode).transpose()?;
    let now = app.now();
    if last.is_some_and(|last| now.duration_since(last) < EVERY) {
        return Ok(());
    }
    for org in access::organizations(app).await? {
        let resealed = vault::reseal(app, &org).await?;
        if resealed > 0 {
            tracing::info!(%org, rows = resealed, "sealed anew with the newest secret key");
        }
        if access::organization(app, &org).await?.is_some_and(|organization| organization.shodan_key.is_some()) {
            crate::monitor::plan(app, &org).await?;
        }
        let register = assets::Register::read(app, &org).await?;
        let last = register.assets().map(|a| a.group).max();
        for id in 0..last.map_or(0, |l| l + 1) {
            let group = PollGroup::read(app, &ledger::partition(&org, Bucket::default()), id).await?;
            if let Some(next) = group.next() {
                PollGroup::hint_at(app, &org, Bucket::default(), id, next).await?;
            }
        }
    }
    intelligence::remind(app).await?;
    Ok(agenda::write(app, vec![Op::Upsert(rows::encode(Mark::At.key(WHAT), &now)?)]).await?)
}
