//! Who changed what.

use app::audit::{self, Entry};
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, InputObject, Object, Result};

use super::actor::Actor;
use super::event::Change;
use crate::context::{app, caller, fail};
use crate::paging::Page;
use crate::scalars::{DateTime, IpAddress, at};

/// One act of a person or a token, as it was then.
#[derive(Clone)]
pub struct AuditEntry(pub(crate) Entry);

/// One act of a person or a token, as it was then.
#[Object]
impl AuditEntry {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// When.
    async fn at(&self) -> DateTime {
        at(self.0.at)
    }
    /// Who, as they were named then.
    async fn actor(&self) -> Actor {
        (&self.0.actor).into()
    }
    /// What: about what, a dot, and what was done, such as token.created or finding.state_changed.
    async fn action(&self) -> &str {
        &self.0.action
    }
    /// The id of what it was done to; null when that has none.
    async fn subject_id(&self) -> Option<ID> {
        self.0.subject_id.as_ref().map(ID::from)
    }
    /// Its name then.
    async fn subject(&self) -> &str {
        &self.0.subject
    }
    /// Old and new values, cut at 500 characters; never a secret's.
    async fn changes(&self) -> Vec<Change> {
        self.0.changes.iter().map(Change::from).collect()
    }
    /// Where the request came from; null: not known.
    async fn ip_address(&self) -> Option<IpAddress> {
        self.0.ip_address.map(IpAddress)
    }
}

/// Fields are and-ed.
#[derive(InputObject, Default)]
pub struct AuditFilter {
    /// In the actor's name or address, whatever the case.
    pub actor: Option<String>,
    /// This act, such as token.created, or all acts about one kind of thing, such as token.
    pub action: Option<String>,
    /// From this instant on.
    pub since: Option<DateTime>,
    /// Before this instant.
    pub until: Option<DateTime>,
    /// By this person or token.
    pub actor_id: Option<ID>,
    /// To this thing.
    pub subject_id: Option<ID>,
}

impl From<AuditFilter> for audit::AuditFilter {
    fn from(f: AuditFilter) -> Self {
        Self {
            actor: f.actor,
            actor_id: f.actor_id.map(|id| id.0),
            action: f.action,
            subject_id: f.subject_id.map(|id| id.0),
            since: f.since.map(|t| t.0),
            until: f.until.map(|t| t.0),
        }
    }
}

/// A page of acts. It may be shorter than asked for although there is more.
pub type AuditEntryConnection = Connection<String, AuditEntry>;

/// Lists acts, newest first.
pub async fn audit_log(ctx: &Context<'_>, filter: Option<AuditFilter>, page: Page) -> Result<AuditEntryConnection> {
    let filter = filter.unwrap_or_default().into();
    let asked = (page.cursor.as_deref(), page.limit, page.backward);
    let found = audit::page(app(ctx), caller(ctx)?, &filter, asked).await.map_err(fail)?;
    let (before, behind) = page.neighbours(found.more);
    let mut connection = Connection::new(before, behind);
    connection.edges.extend(found.items.into_iter().map(|(cursor, entry)| Edge::new(cursor, AuditEntry(entry))));
    Ok(connection)
}
