use domain::email::EmailAddress;
use domain::ids::{OrgId, UserId};
use domain::role::Role;

use super::claim::{Claimed, claim, claim_email, in_time};
use super::names::name_fault;
use super::organization::{self, Organization, OrganizationSettings};
use super::password::{self, Password};
use super::store::Command;
use super::user::{self, Membership, User};
use super::{Caller, note, strength};
use crate::audit::{Act, Deed};
use crate::ports::{Op, StoreError, WriteRow};
use crate::{App, Error, UserError, UserErrorCode};

/// Somebody new, checked. Without a password they sign in through a provider alone.
pub(super) struct Newcomer {
    pub(super) email: EmailAddress,
    pub(super) email_verified: bool,
    pub(super) password: Option<String>,
    pub(super) name: String,
}

/// What was founded.
pub(super) struct Founded {
    pub(super) user: User,
    pub(super) organization: Organization,
}

/// May others be there already?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Whoever comes.
    Open,
    /// The first one, and nobody after them.
    FirstOnly,
}

const CLAIM_PARTITION: &str = "instance";
const FIRST: &str = "first";

impl Newcomer {
    /// Checks what was typed; every fault is told at once. The organization's name is the second half of the answer.
    pub(super) fn check(
        email: &str,
        password: &str,
        name: &str,
        organization_name: Option<&str>,
    ) -> Result<(Self, String), Error> {
        let mut faults = Vec::new();
        let address = EmailAddress::parse(email);
        if email.trim().is_empty() {
            faults.push(UserError::of(UserErrorCode::Required, "email", "enter an e-mail address"));
        } else if address.is_none() {
            faults.push(UserError::of(
                UserErrorCode::Invalid,
                "email",
                "enter an e-mail address such as ops@example.com",
            ));
        }
        let (name, organization_name) = (name.trim(), organization_name.map_or("", str::trim));
        if name.is_empty() {
            faults.push(UserError::of(UserErrorCode::Required, "name", "enter a name"));
        }
        faults.extend(name_fault(name, "name"));
        faults.extend(name_fault(organization_name, "organizationName"));
        faults.extend(strength::fault(password, address.as_ref(), name));
        let Some(email) = address.filter(|_| faults.is_empty()) else { return Err(Error::User(faults)) };
        let organization_name =
            if organization_name.is_empty() { organization_of(name) } else { organization_name.into() };
        Ok((
            Self { email, email_verified: false, password: Some(password.into()), name: name.into() },
            organization_name,
        ))
    }

    /// Makes the organization and its OWNER. The user's batch is last and makes everything before it true: until
    /// then the claims are free again after five minutes, and nothing leads to the organization.
    pub(super) async fn found(self, app: &App, organization_name: String, door: Door) -> Result<Founded, Error> {
        let (since, arriving) = (app.now(), self.arrive(app).await?);
        claim_first(app, &arriving.user.id, door).await?;
        claim_theirs(app, &arriving.user).await?;
        let (organization, membership) = found_for(app, &arriving.user, organization_name, true).await?;
        if !in_time(app, since) {
            return Err(Error::Busy);
        }
        let user = arriving.settle(app, &membership, Vec::new()).await?;
        Ok(Founded { user, organization })
    }

    /// With an id, and the password hashed.
    pub(super) async fn arrive(self, app: &App) -> Result<Arriving, Error> {
        let password = match &self.password {
            Some(password) => Some(password::hash(app, password).await?),
            None => None,
        };
        let user = User {
            id: UserId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?,
            email: self.email,
            name: self.name,
            email_verified: self.email_verified,
            time_zone: "UTC".into(),
            created_at: app.now(),
            deleted_at: None,
        };
        Ok(Arriving { user, password })
    }
}

/// A person of whom nothing is stored yet.
pub(super) struct Arriving {
    pub(super) user: User,
    password: Option<Password>,
}

impl Arriving {
    /// Stores the person, with where they belong.
    pub(super) async fn settle(self, app: &App, membership: &Membership, more: Vec<Op>) -> Result<User, Error> {
        let command = Command::new(app);
        let mut ops = vec![Op::Insert(command.row(user::PROFILE, &self.user)?)];
        if let Some(password) = &self.password {
            ops.push(Op::Insert(command.row(user::PASSWORD, password)?));
        }
        ops.push(Op::Insert(command.row(user::membership(&membership.org), membership)?));
        ops.extend(more);
        command.apply(&user::partition(&self.user.id), ops).await?;
        Ok(self.user)
    }
}

/// What an organization is called where nobody said anything.
pub(super) fn organization_of(name: &str) -> String {
    format!("{name}'s organization")
}

/// Makes an organization of which this person is the OWNER. The person's own row of the membership is the caller's to
/// write: until then nothing leads there.
pub(super) async fn found_for(
    app: &App,
    user: &User,
    name: String,
    registers: bool,
) -> Result<(Organization, Membership), Error> {
    let organization = Organization {
        id: OrgId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?,
        name,
        created_at: app.now(),
        buckets: 1,
        settings: OrganizationSettings::default(),
        shodan_key: None,
        closed_at: None,
    };
    let membership = Membership {
        org: organization.id.clone(),
        user: user.id.clone(),
        role: Role::Owner,
        joined_at: organization.created_at,
        invitation: None,
    };
    let command = Command::new(app);
    let entry = command.row(organization.id.as_str(), &organization.created_at)?;
    command.apply(organization::REGISTRY, vec![Op::Insert(entry)]).await?;

    let command = Command::new(app);
    let mut ops = inserts([
        command.row(organization::PROFILE, &organization)?,
        command.row(organization::member(&user.id), &membership)?,
    ]);
    if registers {
        ops.push(told(app, user, Deed::Registered, (user.id.as_str(), &user.name))?);
    }
    ops.push(told(app, user, Deed::OrganizationCreated, (organization.id.as_str(), &organization.name))?);
    command.apply(&organization::partition(&organization.id), ops).await?;
    Ok((organization, membership))
}

/// Makes an account directly, whatever registration says: for whoever runs the program. Not signed in.
pub async fn bootstrap(
    app: &App,
    email: &str,
    password: &str,
    name: &str,
    organization_name: Option<&str>,
) -> Result<Caller, Error> {
    let (newcomer, organization_name) = Newcomer::check(email, password, name, organization_name)?;
    let Founded { user, organization } = newcomer.found(app, organization_name, Door::Open).await?;
    Ok(Caller::of_person(&organization, &user, Role::Owner))
}

/// Everybody tries to be the first, so that the setup code is worth nothing once anybody is registered.
async fn claim_first(app: &App, user: &UserId, door: Door) -> Result<(), Error> {
    match (claim(app, CLAIM_PARTITION, FIRST, user, |_| true).await?, door) {
        (Claimed::Ours, _) | (Claimed::Taken, Door::Open) => Ok(()),
        (Claimed::Taken, Door::FirstOnly) => {
            let message = "the setup code has been used: ask somebody who is registered for an invitation";
            Err(UserError::of(UserErrorCode::NotAllowed, "setupCode", message).into())
        }
        // Passing by somebody who may not finish would leave the first place free although it is not.
        (Claimed::Pending, _) => Err(Error::Busy),
    }
}

/// That an address is taken is told openly: without a mail server there is no other way to tell its owner, and
/// tries are throttled.
pub(super) async fn claim_theirs(app: &App, user: &User) -> Result<(), Error> {
    let message = match claim_email(app, &user.email, &user.id).await? {
        Claimed::Ours => return Ok(()),
        Claimed::Taken => "this address has an account: sign in instead",
        Claimed::Pending => "somebody is registering with this address: try again in five minutes",
    };
    Err(UserError::of(UserErrorCode::Taken, "email", message).into())
}

fn told(app: &App, user: &User, deed: Deed, subject: (&str, &str)) -> Result<Op, StoreError> {
    let actor = note::actor(user);
    Act { actor: &actor, address: None, deed, subject, changes: Vec::new() }.op(app)
}

fn inserts<const N: usize>(rows: [WriteRow; N]) -> Vec<Op> {
    rows.into_iter().map(Op::Insert).collect()
}
