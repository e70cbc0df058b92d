use domain::ids::OrgId;
use jiff::Timestamp;

use super::decision::Decision;
use super::delivery::DeliveryId;
use super::shelf;
use crate::ports::{RowRange, StoreError, Table};
use crate::retention::{DELIVERIES, Room};
use crate::{App, rows};

/// Rows that are looked at together.
const STEP: usize = 500;

/// Removes deliveries, and the decisions that led to them or to none, that are older than they are kept for. What a
/// channel was told of stays: who was told of the start is told of the end.
pub(crate) async fn purge(app: &App, org: &OrgId, room: &mut Room) -> Result<(), StoreError> {
    let before = app.now().checked_sub(DELIVERIES).unwrap_or(Timestamp::MIN);
    while room.is_left() {
        let page = app.tables.range(Table::Deliveries, org.as_str(), shelf::oldest(before, STEP)).await?;
        let keys: Vec<String> = page.rows.iter().flat_map(|row| delivery_of(&row.key)).collect();
        if keys.is_empty() {
            break;
        }
        room.remove(app, Table::Deliveries, org.as_str(), keys).await?;
    }
    while room.is_left() {
        let range = RowRange::prefix("decision:", STEP);
        let page = app.tables.range(Table::Deliveries, org.as_str(), range).await?;
        let mut keys = Vec::new();
        for row in &page.rows {
            let decision: Decision = rows::decode(row)?;
            // Events are numbered as they come, so the rest is newer.
            if decision.at >= before {
                break;
            }
            keys.push(row.key.clone());
            keys.extend(decision.finding.map(|finding| shelf::about_row(&finding, decision.event)));
        }
        // The decisions of an event share what says that its finding had it.
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            break;
        }
        room.remove(app, Table::Deliveries, org.as_str(), keys).await?;
    }
    Ok(())
}

/// A delivery and its entry in the list, which goes last: after a crash it still leads to the delivery.
fn delivery_of(entry: &str) -> Vec<String> {
    let id = entry.rsplit(':').next().and_then(|id| id.parse().ok());
    id.map(|id: DeliveryId| id.to_string()).into_iter().chain([entry.to_owned()]).collect()
}
