use domain::ids::{OrgId, UserId};
use domain::membership::leaves_nobody;
use domain::role::Role;

use super::organization;
use super::store::{Command, list, read};
use super::user::Membership;
use crate::App;
use crate::ports::{Etag, Op, StoreError, Table};

/// Who belongs to an organization, as it was read. What depends on all of them (that somebody who answers for it is
/// left) is decided by this and committed with [`Roster::op`], so that of two such changes one meets a conflict.
pub(super) struct Roster {
    changes: u64,
    etag: Option<Etag>,
    /// Everybody.
    pub(super) members: Vec<Membership>,
}

const KEY: &str = "roster";
const MEMBERS: &str = "member|";
/// People of one organization.
pub(super) const MOST: usize = 1_000;

impl Roster {
    /// The row first, and then the members: so a change in between is noticed.
    pub(super) async fn read(app: &App, org: &OrgId) -> Result<Self, StoreError> {
        let partition = organization::partition(org);
        let row = read::<u64>(app, Table::Accounts, &partition, KEY).await?;
        let members = list(app, &partition, MEMBERS, 2 * MOST).await?;
        let (changes, etag) = row.map_or((0, None), |row| (row.thing, Some(row.etag)));
        Ok(Self { changes, etag, members })
    }

    /// The member of that id.
    pub(super) fn find(&self, user: &UserId) -> Option<&Membership> {
        self.members.iter().find(|member| member.user == *user)
    }

    /// Would nobody be left who answers for the organization, were this member to become that (`None`: to go)?
    pub(super) fn leaves_nobody(&self, member: &Membership, wanted: Option<Role>) -> bool {
        let owners = self.members.iter().filter(|member| member.role == Role::Owner).count();
        leaves_nobody(owners, member.role, wanted)
    }

    /// Meets a conflict if anybody came, went or became something else since.
    pub(super) fn op(&self, command: &Command<'_>) -> Result<Op, StoreError> {
        let row = command.row(KEY, &(self.changes + 1))?;
        Ok(match &self.etag {
            Some(etag) => Op::Replace(row, etag.clone()),
            None => Op::Insert(row),
        })
    }
}
