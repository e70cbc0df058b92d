use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::store::State;
use super::watch::WATCH;
use super::{epss, facts, kev};
use crate::agenda::{self, Agenda, Mark, PARTITION};
use crate::ports::{Op, Row, RowRange, Table};
use crate::{App, Error, rows};

/// However full a tick is with polls, facts are asked for so long.
const AT_LEAST: Duration = Duration::from_secs(10);

/// Asks whoever it is time to ask. Nobody is asked while no asset is concerned with any CVE. When it is time again stands
/// in the agenda; `decided`: this tick decided about assets, so that it may be sooner than was read.
pub(crate) async fn refresh(app: &App, agenda: &Agenda, decided: bool, deadline: Instant) -> Result<(), Error> {
    let mark = if decided {
        app.tables.get(Table::Schedule, PARTITION, &Mark::Facts.key("")).await?
    } else {
        agenda.marks(Mark::Facts).next().cloned()
    };
    let Some(mark) = mark else { return Ok(()) };
    let (due, now): (Timestamp, _) = (rows::decode(&mark)?, app.now());
    if due > now {
        return Ok(());
    }
    let one = RowRange { limit: 1, ..RowRange::default() };
    if app.tables.range(Table::Intelligence, WATCH, one).await?.rows.is_empty() {
        if now.duration_since(due) >= agenda::FOLLOWED {
            agenda::dismiss(app, &mark).await?;
        }
        return Ok(());
    }
    let next = ask(app, deadline.max(Instant::now() + AT_LEAST)).await?;
    again(app, mark, next.unwrap_or(now)).await
}

/// Returns when it is time again; `None`: another tick that does the same at this moment has its turn.
async fn ask(app: &App, deadline: Instant) -> Result<Option<Timestamp>, Error> {
    let mut state = State::read(app).await?;
    if !(kev::refresh(app, &mut state).await? && epss::refresh(app, &mut state).await?) {
        return Ok(None);
    }
    let Some(next) = facts::refresh(app, &mut state, deadline).await? else { return Ok(None) };
    let now = app.now();
    Ok(Some(next.min(state.kev.next(kev::EVERY, now)).min(state.epss.next(epss::EVERY, now))))
}

/// Whoever came in between has reminded of something sooner: that stays.
async fn again(app: &App, mark: Row, next: Timestamp) -> Result<(), Error> {
    agenda::commit(app, vec![Op::Replace(rows::encode(mark.key, &next)?, mark.etag)]).await?;
    Ok(())
}
