//! Who belongs to an organization, and who may come.

use app::access::{self, Invitation as StoredInvitation, Membership};
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::asset::exact;
use super::viewer::User;
use crate::context::{app, bad_input, caller, fail};
use crate::enums::Role;
use crate::paging::Page;
use crate::scalars::{DateTime, EmailAddress, at};

/// Somebody who belongs to the organization.
#[derive(SimpleObject, Clone)]
pub struct Member {
    /// Who.
    user: User,
    /// As what.
    role: Role,
    /// Since when.
    joined_at: DateTime,
}

impl From<access::Member> for Member {
    fn from(member: access::Member) -> Self {
        let access::Member { user, membership } = member;
        Self { user: User(user), role: membership.role.into(), joined_at: at(membership.joined_at) }
    }
}

/// What goes with a page of members.
#[derive(SimpleObject)]
pub struct MemberTotals {
    /// How many there are.
    total_count: Option<i32>,
}

/// A page of members.
pub type MemberConnection = Connection<String, Member, MemberTotals>;

/// Lists the members of the caller's organization. A cursor is a member's id, and holds when that one has gone.
pub(super) async fn members(ctx: &Context<'_>, page: &Page) -> Result<MemberConnection> {
    let (app, caller) = (app(ctx), caller(ctx)?);
    let mut all = access::memberships(app, caller).await.map_err(fail)?;
    let total = all.len();
    let cursor = page.cursor.as_deref().map(|c| c.parse().map_err(|_| bad_input("not a cursor of this list")));
    if let Some(cursor) = cursor.transpose()? {
        all.retain(|member| if page.backward { member.user < cursor } else { member.user > cursor });
    }
    let more = all.len() > page.limit;
    let shown: Vec<Membership> = if page.backward {
        all.split_off(all.len().saturating_sub(page.limit))
    } else {
        all.truncate(page.limit);
        all
    };
    let (before, behind) = page.neighbours(more);
    let mut connection = Connection::with_additional_fields(before, behind, MemberTotals { total_count: exact(total) });
    let found = access::members(app, caller, &shown).await.map_err(fail)?;
    connection.edges.extend(found.into_iter().map(|member| Edge::new(member.user.id.to_string(), member.into())));
    Ok(connection)
}

/// That somebody may come into the organization.
#[derive(Clone)]
pub struct Invitation(pub(crate) StoredInvitation);

/// That somebody may come into the organization.
#[Object]
impl Invitation {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Who: only an account with this address may accept.
    async fn email(&self) -> EmailAddress {
        EmailAddress(self.0.email.to_string())
    }
    /// As what.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
    /// Until when.
    async fn expires_at(&self) -> DateTime {
        at(self.0.expires_at)
    }
}
