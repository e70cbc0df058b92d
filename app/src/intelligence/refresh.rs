use std::time::Duration;

use tokio::time::Instant;

use super::store::State;
use super::watch::WATCH;
use super::{epss, facts, kev};
use crate::ports::{RowRange, Table};
use crate::{App, Error};

/// However full a tick is with polls, facts are asked for so long.
const AT_LEAST: Duration = Duration::from_secs(10);

/// Asks whoever it is time to ask. Nobody is asked while no asset is concerned with any CVE.
pub(crate) async fn refresh(app: &App, deadline: Instant) -> Result<(), Error> {
    let one = RowRange { limit: 1, ..RowRange::default() };
    if app.tables.range(Table::Intelligence, WATCH, one).await?.rows.is_empty() {
        return Ok(());
    }
    let mut state = State::read(app).await?;
    // Another tick that does the same at this moment has its turn; the rest is still to do at the next.
    let whole = kev::refresh(app, &mut state).await?
        && epss::refresh(app, &mut state).await?
        && facts::refresh(app, &mut state, deadline.max(Instant::now() + AT_LEAST)).await?;
    if !whole {
        tracing::debug!("another tick asks about vulnerabilities");
    }
    Ok(())
}
