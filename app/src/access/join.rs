use domain::ids::OrgId;
use domain::role::Role;

use super::founding::{Newcomer, claim_theirs};
use super::invitation::{self, Invitation, Open, by_token, role_change};
use super::roster::{self, Roster};
use super::store::Command;
use super::user::{self, Membership, User};
use super::{Caller, Organization, note, organization};
use crate::audit::{Act, Deed};
use crate::ports::{Commit, Op, Table};
use crate::{App, Error, UserError, UserErrorCode};

const TRIES: usize = 4;

/// Takes the person who asks into the organization that invites them. They act where they did; `switch_organization`
/// takes them there.
pub async fn accept_invitation(app: &App, caller: &Caller, token: &str) -> Result<Organization, Error> {
    let id = caller.person()?;
    let Some(user) = user::user(app, id).await?.filter(User::is_live) else { return Err(Error::Unauthenticated) };
    let Some(open) = by_token(app, token).await? else { return Err(expired("token").into()) };
    if open.invitation.email.account_key() != user.email.account_key() {
        let message = "this invitation is for another address: sign in with the account that has it";
        return Err(UserError::of(UserErrorCode::NotAllowed, "token", message).into());
    }
    let Some(organization) = organization(app, &open.org).await? else { return Err(expired("token").into()) };
    let belongs = membership(app, &open, &user);
    // Where to look comes first: the organization's row is the one that counts.
    let command = Command::new(app);
    let row = command.row(user::membership(&open.org), &belongs)?;
    command.commit(Table::Accounts, &user::partition(id), vec![Op::Upsert(row)]).await?;
    match enter(app, &open.org, &user, &open.invitation).await? {
        Some(_) => Ok(organization),
        None => Err(expired("token").into()),
    }
}

/// Makes an account for somebody who was invited, in the organization that invites them.
pub(super) async fn register_invited(
    app: &App,
    newcomer: Newcomer,
    open: &Open,
) -> Result<(User, Organization, Role), Error> {
    let Some(organization) = organization(app, &open.org).await? else {
        return Err(expired("invitationToken").into());
    };
    if open.invitation.email.account_key() != newcomer.email.account_key() {
        let message = "this invitation is for another address: register with the one that it was sent to";
        return Err(UserError::of(UserErrorCode::NotAllowed, "email", message).into());
    }
    let proved = newcomer.email_verified || open.invitation.mailed;
    let arriving = Newcomer { email_verified: proved, ..newcomer }.arrive(app).await?;
    claim_theirs(app, &arriving.user).await?;
    let belongs = membership(app, open, &arriving.user);
    // The person first: what breaks off here is taken up again when they sign in.
    let user = arriving.settle(app, &belongs, Vec::new()).await?;
    match enter(app, &open.org, &user, &open.invitation).await? {
        Some(member) => Ok((user, organization, member.role)),
        None => Err(expired("invitationToken").into()),
    }
}

/// Takes up again what broke off: the person has a row that names the invitation, the organization has none of them.
pub(super) async fn resume(app: &App, user: &User, belongs: &Membership) -> Result<Option<Membership>, Error> {
    let Some(id) = &belongs.invitation else { return Ok(None) };
    let Some(stored) = invitation::invitation(app, &belongs.org, id).await? else { return Ok(None) };
    if stored.thing.email.account_key() != user.email.account_key() {
        return Ok(None);
    }
    enter(app, &belongs.org, user, &stored.thing).await
}

/// What an invitation says to who does not have a good one.
pub(super) fn expired(field: &str) -> UserError {
    UserError::of(UserErrorCode::Expired, field, "this invitation does not work any more: ask for another one")
}

fn membership(app: &App, open: &Open, user: &User) -> Membership {
    Membership {
        org: open.org.clone(),
        user: user.id.clone(),
        role: open.invitation.role,
        joined_at: app.now(),
        invitation: Some(open.invitation.id.clone()),
    }
}

/// Makes somebody a member, and the invitation goes, in one batch: so it works once. `None`: it was used or taken back.
async fn enter(app: &App, org: &OrgId, user: &User, invitation: &Invitation) -> Result<Option<Membership>, Error> {
    for _ in 0..TRIES {
        let roster = Roster::read(app, org).await?;
        if let Some(member) = roster.find(&user.id) {
            return Ok(Some(member.clone()));
        }
        if roster.members.len() >= roster::MOST {
            let message = format!("an organization has at most {} members", roster::MOST);
            return Err(UserError::general(UserErrorCode::TooMany, message).into());
        }
        let Some(stored) = invitation::invitation(app, org, &invitation.id).await? else { return Ok(None) };
        let open = Open { org: org.clone(), invitation: stored.thing };
        let member = membership(app, &open, user);
        let actor = note::actor(user);
        let act = Act {
            actor: &actor,
            address: None,
            deed: Deed::MemberJoined,
            subject: (user.id.as_str(), &user.name),
            changes: vec![role_change(None, Some(member.role))],
        };
        let command = Command::new(app);
        let ops = vec![
            Op::Insert(command.row(organization::member(&user.id), &member)?),
            roster.op(&command)?,
            Op::Delete { key: invitation::key(&open.invitation.id), etag: Some(stored.etag) },
            act.op(app)?,
        ];
        match command.commit(Table::Accounts, &organization::partition(org), ops).await? {
            Commit::Done => return Ok(Some(member)),
            Commit::Conflict { .. } | Commit::Unknown => {}
        }
    }
    Err(Error::Busy)
}
