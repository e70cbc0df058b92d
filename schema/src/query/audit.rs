use async_graphql::{Context, Object, Result};

use crate::paging::page;
use crate::types::audit::{AuditEntryConnection, AuditFilter, audit_log};

/// Who changed what.
#[derive(Default)]
pub(super) struct AuditQuery;

/// Who changed what.
#[Object]
impl AuditQuery {
    /// Everything that people and tokens did in the organization, newest first.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which entries; null: all.")] filter: Option<AuditFilter>,
    ) -> Result<AuditEntryConnection> {
        audit_log(ctx, filter, page(first, after, last, before)?).await
    }
}
