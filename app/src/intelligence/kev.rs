use std::collections::BTreeSet;

use domain::cve::CveId;
use jiff::SignedDuration;

use super::book::Book;
use super::store::{State, Write, catalogue};
use crate::ports::{Edition, KnownExploited, Refreshed};
use crate::{App, Error};

/// CISA adds entries on working days; an attack does not wait for the evening.
pub(super) const EVERY: SignedDuration = SignedDuration::from_hours(2);

/// Asks for another edition of CISA's catalogue when it is time. `false`: somebody else wrote in between.
pub(super) async fn refresh(app: &App, state: &mut State) -> Result<bool, Error> {
    let now = app.now();
    if !state.kev.is_due(EVERY, now) {
        return Ok(true);
    }
    let mut write = Write::default();
    match app.intelligence.known_exploited(&state.kev.validators).await {
        Ok(Refreshed::Unchanged) => state.kev.answered(now),
        Ok(Refreshed::Changed(edition)) => {
            let book = Book::of(app, state).await?;
            write = take(state, &edition, &book)?;
            state.kev.answered(now);
        }
        Err(error) => {
            tracing::warn!(%error, "CISA's catalogue cannot be had; the last copy stays");
            state.kev.failed(&error, now);
        }
    }
    Ok(state.write(app, write).await?)
}

fn take(state: &mut State, edition: &Edition<KnownExploited>, book: &Book) -> Result<Write, Error> {
    let (ops, count) = catalogue(&edition.entries, state.catalogue)?;
    state.catalogue = count;
    state.kev.date = edition.date;
    state.kev.validators = edition.validators.clone();
    Ok(Write { ops, changed: changed(&edition.entries, book) })
}

/// Those that came, went, or are told of otherwise.
fn changed(entries: &[KnownExploited], book: &Book) -> BTreeSet<CveId> {
    let judged = |entry: &KnownExploited| (entry.added_on, entry.due_on, entry.ransomware);
    let come = entries.iter().filter(|entry| book.catalogue.get(&entry.cve).map(judged) != Some(judged(entry)));
    let now: BTreeSet<&CveId> = entries.iter().map(|entry| &entry.cve).collect();
    let gone = book.catalogue.keys().filter(|cve| !now.contains(cve));
    come.map(|entry| &entry.cve).chain(gone).cloned().collect()
}
