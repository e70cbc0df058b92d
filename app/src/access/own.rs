use domain::ids::OrgId;
use domain::role::Role;

use super::founding::found_for;
use super::names::required_name;
use super::session::{self, Session, SignedIn};
use super::store::{Command, list, read, read_both};
use super::user::{self, MEMBERSHIPS, Membership, User};
use super::{Caller, Client, Organization, organization};
use crate::ports::{Op, Table};
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error, Registration, UserError, UserErrorCode};

/// A person belongs to at most so many organizations.
const MOST: usize = 50;

/// Founds an organization of which the caller is the OWNER. They act where they did; [`switch_organization`] takes
/// them there. Where registration is not open only who is an OWNER already founds another one.
pub async fn create_organization(
    app: &App,
    caller: &Caller,
    name: &str,
    request: Option<&ClientRequest>,
) -> Result<Organization, Error> {
    let id = caller.person()?;
    let slot = match request {
        Some(request) => match request.before::<OrgId>(app, Table::Accounts, &user::partition(id)).await? {
            Before::Answered(org) => return organization(app, &org).await?.ok_or(Error::Busy),
            Before::Not(slot) => Some(slot),
        },
        None => None,
    };
    let name = required_name(name, "name")?;
    let Some(user) = user::user(app, id).await?.filter(User::is_live) else { return Err(Error::Unauthenticated) };
    let belongs: Vec<Membership> = list(app, &user::partition(id), MEMBERSHIPS, 2 * MOST).await?;
    if belongs.len() >= MOST {
        let message = format!("a person belongs to at most {MOST} organizations");
        return Err(UserError::general(UserErrorCode::TooMany, message).into());
    }
    if app.settings.registration != Registration::Open && caller.role != Role::Owner {
        let message = "whoever runs the program decides who founds organizations here: only an OWNER founds another";
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    }
    let (organization, membership) = found_for(app, &user, name, false).await?;
    let command = Command::new(app);
    let mut ops = vec![Op::Upsert(command.row(user::membership(&organization.id), &membership)?)];
    if let Some(slot) = slot {
        ops.push(slot.fill(app, &organization.id)?);
    }
    command.apply(&user::partition(id), ops).await?;
    Ok(organization)
}

/// Signs the caller in to another of their organizations: with a new session, and the one that asked ends.
pub async fn switch_organization(app: &App, caller: &Caller, org: &OrgId, client: &Client) -> Result<SignedIn, Error> {
    let id = caller.person()?;
    let nowhere = || UserError::of(UserErrorCode::NotFound, "organizationId", "you belong to no such organization");
    let Some(user) = user::user(app, id).await?.filter(User::is_live) else { return Err(Error::Unauthenticated) };
    let keys = [organization::PROFILE.to_owned(), organization::member(id)];
    let found = read_both::<Organization, Membership>(app, &organization::partition(org), keys).await?;
    let (Some(organization), Some(member)) = found else { return Err(nowhere().into()) };
    if organization.thing.closed_at.is_some() {
        return Err(nowhere().into());
    }
    let signed_in = session::start_in(app, &user, &organization.thing, member.thing.role, client).await?;
    let partition = user::partition(id);
    if let Some(old) = &caller.session
        && let Some(old) = read::<Session>(app, Table::Accounts, &partition, &session::key(old)).await?
    {
        session::end(app, &partition, &old.thing, None).await?;
    }
    Ok(signed_in)
}
