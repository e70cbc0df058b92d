use async_graphql::{Context, Object, Result};

use crate::paging::page;
use crate::types::audit::{AuditEntryConnection, AuditFilter, audit_log};

/// Who changed what.
#[derive(Default)]
pub(super) struct AuditQuery;

#[Object]
impl AuditQuery {
    /// Everything that people and tokens did in the organization, newest first.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AuditFilter>,
    ) -> Result<AuditEntryConnection> {
        audit_log(ctx, filter, page(first, after, last, before)?).await
    }
}
