use domain::ids::OrgId;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::push::forget_old;
use super::reconcile::Round;
use super::state::{MonitorState, store, stored};
use super::token::token;
use super::wanted::{Wanted, fitting, size, wanted};
use crate::access::{self, Organization};
use crate::assets::Register;
use crate::errands::{self, Errand};
use crate::poll::{self, Spent};
use crate::ports::{SourceError, SourceKey, StoreError};
use crate::{App, Error};

/// Whether assets changed is looked at after every so often, without asking Shodan.
const OFTEN: SignedDuration = SignedDuration::from_mins(5);
/// What was begun goes on after.
const SOON: SignedDuration = SignedDuration::from_mins(1);
/// Somebody else may have changed the account: it is looked at after every so often.
const DAILY: SignedDuration = SignedDuration::from_hours(24);
/// Where the account does not answer, or a person has to act.
const LATER: SignedDuration = SignedDuration::from_mins(15);

/// Has an organization's alerts looked after from now on. Once is enough, and twice does no harm.
pub(crate) async fn plan(app: &App, org: &OrgId) -> Result<(), StoreError> {
    errands::plan(app, &Errand::Monitor(org.clone()), app.now()).await
}

/// Brings an organization's alerts a step further. Returns when to look after them again; `None`: never, it has no key
/// of its own.
pub(crate) async fn keep(app: &App, org: &OrgId, deadline: Instant) -> Result<Option<Timestamp>, Error> {
    let Some(organization) = access::organization(app, org).await? else { return Ok(None) };
    let mut state = stored(app, org).await?;
    let now = app.now();
    if organization.shodan_key.is_none() {
        if state != MonitorState::default() {
            let kept = MonitorState { token: state.token, ..MonitorState::default() };
            store(app, org, &kept).await?;
        }
        return Ok(None);
    }
    forget_old(app, org).await?;
    let before = state.clone();
    let wait = step(app, &organization, &mut state, deadline).await?;
    if state != before {
        store(app, org, &state).await?;
    }
    Ok(Some(next(org, now, wait)))
}

/// When to look again: at times that are the same whoever asks, so that reminders too many become one. Organizations
/// have theirs apart.
fn next(org: &OrgId, now: Timestamp, wait: SignedDuration) -> Timestamp {
    let wait = wait.as_secs();
    let apart = org.as_str().bytes().fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 86_400) % wait;
    let second = ((now.as_second() - apart).div_euclid(wait) + 1) * wait + apart;
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

async fn step(
    app: &App,
    organization: &Organization,
    state: &mut MonitorState,
    deadline: Instant,
) -> Result<SignedDuration, Error> {
    let key = poll::source_key(app, organization)?;
    let register = Register::read(app, &organization.id).await?;
    let is_on = organization.settings.shodan_monitor;
    let posts = app.settings.public_url.starts_with("https://");
    if is_on && !posts && !app.settings.streams {
        state.error =
            Some("Shodan posts to https only, and this program's address (IOTMONITOR_PUBLIC_URL) is not".into());
        return Ok(DAILY);
    }
    let wanted = if is_on { wanted(&organization.id, &register) } else { Vec::new() };
    let goal = goal(app, &key, &wanted);
    let fresh = state.checked_at.is_some_and(|at| app.now().duration_since(at) < DAILY);
    if fresh && state.reached == goal && state.error.is_none() {
        return Ok(OFTEN);
    }
    if !is_on && state.token.is_none() {
        return Ok(OFTEN);
    }
    let had = state.token.clone();
    let token = token(app, &organization.id, state).await?;
    if state.token != had {
        // It must be ours before Shodan has it.
        store(app, &organization.id, state).await?;
    }
    // What cannot be posted to us comes down the stream.
    let url = posts.then(|| format!("{}/hooks/shodan/{token}", app.settings.public_url));
    let mut round = Round { app, key: &key, org: &organization.id, deadline, calls: 0, changes: 0 };
    let outcome = bring(&mut round, state, wanted, url.as_deref()).await;
    poll::spend_budget(app, &key, &Spent { calls: round.calls, ..Spent::default() }).await?;
    match outcome {
        Ok(true) => {
            state.error = None;
            if !is_on {
                // Nothing of ours is there any more.
                state.token = None;
            }
            goal.clone_into(&mut state.reached);
            state.checked_at = Some(app.now());
            Ok(OFTEN)
        }
        Ok(false) => Ok(SOON),
        Err(error) => {
            state.error = Some(format!("Shodan: {error}"));
            Ok(LATER)
        }
    }
}

/// One round. `true`: all is as it should be.
async fn bring(
    round: &mut Round<'_>,
    state: &mut MonitorState,
    wanted: Vec<Wanted>,
    url: Option<&str>,
) -> Result<bool, SourceError> {
    let ours = round.ours().await?;
    if wanted.is_empty() {
        (state.alerts, state.addresses, state.left_out) = (Vec::new(), 0, Vec::new());
        round.notifier(None).await?;
        return Ok(!round.bring(ours, &[], None).await?.unfinished);
    }
    round.calls += 1;
    let left = round.app.exposure.account(round.key).await?.monitored_ips;
    let taken = ours.iter().flat_map(|alert| &alert.networks).filter_map(|text| text.parse().ok());
    let taken: u64 = taken.map(|net| size(&net)).fold(0, u64::saturating_add);
    let (wanted, left_out) = fitting(wanted, left.map(|left| left.saturating_add(taken)));
    let notifier = round.notifier(url).await?;
    if url.is_some() && notifier.is_none() {
        return Ok(false);
    }
    let stand = round.bring(ours, &wanted, notifier.as_deref()).await?;
    state.alerts = stand.alerts;
    state.addresses = wanted.iter().map(Wanted::size).fold(0, u64::saturating_add);
    state.left_out = left_out.iter().flat_map(|alert| &alert.networks).take(100).map(ToString::to_string).collect();
    Ok(!stand.unfinished)
}

/// What was reached when nothing has to be done: whose account, what is to be watched, and where to post.
fn goal(app: &App, key: &SourceKey, wanted: &[Wanted]) -> String {
    let mut digest = Sha256::new();
    if let SourceKey::Shodan(secret) = key {
        digest.update(secret);
    }
    digest.update(format!("\n{}\n{wanted:?}", app.settings.public_url));
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
