use domain::email::EmailAddress;
use domain::ids::{OrgId, UserId};
use domain::membership::may_change;
use domain::role::{Action, Role};
use futures_util::StreamExt;

use super::claim::Claim;
use super::invitation::role_change;
use super::roster::Roster;
use super::store::{Command, read};
use super::user::{self, Membership, User, user};
use super::{ApiToken, Caller, api_token, organization};
use crate::audit::{Act, Deed};
use crate::ports::{Commit, Op, StoreError, Table};
use crate::{App, Error, UserError, UserErrorCode, findings};

/// Somebody who belongs to an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// As what, and since when.
    pub membership: Membership,
}

/// Who is to be removed, and what becomes of what was theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Who; oneself: to leave.
    pub user: UserId,
    /// The member who gets the findings that are assigned to them; `None`: nobody.
    pub reassign_to: Option<UserId>,
    /// Are the API tokens that they made revoked?
    pub revoke_tokens: bool,
}

/// What a removal left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Tokens that they made, and that still work.
    pub tokens_still_valid: Vec<ApiToken>,
    /// Findings that are assigned to nobody now.
    pub unassigned_findings: usize,
}

const TRIES: usize = 8;
const SIDE_BY_SIDE: usize = 8;

/// Who belongs to the organization, in the order in which people registered.
pub async fn memberships(app: &App, caller: &Caller) -> Result<Vec<Membership>, Error> {
    caller.may(Action::Read)?;
    Ok(Roster::read(app, &caller.org).await?.members)
}

/// These members with their profiles, in the same order.
pub async fn members(app: &App, caller: &Caller, some: &[Membership]) -> Result<Vec<Member>, Error> {
    caller.may(Action::Read)?;
    let reads = some.iter().map(|membership| async move {
        let user = user(app, &membership.user).await?;
        Ok(user.map(|user| Member { user, membership: membership.clone() }))
    });
    let found: Vec<Result<_, StoreError>> =
        futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(SIDE_BY_SIDE).collect().await;
    let found: Vec<Option<Member>> = found.into_iter().collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// A person as fellow members see them; `None`: nobody of the caller's organization.
pub async fn fellow(app: &App, caller: &Caller, id: &UserId) -> Result<Option<User>, Error> {
    caller.may(Action::Read)?;
    Ok(match colleague(app, &caller.org, id).await? {
        None if caller.user.as_ref() == Some(id) => user(app, id).await?,
        found => found,
    })
}

/// A member of an organization, for who gives them something to do and may not read.
pub(crate) async fn colleague(app: &App, org: &OrgId, id: &UserId) -> Result<Option<User>, StoreError> {
    let key = organization::member(id);
    let member = read::<Membership>(app, Table::Accounts, &organization::partition(org), &key).await?;
    Ok(if member.is_some() { user(app, id).await? } else { None })
}

/// Changes what somebody is. Nobody touches or makes what is greater than themselves, and an OWNER is left.
pub async fn change_member_role(app: &App, caller: &Caller, id: &UserId, role: Role) -> Result<Member, Error> {
    caller.may(Action::ManageMembers)?;
    for _ in 0..TRIES {
        let roster = Roster::read(app, &caller.org).await?;
        let (member, person) = found(app, &roster, id).await?;
        allowed(caller, &roster, &member, Some(role))?;
        let after = Membership { role, ..member.clone() };
        if after == member {
            return Ok(Member { user: person, membership: after });
        }
        let command = Command::new(app);
        let act = Act::of(caller, Deed::MemberChanged, (id.as_str(), &person.name));
        let ops = vec![
            Op::Upsert(command.row(organization::member(id), &after)?),
            roster.op(&command)?,
            act.changing(vec![role_change(Some(member.role), Some(role))]).op(app)?,
        ];
        if command.commit(Table::Accounts, &organization::partition(&caller.org), ops).await? == Commit::Done {
            return Ok(Member { user: person, membership: after });
        }
    }
    Err(Error::Busy)
}

/// Removes somebody, or lets the caller leave. Their findings and tokens go first: a crash in between is mended by
/// asking again.
pub async fn remove_member(app: &App, caller: &Caller, removal: &Removal) -> Result<Removed, Error> {
    let leaves = caller.user.as_ref() == Some(&removal.user);
    if leaves {
        caller.person()?;
    } else {
        caller.may(Action::ManageMembers)?;
    }
    let roster = Roster::read(app, &caller.org).await?;
    let (member, person) = found(app, &roster, &removal.user).await?;
    allowed(caller, &roster, &member, None)?;
    let heir = heir(app, &roster, removal).await?;
    let unassigned_findings = findings::hand_over(app, caller, &removal.user, heir.as_ref()).await?;
    let tokens_still_valid = tokens(app, caller, removal).await?;
    expel(app, caller, &person, leaves).await?;
    Ok(Removed { tokens_still_valid, unassigned_findings })
}

/// Takes a person out of the caller's organization.
pub(super) async fn expel(app: &App, caller: &Caller, person: &User, leaves: bool) -> Result<(), Error> {
    for _ in 0..TRIES {
        let roster = Roster::read(app, &caller.org).await?;
        let Some(member) = roster.find(&person.id) else { break };
        allowed(caller, &roster, member, None)?;
        let deed = if leaves { Deed::MemberLeft } else { Deed::MemberRemoved };
        let act = Act::of(caller, deed, (person.id.as_str(), &person.name));
        let command = Command::new(app);
        let ops = vec![
            roster.op(&command)?,
            Op::Delete { key: organization::member(&person.id), etag: None },
            act.changing(vec![role_change(Some(member.role), None)]).op(app)?,
        ];
        if command.commit(Table::Accounts, &organization::partition(&caller.org), ops).await? == Commit::Done {
            forget(app, &person.id, &caller.org).await;
            return Ok(());
        }
    }
    if Roster::read(app, &caller.org).await?.find(&person.id).is_none() { Ok(()) } else { Err(Error::Busy) }
}

/// The person's own row says only where to look: that it stays does no harm.
async fn forget(app: &App, person: &UserId, org: &OrgId) {
    let gone = vec![Op::Delete { key: user::membership(org), etag: None }];
    if let Err(error) = Command::new(app).commit(Table::Accounts, &user::partition(person), gone).await {
        tracing::debug!(%error, "a membership that does not count any more stays at the person");
    }
}

/// The member with this address.
pub(super) async fn by_email(app: &App, org: &OrgId, email: &EmailAddress) -> Result<Option<User>, StoreError> {
    let claim = read::<Claim>(app, Table::Accounts, &user::email_partition(email), user::EMAIL_CLAIM).await?;
    let Some(claim) = claim else { return Ok(None) };
    let key = organization::member(&claim.thing.user);
    let member = read::<Membership>(app, Table::Accounts, &organization::partition(org), &key).await?;
    let Some(member) = member else { return Ok(None) };
    let same = |user: &User| user.is_live() && user.email.account_key() == email.account_key();
    Ok(user(app, &member.thing.user).await?.filter(same))
}

async fn found(app: &App, roster: &Roster, id: &UserId) -> Result<(Membership, User), Error> {
    let nobody = || UserError::of(UserErrorCode::NotFound, "userId", "the organization has no such member");
    let member = roster.find(id).ok_or_else(nobody)?;
    let person = user(app, id).await?.ok_or_else(nobody)?;
    Ok((member.clone(), person))
}

fn allowed(caller: &Caller, roster: &Roster, member: &Membership, wanted: Option<Role>) -> Result<(), Error> {
    let leaves = caller.user.as_ref() == Some(&member.user) && wanted.is_none();
    if !leaves && !may_change(caller.role, Some(member.role), wanted) {
        let message = format!("only an OWNER touches or makes an OWNER; you are {}", caller.role);
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    }
    if roster.leaves_nobody(member, wanted) {
        let message = "this is the last OWNER: make somebody else an OWNER first";
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    }
    Ok(())
}

async fn heir(app: &App, roster: &Roster, removal: &Removal) -> Result<Option<User>, Error> {
    let Some(id) = &removal.reassign_to else { return Ok(None) };
    let wrong = |message: &str| Err(UserError::of(UserErrorCode::NotFound, "reassignTo", message).into());
    if *id == removal.user || roster.find(id).is_none() {
        return wrong("the findings go to another member of the organization");
    }
    Ok(user(app, id).await?)
}

/// Revokes what they made, if that is wanted; otherwise says what still works.
async fn tokens(app: &App, caller: &Caller, removal: &Removal) -> Result<Vec<ApiToken>, Error> {
    let theirs =
        |token: &ApiToken| token.created_by.id.as_deref() == Some(removal.user.as_str()) && token.is_live(app.now());
    let mut left = api_token::living(app, &caller.org).await?;
    left.retain(theirs);
    if removal.revoke_tokens {
        for token in left.drain(..) {
            api_token::revoke(app, caller, &token.id).await?;
        }
    }
    Ok(left)
}
