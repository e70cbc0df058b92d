use domain::role::Role;
use sha2::{Digest, Sha256};

use super::Client;
use super::founding::{Door, Newcomer};
use super::invitation::{self, Open};
use super::join::{expired, register_invited};
use super::letter::greet;
use super::session::{self, SignedIn};
use super::throttle::{self, Subject};
use crate::{App, Error, Registration, UserError, UserErrorCode};

/// What somebody typed to get in for the first time.
#[derive(Clone, Default)]
pub struct Register {
    /// Their address.
    pub email: String,
    /// At least 12 characters, at most 1 024 bytes.
    pub password: String,
    /// What others call them, at most 200 characters.
    pub name: String,
    /// The organization's name, at most 200 characters; none: named after the person.
    pub organization_name: Option<String>,
    /// What the operator set, for the first one.
    pub setup_code: Option<String>,
    /// What an invitation said.
    pub invitation_token: Option<String>,
}

/// Makes a person, with an organization of their own unless an invitation names one, and signs them in.
///
/// # Errors
/// [`Error::User`] with everything that is wrong with the input, or who may not register; [`Error::RateLimited`].
pub async fn register(app: &App, input: Register, client: &Client) -> Result<SignedIn, Error> {
    let way = way_in(app, &input)?;
    let (newcomer, organization_name) =
        Newcomer::check(&input.email, &input.password, &input.name, input.organization_name.as_deref())?;
    let mut own = vec![Subject::account(&newcomer.email)];
    if matches!(way, Way::RightCode | Way::WrongCode) {
        own.push(Subject::setup_code());
    }
    // Not forgiven on success: nobody makes accounts by the dozen.
    let shared: Vec<Subject> = client.address.map(Subject::address).into_iter().collect();
    throttle::enter(app, &shared).await?;
    throttle::enter(app, &own).await?;
    let door = match way {
        Way::Invited(token) => {
            let open = open(app, &token).await?;
            let (user, organization, role) = register_invited(app, newcomer, &open).await?;
            throttle::forgive(app, &own).await;
            greet(app, &user).await;
            return session::start_in(app, &user, &organization, role, client).await;
        }
        Way::Open => Door::Open,
        Way::RightCode => Door::FirstOnly,
        Way::WrongCode => {
            return Err(
                UserError::of(UserErrorCode::InvalidCredentials, "setupCode", "this is not the setup code").into()
            );
        }
    };
    let new = newcomer.found(app, organization_name, door).await?;
    throttle::forgive(app, &own).await;
    greet(app, &new.user).await;
    session::start_in(app, &new.user, &new.organization, Role::Owner, client).await
}

#[derive(Clone, PartialEq, Eq)]
enum Way {
    Open,
    RightCode,
    WrongCode,
    Invited(String),
}

fn way_in(app: &App, input: &Register) -> Result<Way, Error> {
    let settings = &app.settings;
    let refuse = |field: &str, message: &str| Err(UserError::of(UserErrorCode::NotAllowed, field, message).into());
    let invited = input.invitation_token.clone().map(Way::Invited);
    match (settings.registration, &settings.setup_code, &input.setup_code) {
        (Registration::Open, ..) => Ok(invited.unwrap_or(Way::Open)),
        (_, Some(right), Some(typed)) if !right.is_empty() => {
            Ok(if same(right, typed.trim()) { Way::RightCode } else { Way::WrongCode })
        }
        (Registration::Invited, ..) => match invited {
            Some(way) => Ok(way),
            None => refuse("invitationToken", "registration here is by invitation"),
        },
        (Registration::Closed, ..) => {
            Err(UserError::general(UserErrorCode::NotAllowed, "registration here is closed").into())
        }
    }
}

async fn open(app: &App, token: &str) -> Result<Open, Error> {
    invitation::by_token(app, token).await?.ok_or_else(|| expired("invitationToken").into())
}

/// Compares hashes: how long that takes tells nothing of the texts.
fn same(right: &str, typed: &str) -> bool {
    Sha256::digest(right) == Sha256::digest(typed)
}
