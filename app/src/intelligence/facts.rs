use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::cve::CveId;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::book::Book;
use super::feed::Feed;
use super::noted::{Details, Noted};
use super::store::{BOOK, State, Write, details_key, details_row, put, shards};
use super::watch::NEW;
use crate::ports::{Op, RowRange, SourceError, SsvcRecord, StoreError, Table, VulnerabilityFacts};
use crate::{App, Error, rows};

/// So many that are new are looked at in one tick.
const MOST_NEW: usize = 40;
const SIDE_BY_SIDE: usize = 4;
/// Each is asked about again after so long.
const EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// One that brings no answer although others do is asked about again after so long.
const AGAIN: SignedDuration = SignedDuration::from_hours(6);
/// So many failures without an answer between: it is the publisher, not the CVE.
const DOWN: usize = 3;

/// What is asked about one CVE.
struct Ask {
    cve: CveId,
    facts: bool,
    ssvc: bool,
}

type Said<T> = Option<Result<Option<T>, SourceError>>;

struct Answer {
    cve: CveId,
    facts: Said<VulnerabilityFacts>,
    ssvc: Said<SsvcRecord>,
}

/// Asks about CVEs that are new, then about those that were not asked about for long; a few in each tick. Returns when
/// there is more to ask; `None`: somebody else wrote in between.
pub(super) async fn refresh(app: &App, state: &mut State, deadline: Instant) -> Result<Option<Timestamp>, Error> {
    let book = Book::of(app, state).await?;
    let (new, mut more) = new(app).await?;
    let asks = choose(app.now(), state, &book, &new);
    if !asks.is_empty() {
        let answers = ask(app, asks, deadline).await;
        if !take(app, state, &book, answers).await? {
            return Ok(None);
        }
    }
    let book = Book::of(app, state).await?;
    let (done, left): (Vec<CveId>, Vec<CveId>) = new.into_iter().partition(|cve| book.noted.contains_key(cve));
    more |= !left.is_empty();
    let done = done.into_iter();
    let ops: Vec<Op> = done.map(|cve| Op::Delete { key: cve.as_str().to_owned(), etag: None }).collect();
    put(app, NEW, ops).await?;
    Ok(Some(next(app.now(), state, &book, more)))
}

/// When somebody may be asked again: at once where CVEs are left that nobody was asked about, else when the first comes
/// round.
fn next(now: Timestamp, state: &State, book: &Book, more: bool) -> Timestamp {
    let round = |at: Option<Timestamp>| at.and_then(|at| at.checked_add(EVERY).ok()).unwrap_or(now);
    let first = |feed: &Feed, asked: fn(&Noted) -> Option<Timestamp>| {
        book.noted.values().map(|noted| round(asked(noted))).min().map(|at| at.max(feed.opens(now)))
    };
    let new = more.then(|| state.cvedb.opens(now).min(state.ssvc.opens(now)));
    let round = [first(&state.cvedb, |noted| noted.asked), first(&state.ssvc, |noted| noted.judged), new];
    round.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
}

/// Asks about these at once, those first that CISA lists, as many as may be asked about by now. `true`: so may others.
pub(super) async fn learn(
    app: &App,
    state: &mut State,
    mut cves: Vec<CveId>,
    deadline: Instant,
) -> Result<bool, Error> {
    let (now, book) = (app.now(), Book::of(app, state).await?);
    let (facts, ssvc) = (state.cvedb.is_open(now), state.ssvc.is_open(now));
    if !facts {
        return Ok(false);
    }
    cves.sort_by_key(|cve| !book.catalogue.contains_key(cve));
    let asks: Vec<Ask> = cves.into_iter().take(state.pace.left(now)).map(|cve| Ask { cve, facts, ssvc }).collect();
    if asks.is_empty() {
        return Ok(false);
    }
    let answers = ask(app, asks, deadline).await;
    Ok(take(app, state, &book, answers).await? && state.cvedb.failures == 0 && state.pace.left(now) > 0)
}

/// The first CVEs that are new; are there more?
async fn new(app: &App) -> Result<(Vec<CveId>, bool), StoreError> {
    let range = RowRange { limit: MOST_NEW, ..RowRange::default() };
    let page = app.tables.range(Table::Intelligence, NEW, range).await?;
    Ok((page.rows.iter().filter_map(|row| CveId::parse(&row.key)).collect(), page.next.is_some()))
}

fn choose(now: Timestamp, state: &State, book: &Book, new: &[CveId]) -> Vec<Ask> {
    let old = |at: Option<Timestamp>| at.is_none_or(|at| now.duration_since(at) >= EVERY);
    let (facts, ssvc) = (state.cvedb.is_open(now), state.ssvc.is_open(now));
    let fresh = new.iter().filter(|cve| !book.noted.contains_key(*cve));
    let fresh = fresh.map(|cve| Ask { cve: cve.clone(), facts, ssvc });
    let mut known: Vec<&Noted> = book.noted.values().collect();
    known.sort_by_key(|noted| (noted.asked.min(noted.judged), &noted.cve));
    let again = known.into_iter().map(|noted| Ask {
        cve: noted.cve.clone(),
        facts: facts && old(noted.asked),
        ssvc: ssvc && old(noted.judged),
    });
    fresh.chain(again).filter(|ask| ask.facts || ask.ssvc).take(state.pace.left(now)).collect()
}

async fn ask(app: &App, asks: Vec<Ask>, deadline: Instant) -> Vec<Answer> {
    let (no_facts, no_ssvc) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (no_facts, no_ssvc) = (&no_facts, &no_ssvc);
    let asking = asks.into_iter().map(|ask| async move {
        let open = |failed: &AtomicUsize| failed.load(Ordering::Relaxed) < DOWN && Instant::now() < deadline;
        let facts = if ask.facts && open(no_facts) {
            Some(counted(app.intelligence.vulnerability(&ask.cve).await, no_facts))
        } else {
            None
        };
        let ssvc = if ask.ssvc && open(no_ssvc) {
            Some(counted(app.intelligence.ssvc(&ask.cve).await, no_ssvc))
        } else {
            None
        };
        Answer { cve: ask.cve, facts, ssvc }
    });
    let asking: Vec<_> = asking.collect();
    futures_util::stream::iter(asking).buffered(SIDE_BY_SIDE).collect().await
}

/// Counts failures in a row. A question that is refused is answered: nothing is known of such a CVE.
fn counted<T>(said: Result<Option<T>, SourceError>, failed: &AtomicUsize) -> Result<Option<T>, SourceError> {
    match said {
        Ok(_) => failed.store(0, Ordering::Relaxed),
        Err(SourceError::Rejected(_)) => return Ok(None),
        Err(_) => {
            failed.fetch_add(1, Ordering::Relaxed);
        }
    }
    said
}

async fn take(app: &App, state: &mut State, book: &Book, answers: Vec<Answer>) -> Result<bool, Error> {
    let now = app.now();
    let answered = (
        stand(&mut state.cvedb, answers.iter().filter_map(|a| a.facts.as_ref().map(|said| said.as_ref().err())), now),
        stand(&mut state.ssvc, answers.iter().filter_map(|a| a.ssvc.as_ref().map(|said| said.as_ref().err())), now),
    );
    state.pace.take(answers.iter().filter(|a| a.facts.is_some() || a.ssvc.is_some()).count(), now);
    let keys: Vec<String> = answers.iter().map(|answer| details_key(&answer.cve)).collect();
    let before = app.tables.get_many(Table::Intelligence, BOOK, &keys).await?;
    let mut noted: BTreeMap<CveId, Noted> = book.noted.clone();
    let (mut ops, mut changed, mut touched) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (answer, row) in answers.iter().zip(before) {
        let was = book.noted.get(&answer.cve);
        let mut one = was.cloned().unwrap_or_else(|| Noted::new(answer.cve.clone()));
        let mut details: Details = row.as_ref().map(rows::decode).transpose()?.unwrap_or_default();
        match &answer.facts {
            Some(Ok(facts)) => {
                one.learn(facts.as_ref(), now);
                describe(&mut details, facts.as_ref(), now);
            }
            Some(Err(_)) if answered.0 => one.asked = later(now),
            _ => {}
        }
        match &answer.ssvc {
            Some(Ok(record)) => {
                one.judge(record.as_ref(), now);
                if let Some(record) = record {
                    details.cwes.clone_from(&record.cwes);
                }
            }
            Some(Err(_)) if answered.1 => one.judged = later(now),
            _ => {}
        }
        if was == Some(&one) || (one.asked.is_none() && one.judged.is_none()) {
            continue;
        }
        // Somebody may wait for the answer, whatever it is.
        let awaited = one.asked.is_some() && was.is_none_or(|was| was.asked.is_none());
        if awaited || one.differs(was) {
            changed.insert(answer.cve.clone());
        }
        ops.push(details_row(&answer.cve, &details)?);
        touched.insert(answer.cve.clone());
        noted.insert(answer.cve.clone(), one);
    }
    ops.extend(shards(&noted, &touched)?.into_values());
    Ok(state.write(app, Write { ops, changed }).await?)
}

/// Writes down how a publisher answered. Did it at all?
fn stand<'a>(feed: &mut Feed, said: impl Iterator<Item = Option<&'a SourceError>>, now: Timestamp) -> bool {
    let said: Vec<Option<&SourceError>> = said.collect();
    let answered = said.iter().any(Option::is_none);
    match said.into_iter().flatten().next() {
        _ if answered => feed.answered(now),
        Some(error) => {
            tracing::warn!(%error, "a publisher of facts about vulnerabilities does not answer; what is known stays");
            feed.failed(error, now);
        }
        None => {}
    }
    answered
}

/// As if asked so long ago that its turn comes again soon, but not at once.
fn later(now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(EVERY).and_then(|at| at.checked_add(AGAIN)).ok()
}

fn describe(details: &mut Details, facts: Option<&VulnerabilityFacts>, now: Timestamp) {
    details.fetched_at = Some(now);
    let Some(facts) = facts else { return };
    details.summary.clone_from(&facts.summary);
    details.references.clone_from(&facts.references);
    details.published_at = facts.published_at;
}
