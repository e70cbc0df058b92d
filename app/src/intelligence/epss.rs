use std::collections::{BTreeMap, BTreeSet};

use domain::cve::CveId;
use jiff::SignedDuration;

use super::book::Book;
use super::noted::Noted;
use super::store::{SHARDS_AT_ONCE, State, Write, all, shard, shards};
use super::watch::{self, WATCH};
use crate::ports::{EpssScore, Op, Refreshed, SourceError, StoreError, Validators};
use crate::{App, Error, assets};

/// FIRST publishes once a day.
pub(super) const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// More than so many are taken from the file of the day rather than asked for by name.
const BY_NAME: usize = 300;

/// Asks for the day's scores of all CVEs that are watched, and forgets what nobody watches any more. `false`: somebody
/// else wrote in between.
pub(super) async fn refresh(app: &App, state: &mut State) -> Result<bool, Error> {
    let now = app.now();
    if !state.epss.is_due(EVERY, now) {
        return Ok(true);
    }
    let wanted = wanted(app).await?;
    let book = Book::of(app, state).await?;
    match scores(app, state, &book, &wanted).await {
        Ok(scores) => {
            state.epss.date = scores.iter().filter_map(|score| score.date).max().or(state.epss.date);
            state.epss.answered(now);
            take(app, state, &book, &wanted, &scores).await
        }
        Err(error) => {
            tracing::warn!(%error, "EPSS cannot be had; the last scores stay");
            state.epss.failed(&error, now);
            Ok(state.write(app, Write::default()).await?)
        }
    }
}

async fn scores(
    app: &App,
    state: &mut State,
    book: &Book,
    wanted: &BTreeSet<CveId>,
) -> Result<Vec<EpssScore>, SourceError> {
    if wanted.len() <= BY_NAME {
        let cves: Vec<CveId> = wanted.iter().cloned().collect();
        state.epss.validators = Validators::default();
        return app.intelligence.epss(&cves).await;
    }
    // An edition that we have says nothing of CVEs that we did not want then.
    let all_known = wanted.iter().all(|cve| book.noted.get(cve).is_some_and(|noted| noted.epss.is_some()));
    let ours = if all_known { state.epss.validators.clone() } else { Validators::default() };
    match app.intelligence.epss_of_the_day(&ours, wanted).await? {
        Refreshed::Unchanged => Ok(Vec::new()),
        Refreshed::Changed(edition) => {
            state.epss.validators = edition.validators;
            Ok(edition.entries)
        }
    }
}

/// Writes the scores, some shards at a time: what a crash leaves is done again after the next answer.
async fn take(
    app: &App,
    state: &mut State,
    book: &Book,
    wanted: &BTreeSet<CveId>,
    scores: &[EpssScore],
) -> Result<bool, Error> {
    let mut noted: BTreeMap<CveId, Noted> =
        book.noted.iter().filter(|(cve, _)| wanted.contains(*cve)).map(|(cve, n)| (cve.clone(), n.clone())).collect();
    let mut touched: BTreeSet<CveId> = book.noted.keys().filter(|cve| !wanted.contains(*cve)).cloned().collect();
    let mut changed: BTreeMap<u32, BTreeSet<CveId>> = BTreeMap::new();
    for score in scores {
        let one = noted.entry(score.cve.clone()).or_insert_with(|| Noted::new(score.cve.clone()));
        let before = one.clone();
        one.score(score);
        if *one != before {
            touched.insert(score.cve.clone());
        }
        if one.differs(Some(&before)) {
            changed.entry(shard(&score.cve)).or_default().insert(score.cve.clone());
        }
    }
    let rows: Vec<(u32, Op)> = shards(&noted, &touched)?.into_iter().collect();
    // The day counts as done with the last of them.
    let done = std::mem::take(&mut state.epss);
    for several in rows.chunks(SHARDS_AT_ONCE) {
        let ops = several.iter().map(|(_, op)| op.clone()).collect();
        let changed = several.iter().filter_map(|(number, _)| changed.get(number)).flatten().cloned().collect();
        if !state.write(app, Write { ops, changed }).await? {
            return Ok(false);
        }
    }
    state.epss = done;
    Ok(state.write(app, Write::default()).await?)
}

/// The CVEs of all assets that are watched. Rows of others go.
async fn wanted(app: &App) -> Result<BTreeSet<CveId>, StoreError> {
    let mut wanted = BTreeSet::new();
    let mut gone = Vec::new();
    let mut register: Option<(domain::ids::OrgId, assets::Register)> = None;
    for row in all(app, WATCH, "").await? {
        let Some(about) = watch::concerned(&row) else { continue };
        if register.as_ref().is_none_or(|(org, _)| *org != about.org) {
            register = Some((about.org.clone(), assets::Register::read(app, &about.org).await?));
        }
        let asset = register.as_ref().and_then(|(_, register)| register.find(&about.asset));
        if asset.is_some_and(|asset| asset.retired_at.is_none()) {
            wanted.extend(watch::cves(&row)?);
        } else {
            gone.push(Op::Delete { key: row.key, etag: Some(row.etag) });
        }
    }
    for one in gone {
        // Somebody may have written it anew.
        let _ = super::store::put(app, WATCH, vec![one]).await;
    }
    Ok(wanted)
}
