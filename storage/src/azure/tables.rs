//! Reading rows. Reads may be repeated by the crates, up to three tries.

use app::ports::{Row, RowPage, RowRange, StoreError, Table};
use azure_data_tables::prelude::{Filter, TableClient, Top};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Azure;
use super::entity::Stored;
use super::failure::Failure;

/// Most reads side by side of one call.
const SIDE_BY_SIDE: usize = 32;
/// Most rows of one page of Azure's.
const PAGE: usize = 1000;

pub(super) async fn get(azure: &Azure, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
    let row =
        azure.reads.table_client(table.as_str()).partition_key_client(doubled(partition)).entity_client(doubled(key));
    match row.get::<Stored>().await {
        Ok(answer) => answer.entity.into_row(Some(answer.etag.to_string())).map(Some),
        Err(error) => {
            let failure = Failure::from(error);
            if is_no_row(&failure) { Ok(None) } else { Err(failure.into()) }
        }
    }
}

pub(super) async fn get_many(
    azure: &Azure,
    table: Table,
    partition: &str,
    keys: &[String],
) -> Result<Vec<Option<Row>>, StoreError> {
    let reads = keys.iter().map(|key| get(azure, table, partition, key)).collect::<Vec<_>>();
    stream::iter(reads).buffered(SIDE_BY_SIDE).try_collect().await
}

/// Asks for one row more than wanted: its key is where the next page begins, whatever Azure's own tokens are.
pub(super) async fn range(
    azure: &Azure,
    table: Table,
    partition: &str,
    range: RowRange,
) -> Result<RowPage, StoreError> {
    let limit = range.limit.max(1);
    let wanted = limit.saturating_add(1);
    let mut filter = format!("PartitionKey eq '{}' and RowKey ge '{}'", doubled(partition), doubled(&range.from));
    if let Some(to) = &range.to {
        filter = format!("{filter} and RowKey lt '{}'", doubled(to));
    }
    let found = query(azure, table, filter, wanted).await?;
    let mut rows = found.into_iter().map(|stored| stored.into_row(None)).collect::<Result<Vec<_>, _>>()?;
    let next = rows.get(limit).map(|row: &Row| row.key.clone());
    rows.truncate(limit);
    Ok(RowPage { rows, next })
}

/// Reads on behind a place, over all partitions. Two questions, each for a range of Azure's index: one with `or` would
/// make Azure read the table from its beginning.
pub(super) async fn scan(
    azure: &Azure,
    table: Table,
    after: Option<(&str, &str)>,
    limit: usize,
) -> Result<Vec<(String, Row)>, StoreError> {
    let mut found = Vec::new();
    let behind = match after {
        None => "PartitionKey ge ''".to_owned(),
        Some((partition, key)) => {
            let partition = doubled(partition);
            let rest = format!("PartitionKey eq '{partition}' and RowKey gt '{}'", doubled(key));
            found = query(azure, table, rest, limit).await?;
            format!("PartitionKey gt '{partition}'")
        }
    };
    if found.len() < limit {
        found.extend(query(azure, table, behind, limit - found.len()).await?);
    }
    found.truncate(limit);
    found.into_iter().map(Stored::into_located).collect()
}

/// At least `wanted` rows, if there are so many: pages of Azure's end where Azure likes.
async fn query(azure: &Azure, table: Table, filter: String, wanted: usize) -> Result<Vec<Stored>, StoreError> {
    let top = u32::try_from(wanted.min(PAGE)).unwrap_or(1);
    let query = azure.reads.table_client(table.as_str()).query().filter(Filter::new(filter)).top(Top::new(top));
    let mut pages = query.into_stream::<Stored>();
    let mut found = Vec::new();
    while found.len() < wanted
        && let Some(page) = pages.next().await
    {
        found.extend(page.map_err(Failure::from)?.entities);
    }
    Ok(found)
}

/// Makes a table, if it is not there.
pub(super) async fn make(table: TableClient) -> Result<(), StoreError> {
    match table.create().await.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(failure) if failure.is("TableAlreadyExists") => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}

/// A key as it stands between quotes in an address or a filter. The crates forget it.
pub(super) fn doubled(key: &str) -> String {
    key.replace('\'', "''")
}

/// No such row, in contrast to no such table.
pub(super) fn is_no_row(failure: &Failure) -> bool {
    match failure {
        Failure::Answered { status: 404, code, .. } => {
            matches!(code.as_str(), "ResourceNotFound" | "EntityNotFound" | "")
        }
        _ => false,
    }
}
