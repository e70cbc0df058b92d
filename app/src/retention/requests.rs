use domain::ids::{Bucket, OrgId};

use super::Room;
use crate::ports::{RowRange, StoreError, Table};
use crate::{App, access, ledger, repeat};

/// Answers to requests that nobody repeats any more.
pub(super) async fn purge(app: &App, org: &OrgId, room: &mut Room) -> Result<(), StoreError> {
    for (table, partition) in [
        (Table::Assets, org.to_string()),
        (Table::Accounts, access::organization_partition(org)),
        (Table::Exposure, ledger::partition(org, Bucket::default())),
        (Table::Deliveries, org.to_string()),
    ] {
        let mut next = Some(RowRange::prefix(repeat::PREFIX, 1_000));
        while let Some(range) = next.filter(|_| room.is_left()) {
            let page = app.tables.range(table, &partition, range.clone()).await?;
            let old = |row: &crate::ports::Row| match repeat::answered_at(row) {
                Ok(at) => app.now().duration_since(at) >= repeat::REMEMBERED,
                Err(error) => {
                    tracing::warn!(row = row.key, %error, "an answer that cannot be read is left alone");
                    false
                }
            };
            let keys = page.rows.iter().filter(|row| old(row)).map(|row| row.key.clone()).collect();
            room.remove(app, table, &partition, keys).await?;
            next = page.next.map(|from| RowRange { from, ..range });
        }
    }
    Ok(())
}
