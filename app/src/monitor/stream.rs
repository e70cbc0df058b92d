use std::time::Duration;

use domain::ids::OrgId;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::push::{Refused, Taken, admit};
use super::state::{note, stored};
use crate::access::{self, Organization};
use crate::poll::{self, Spent};
use crate::ports::{Push, SourceError, SourceKey, Streamed};
use crate::{App, Error, errands};

/// A stream that is to be open: whose, and with which key. Another key makes it another stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feed {
    /// Whose alerts.
    pub org: OrgId,
    /// A hash of the key.
    key: [u8; 16],
}

/// The first wait before a stream is opened again; it doubles from one failure to the next.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Where a person has to act.
const STUCK_WAIT: Duration = Duration::from_mins(15);
/// A stream that was open for so long was a good one: its end is the first failure.
const STEADY: SignedDuration = SignedDuration::from_mins(1);
/// How often to hand over what the store would not take, a second apart. Then the next poll finds it.
const TRIES: u32 = 3;

/// The streams that are to be open now: of each organization whose alerts are kept with a key of its own.
pub async fn feeds(app: &App) -> Result<Vec<Feed>, Error> {
    let mut feeds = Vec::new();
    for org in errands::monitored(app).await? {
        let Some((organization, key)) = wanted(app, &org).await? else { continue };
        if !stored(app, &organization.id).await?.alerts.is_empty() {
            feeds.push(Feed { org, key: hash(&key) });
        }
    }
    Ok(feeds)
}

/// Keeps a stream open, and opens it again whenever it ends, until this is dropped or the feed is not wanted any more.
/// Each banner goes the way of a push: it opens, and never closes. What comes while no stream is open, polls find.
pub async fn listen(app: &App, feed: &Feed) {
    let mut failures = 0_u32;
    loop {
        let began = app.now();
        let why = match attend(app, feed).await {
            Ok(Ended::Unwanted) => return,
            Ok(Ended::Closed) => SourceError::Unavailable("the stream ended".into()),
            Ok(Ended::Failed(error)) => error,
            Err(error) => SourceError::Unavailable(error.to_string()),
        };
        failures = if app.now().duration_since(began) >= STEADY { 1 } else { failures.saturating_add(1) };
        if !why.retry() {
            // Told where refused pushes are told: people look there.
            let told = note(app, &feed.org, Some(&format!("the stream: {why}"))).await;
            tracing::warn!(org = %feed.org, %why, noted = told.is_ok(), "the stream cannot be opened");
        }
        let wait = wait(app, failures, &why);
        tracing::debug!(org = %feed.org, %why, failures, ?wait, "the stream is opened again");
        sleep(wait).await;
    }
}

enum Ended {
    Closed,
    Failed(SourceError),
    Unwanted,
}

/// Opens the stream and takes what comes until it ends.
async fn attend(app: &App, feed: &Feed) -> Result<Ended, Error> {
    let Some((_, key)) = wanted(app, &feed.org).await?.filter(|(_, key)| hash(key) == feed.key) else {
        return Ok(Ended::Unwanted);
    };
    let opened = app.alerts.listen(&key).await;
    if let Err(error) = poll::spend_budget(app, &key, &Spent { calls: 1, ..Spent::default() }).await {
        tracing::warn!(org = %feed.org, %error, "a call is missing in the key's ledger");
    }
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(error) => return Ok(Ended::Failed(error)),
    };
    tracing::info!(org = %feed.org, "the stream is open");
    loop {
        match stream.next().await {
            Ok(Some(Streamed::Push(push))) => take(app, &feed.org, *push).await,
            Ok(Some(Streamed::Heartbeat)) => {}
            Ok(Some(Streamed::Unreadable(why))) => {
                tracing::warn!(org = %feed.org, why, "something on the stream is no banner");
            }
            Ok(None) => return Ok(Ended::Closed),
            Err(error) => return Ok(Ended::Failed(error)),
        }
    }
}

/// Takes one banner. Trouble with it never ends the stream.
async fn take(app: &App, org: &OrgId, push: Push) {
    for left in (0..TRIES).rev() {
        let taken = match wanted(app, org).await {
            Ok(Some((organization, _))) => admit(app, &organization, push.clone(), None).await,
            Ok(None) => return,
            Err(error) => Err(error.into()),
        };
        match taken {
            Ok(Taken::Judged) => {
                if let Err(error) = note(app, org, None).await {
                    tracing::warn!(%org, %error, "it could not be noted that a banner came");
                }
                return;
            }
            Ok(_) => return,
            Err(Refused::Failed(error)) if left > 0 => {
                tracing::warn!(%org, %error, "a banner of the stream is taken again");
                sleep(FIRST_WAIT).await;
            }
            Err(refused) => {
                tracing::warn!(%org, %refused, "a banner of the stream is left to the next poll");
                return;
            }
        }
    }
}

/// The organization with its own key, if its alerts are to be listened to.
async fn wanted(app: &App, org: &OrgId) -> Result<Option<(Organization, SourceKey)>, Error> {
    let organization = access::organization(app, org).await?;
    let on = |organization: &Organization| organization.shodan_key.is_some() && organization.settings.shodan_monitor;
    let Some(organization) = organization.filter(on) else { return Ok(None) };
    let key = poll::source_key(app, &organization)?;
    Ok(Some((organization, key)))
}

/// Longer from failure to failure, and never the same for all: a restart of Shodan's is not met by everybody at once.
fn wait(app: &App, failures: u32, why: &SourceError) -> Duration {
    let longer = match why {
        SourceError::RateLimited { wait_seconds } => Duration::from_secs((*wait_seconds).into()),
        why if !why.retry() => STUCK_WAIT,
        _ => FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_WAIT),
    };
    let mut random = [0; 2];
    app.ids.fill(&mut random);
    longer + longer.mul_f64(f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX) / 4.0)
}

fn hash(key: &SourceKey) -> [u8; 16] {
    let mut hash = [0; 16];
    if let SourceKey::Shodan(secret) = key {
        hash.copy_from_slice(&Sha256::digest(secret)[..16]);
    }
    hash
}
