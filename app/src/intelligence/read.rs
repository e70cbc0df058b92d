use domain::cve::CveId;
use domain::role::Action;

use super::feed::Feed;
use super::noted::Details;
use super::store::{BOOK, State, details_key};
use crate::access::Caller;
use crate::ports::Table;
use crate::{App, Error, rows};

/// What people read about a CVE; `None`: nobody asked about it yet.
pub async fn details(app: &App, caller: &Caller, cve: &CveId) -> Result<Option<Details>, Error> {
    caller.may(Action::Read)?;
    let row = app.tables.get(Table::Intelligence, BOOK, &details_key(cve)).await?;
    Ok(row.as_ref().map(rows::decode).transpose()?)
}

/// How the publishers stand, by name. CISA's catalogue without an edition of the feed is the built-in one.
pub async fn feeds(app: &App) -> Result<[(&'static str, Feed); 4], Error> {
    let mut state = State::read(app).await?;
    if state.kev.date.is_none() && state.catalogue == 0 {
        state.kev.date = app.intelligence.known_exploited_built_in().date;
    }
    Ok([("KEV", state.kev), ("EPSS", state.epss), ("CVEDB", state.cvedb), ("SSVC", state.ssvc)])
}
