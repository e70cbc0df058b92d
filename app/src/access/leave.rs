use domain::email::EmailAddress;
use domain::ids::{OrgId, UserId};
use serde::{Deserialize, Serialize};

use super::claim::release_email;
use super::letter::{Notice, tell};
use super::profile::confirmed;
use super::roster::Roster;
use super::session;
use super::store::{Command, list, read};
use super::user::{self, MEMBERSHIPS, Membership, User};
use super::{Caller, closing, member, note, organization};
use crate::audit::{Act, Deed};
use crate::ports::{Commit, Op, Table};
use crate::{App, Error, UserError, UserErrorCode};

/// That a person is leaving for good: written before anything goes, and gone when all of it has. What a crash leaves
/// half done the timer finishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Leaving {
    user: User,
}

const LEAVING: &str = "leaving";
const MOST: usize = 100;
const TRIES: usize = 8;
/// The address of somebody who is gone; no mail can ever be sent to `.invalid` (RFC 6761).
const NOWHERE: &str = "deleted@account.invalid";

/// Deletes the caller's account: sessions, password and address are gone at once, memberships too. An organization
/// with nobody else in it goes with its last member. What they did stays in history, with their name.
///
/// # Errors
/// [`Error::User`]: the password is wrong; or others would be left without an OWNER, and which.
pub async fn delete_account(app: &App, caller: &Caller, typed: &str) -> Result<(), Error> {
    let id = caller.person()?;
    let (person, _) = confirmed(app, caller, typed, "password").await?;
    let partition = user::partition(id);
    for org in belongs(app, id).await? {
        let roster = Roster::read(app, &org).await?;
        let Some(theirs) = roster.find(id) else { continue };
        if roster.members.len() > 1 && roster.leaves_nobody(theirs, None) {
            let name = organization(app, &org).await?.map_or_else(|| org.to_string(), |o| o.name);
            let message = format!("you are the last OWNER of {name}: make somebody else an OWNER first");
            return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
        }
    }
    let command = Command::new(app);
    let row = command.row(id.as_str(), &Leaving { user: person.clone() })?;
    command.commit(Table::Accounts, LEAVING, vec![Op::Upsert(row)]).await?;
    let Some(stored) = read::<User>(app, Table::Accounts, &partition, user::PROFILE).await? else { return Ok(()) };
    let Some(nowhere) = EmailAddress::parse(NOWHERE) else { return Err(Error::Busy) };
    let tombstone = User { email: nowhere, email_verified: false, deleted_at: Some(app.now()), ..stored.thing };
    let command = Command::new(app);
    let mut ops = vec![Op::Replace(command.row(user::PROFILE, &tombstone)?, stored.etag)];
    for key in [user::PASSWORD, super::verify::PENDING, super::reset::AWAITED] {
        ops.push(Op::Delete { key: key.into(), etag: None });
    }
    ops.extend(session::end_others(&session::all(app, id).await?, None));
    match command.commit(Table::Accounts, &partition, ops).await? {
        Commit::Done => {}
        Commit::Conflict { .. } | Commit::Unknown => return Err(Error::Busy),
    }
    finish(app, &person).await?;
    tell(app, &person, Notice::Deleted).await;
    Ok(())
}

/// Finishes what crashes have left half done. Returns how many people have gone by it.
pub(super) async fn finish_all(app: &App) -> Result<usize, Error> {
    let leaving: Vec<Leaving> = list(app, LEAVING, "user_", MOST).await?;
    let mut finished = 0;
    for Leaving { user: person } in leaving {
        let now = user::user(app, &person.id).await?;
        if now.is_some_and(|now| now.is_live()) {
            // It broke off before anything was gone: they are still there, and may ask again.
            done(app, &person.id).await?;
        } else {
            finish(app, &person).await?;
            finished += 1;
        }
    }
    Ok(finished)
}

/// Each step may have been done before.
async fn finish(app: &App, person: &User) -> Result<(), Error> {
    for org in belongs(app, &person.id).await? {
        leave(app, person, &org).await?;
    }
    release_email(app, &person.email, &person.id).await?;
    done(app, &person.id).await
}

async fn leave(app: &App, person: &User, org: &OrgId) -> Result<(), Error> {
    for _ in 0..TRIES {
        let Some(organization) = organization(app, org).await? else { return Ok(()) };
        let roster = Roster::read(app, org).await?;
        let Some(theirs) = roster.find(&person.id) else { return Ok(()) };
        if roster.members.len() > 1 {
            let caller = Caller::of_person(&organization, person, theirs.role);
            member::expel(app, &caller, person, true).await?;
            return told(app, person, org).await;
        }
        if closing::close(app, org, &roster).await? {
            return Ok(());
        }
    }
    Err(Error::Busy)
}

async fn told(app: &App, person: &User, org: &OrgId) -> Result<(), Error> {
    let actor = note::actor(person);
    let act = Act {
        actor: &actor,
        address: None,
        deed: Deed::AccountDeleted,
        subject: (person.id.as_str(), &person.name),
        changes: Vec::new(),
    };
    Command::new(app).commit(Table::Accounts, &organization::partition(org), vec![act.op(app)?]).await?;
    Ok(())
}

async fn done(app: &App, user: &UserId) -> Result<(), Error> {
    let gone = vec![Op::Delete { key: user.to_string(), etag: None }];
    Command::new(app).commit(Table::Accounts, LEAVING, gone).await?;
    Ok(())
}

async fn belongs(app: &App, user: &UserId) -> Result<Vec<OrgId>, Error> {
    let rows: Vec<Membership> = list(app, &user::partition(user), MEMBERSHIPS, MOST).await?;
    Ok(rows.into_iter().map(|membership| membership.org).collect())
}
