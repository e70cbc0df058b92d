use domain::event::Event;
use domain::ids::{Bucket, OrgId};
use jiff::{SignedDuration, Timestamp};

use crate::ports::{RowRange, StoreError, Table};
use crate::retention::Room;
use crate::{App, rows};

/// Rows that are looked at together.
const STEP: usize = 500;

/// Removes events older than so many days. Their numbers are not given again, so that cursors stay true.
pub(crate) async fn purge(app: &App, org: &OrgId, days: u32, room: &mut Room) -> Result<(), StoreError> {
    let before = app.now().checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
    let partition = super::partition(org, Bucket::default());
    while room.is_left() {
        let page = app.tables.range(Table::Exposure, &partition, RowRange::prefix("e|", STEP)).await?;
        let mut keys = Vec::new();
        for row in &page.rows {
            if rows::decode::<Event>(row)?.at >= before {
                break;
            }
            keys.push(row.key.clone());
        }
        if keys.is_empty() {
            break;
        }
        room.remove(app, Table::Exposure, &partition, keys).await?;
    }
    Ok(())
}
