use domain::email::EmailAddress;
use domain::ids::{OrgId, UserId};
use domain::role::Role;

use super::claim::{Claimed, claim, in_time};
use super::organization::{self, Organization, OrganizationSettings};
use super::store::Command;
use super::user::{self, Membership, User};
use super::{Caller, password, strength};
use crate::ports::{Op, StoreError, Table, WriteRow};
use crate::{App, Error, UserError, UserErrorCode};

/// Somebody with an organization to found, checked.
pub(super) struct Founder {
    pub(super) email: EmailAddress,
    password: String,
    name: String,
    organization_name: String,
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

const LONGEST_NAME: usize = 200;
const CLAIM_PARTITION: &str = "instance";
const FIRST: &str = "first";

impl Founder {
    /// Checks what was typed; every fault is told at once.
    pub(super) fn check(
        email: &str,
        password: &str,
        name: &str,
        organization_name: Option<&str>,
    ) -> Result<Self, Error> {
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
            if organization_name.is_empty() { format!("{name}'s organization") } else { organization_name.into() };
        Ok(Self { email, password: password.into(), name: name.into(), organization_name })
    }

    /// Makes the organization and its OWNER. The user's batch is last and makes everything before it true: until
    /// then the claims are free again after five minutes, and nothing leads to the organization.
    pub(super) async fn found(self, app: &App, door: Door) -> Result<Founded, Error> {
        let hashed = password::hash(app, &self.password).await?;
        let (since, Founded { user, organization }) = (app.now(), self.draft(app)?);
        claim_first(app, &user.id, door).await?;
        claim_email(app, &user).await?;
        let membership = Membership {
            org: organization.id.clone(),
            user: user.id.clone(),
            role: Role::Owner,
            joined_at: user.created_at,
        };

        let command = Command::new(app);
        let entry = command.row(organization.id.as_str(), &organization.created_at)?;
        command.apply(organization::REGISTRY, vec![Op::Insert(entry)]).await?;

        let command = Command::new(app);
        let profile = command.row(organization::PROFILE, &organization)?;
        let member = command.row(organization::member(&user.id), &membership)?;
        command.apply(&organization::partition(&organization.id), inserts([profile, member])).await?;

        if !in_time(app, since) {
            return Err(Error::Busy);
        }
        let command = Command::new(app);
        let profile = command.row(user::PROFILE, &user)?;
        let secret = command.row(user::PASSWORD, &hashed)?;
        let belongs = command.row(user::membership(&organization.id), &membership)?;
        command.apply(&user::partition(&user.id), inserts([profile, secret, belongs])).await?;
        Ok(Founded { user, organization })
    }

    fn draft(self, app: &App) -> Result<Founded, Error> {
        let created_at = app.now();
        let user = User {
            id: UserId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?,
            email: self.email,
            name: self.name,
            email_verified: false,
            time_zone: "UTC".into(),
            created_at,
        };
        let organization = Organization {
            id: OrgId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?,
            name: self.organization_name,
            created_at,
            buckets: 1,
            settings: OrganizationSettings::default(),
            shodan_key: None,
        };
        Ok(Founded { user, organization })
    }
}

/// Makes an account directly, whatever registration says: for whoever runs the program. Not signed in.
pub async fn bootstrap(
    app: &App,
    email: &str,
    password: &str,
    name: &str,
    organization_name: Option<&str>,
) -> Result<Caller, Error> {
    let founder = Founder::check(email, password, name, organization_name)?;
    let Founded { user, organization } = founder.found(app, Door::Open).await?;
    Ok(Caller::person(&organization, &user, Role::Owner))
}

/// Has anybody ever registered, or is about to?
///
/// # Errors
/// Of the store.
pub async fn is_anybody_registered(app: &App) -> Result<bool, StoreError> {
    Ok(app.tables.get(Table::Accounts, CLAIM_PARTITION, FIRST).await?.is_some())
}

/// Everybody tries to be the first, so that the setup code is worth nothing once anybody is registered.
async fn claim_first(app: &App, user: &UserId, door: Door) -> Result<(), Error> {
    match (claim(app, CLAIM_PARTITION, FIRST, user).await?, door) {
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
async fn claim_email(app: &App, user: &User) -> Result<(), Error> {
    let message = match claim(app, &user::email_partition(&user.email), user::EMAIL_CLAIM, &user.id).await? {
        Claimed::Ours => return Ok(()),
        Claimed::Taken => "this address has an account: sign in instead",
        Claimed::Pending => "somebody is registering with this address: try again in five minutes",
    };
    Err(UserError::of(UserErrorCode::Taken, "email", message).into())
}

fn inserts<const N: usize>(rows: [WriteRow; N]) -> Vec<Op> {
    rows.into_iter().map(Op::Insert).collect()
}

fn name_fault(name: &str, field: &str) -> Option<UserError> {
    if name.chars().count() > LONGEST_NAME {
        return Some(UserError::of(UserErrorCode::TooLong, field, format!("use at most {LONGEST_NAME} characters")));
    }
    let control = name.chars().any(char::is_control);
    control.then(|| UserError::of(UserErrorCode::Invalid, field, "use no line breaks or other control characters"))
}
