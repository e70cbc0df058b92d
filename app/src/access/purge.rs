use super::throttle;
use super::{closing, leave};
use crate::retention::Room;
use crate::{App, Error};

/// What nobody needs any more: throttles that count nothing, organizations that were closed. People who left half are
/// taken the rest of the way.
pub(crate) async fn purge(app: &App, room: &mut Room) -> Result<(), Error> {
    leave::finish_all(app).await?;
    closing::clear(app, room).await?;
    throttle::purge(app, room).await?;
    Ok(())
}
