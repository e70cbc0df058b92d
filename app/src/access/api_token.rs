use std::collections::BTreeSet;

use domain::actor::Actor;
use domain::event::Change;
use domain::ids::{OrgId, TokenId};
use domain::role::{Action, Role, Scope};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::pointer::Pointer;
use super::secret::{Purpose, Secret};
use super::store::{Command, list, read};
use super::{Caller, organization};
use crate::audit::{Act, Deed};
use crate::ports::{Commit, Op, StoreError, Table};
use crate::repeat::{Before, ClientRequest};
use crate::vault::{Place, VaultError};
use crate::{App, Error, UserError, UserErrorCode};

/// What a program of the organization's shows to be let in. Belongs to the organization: it outlives the membership
/// of who made it, and revoked it stays as a tombstone with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// Never changes.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// The first characters of the secret, to tell tokens apart.
    pub prefix: String,
    /// What it is for.
    pub scopes: BTreeSet<Scope>,
    /// The role of who made it, then: it never may more.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to five minutes.
    pub last_used_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: Actor,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What somebody wants of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewApiToken {
    /// What to call it, at most 100 characters.
    pub name: String,
    /// What it is for: at least one, none that the caller lacks.
    pub scopes: BTreeSet<Scope>,
    /// When it ends; `None`: never.
    pub expires_at: Option<Timestamp>,
}

const TOKENS: &str = "token|";
const LONGEST_NAME: usize = 100;
/// Tokens that an organization may have at once.
const MOST: usize = 100;
/// Tokens that it may ever have had: all of them are read to list those that count.
const EVER: usize = 10_000;
const TRIES: usize = 4;

impl ApiToken {
    /// Does it still count?
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Makes a token. The text is its secret, shown this once. The token's own row is last: a crash leaves no token of
/// which nobody has the secret.
pub async fn create_api_token(app: &App, caller: &Caller, wanted: NewApiToken) -> Result<(ApiToken, String), Error> {
    create_api_token_once(app, caller, wanted, None).await
}

/// What is remembered of an answer: the secret is sealed, and gone with the answer after 24 h.
#[derive(Serialize, Deserialize)]
struct Remembered {
    token: TokenId,
    secret_sealed: String,
}

/// Makes a token once, however often the client repeats the request: who lost the answer gets the secret again.
pub async fn create_api_token_once(
    app: &App,
    caller: &Caller,
    wanted: NewApiToken,
    request: Option<&ClientRequest>,
) -> Result<(ApiToken, String), Error> {
    caller.may(Action::ManageTokens)?;
    let partition = organization::partition(&caller.org);
    let slot = match request {
        Some(request) => match request.before::<Remembered>(app, Table::Accounts, &partition).await? {
            Before::Answered(first) => return recall(app, caller, &first).await,
            Before::Not(slot) => Some(slot),
        },
        None => None,
    };
    let now = app.now();
    check(caller, &wanted, now)?;
    if living(app, &caller.org).await?.len() >= MOST {
        let message = format!("an organization has at most {MOST} API tokens: revoke one first");
        return Err(UserError::general(UserErrorCode::TooMany, message).into());
    }
    let secret = Secret::new(&*app.ids, Purpose::ApiToken);
    let token = ApiToken {
        id: TokenId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?,
        name: wanted.name.trim().to_owned(),
        prefix: secret.beginning(),
        scopes: wanted.scopes,
        role: caller.role,
        created_at: now,
        expires_at: wanted.expires_at,
        last_used_at: None,
        created_by: caller.actor.clone(),
        revoked_at: None,
    };
    Pointer::ApiToken { org: caller.org.clone(), token: token.id.clone() }.store(app, &secret).await?;
    let secret = secret.reveal();
    let command = Command::new(app);
    let mut ops = vec![Op::Insert(command.row(key(&token.id), &token)?)];
    if let Some(slot) = slot {
        let secret_sealed = with_place(&partition, &token.id, |place| {
            app.vault.seal(&*app.ids, secret.as_bytes(), place).map_err(|error| unusable(&error))
        })?;
        ops.push(slot.fill(app, &Remembered { token: token.id.clone(), secret_sealed })?);
    }
    let act = Act::of(caller, Deed::TokenCreated, (token.id.as_str(), &token.name));
    ops.push(act.changing(granted(&token)).op(app)?);
    command.apply(&partition, ops).await?;
    Ok((token, secret))
}

/// What a new token may, for the audit log.
fn granted(token: &ApiToken) -> Vec<Change> {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let given = |field: &str, text: String| Change { field: field.into(), before: None, after: Some(text) };
    let end = token.expires_at.map(|end| given("expiresAt", end.to_string()));
    std::iter::once(given("scopes", scopes.join(" "))).chain(end).collect()
}

async fn recall(app: &App, caller: &Caller, first: &Remembered) -> Result<(ApiToken, String), Error> {
    let partition = organization::partition(&caller.org);
    let token = api_token(app, &caller.org, &first.token).await?.ok_or(Error::Busy)?;
    let secret = with_place(&partition, &token.id, |place| {
        app.vault.open(&first.secret_sealed, place).map_err(|error| unusable(&error))
    })?;
    Ok((token, String::from_utf8_lossy(&secret).into_owned()))
}

fn with_place<T>(partition: &str, token: &TokenId, act: impl FnOnce(&Place<'_>) -> T) -> T {
    act(&Place { table: Table::Accounts, partition, row: &key(token), column: "repeat" })
}

fn unusable(error: &VaultError) -> StoreError {
    StoreError::Denied(format!("the secret of a repeated answer: {error}"))
}

/// Ends a token at once and for good. Revoking it again changes nothing.
pub async fn revoke_api_token(app: &App, caller: &Caller, id: &TokenId) -> Result<ApiToken, Error> {
    caller.may(Action::ManageTokens)?;
    revoke(app, caller, id).await
}

/// Ends a token; whether the caller may is decided before.
pub(super) async fn revoke(app: &App, caller: &Caller, id: &TokenId) -> Result<ApiToken, Error> {
    let partition = organization::partition(&caller.org);
    for _ in 0..TRIES {
        let Some(stored) = read::<ApiToken>(app, Table::Accounts, &partition, &key(id)).await? else {
            return Err(UserError::of(UserErrorCode::NotFound, "id", "there is no such API token").into());
        };
        if stored.thing.revoked_at.is_some() {
            return Ok(stored.thing);
        }
        let revoked = ApiToken { revoked_at: Some(app.now()), ..stored.thing };
        let command = Command::new(app);
        let row = command.row(key(id), &revoked)?;
        let act = Act::of(caller, Deed::TokenRevoked, (id.as_str(), &revoked.name)).op(app)?;
        match command.commit(Table::Accounts, &partition, vec![Op::Replace(row, stored.etag), act]).await? {
            Commit::Done => return Ok(revoked),
            // It was used in this moment, or the answer got lost: its row tells.
            Commit::Conflict { .. } | Commit::Unknown => {}
        }
    }
    Err(Error::Busy)
}

/// The tokens that were not revoked, oldest first; those that ended by time are among them.
pub async fn list_api_tokens(app: &App, caller: &Caller) -> Result<Vec<ApiToken>, Error> {
    caller.may(Action::Read)?;
    Ok(living(app, &caller.org).await?)
}

/// The tokens of an organization that were not revoked.
pub(super) async fn living(app: &App, org: &OrgId) -> Result<Vec<ApiToken>, StoreError> {
    let stored: Vec<ApiToken> = list(app, &organization::partition(org), TOKENS, EVER).await?;
    Ok(stored.into_iter().filter(|token| token.revoked_at.is_none()).collect())
}

/// One token of an organization, revoked ones included.
pub async fn api_token(app: &App, org: &OrgId, id: &TokenId) -> Result<Option<ApiToken>, StoreError> {
    Ok(read(app, Table::Accounts, &organization::partition(org), &key(id)).await?.map(|stored| stored.thing))
}

pub(super) fn key(id: &TokenId) -> String {
    format!("{TOKENS}{id}")
}

fn check(caller: &Caller, wanted: &NewApiToken, now: Timestamp) -> Result<(), Error> {
    let mut faults = Vec::new();
    let name = wanted.name.trim();
    if name.is_empty() {
        faults.push(UserError::of(UserErrorCode::Required, "name", "name the token after what will use it"));
    } else if name.chars().count() > LONGEST_NAME {
        faults.push(UserError::of(UserErrorCode::TooLong, "name", format!("use at most {LONGEST_NAME} characters")));
    } else if name.chars().any(char::is_control) {
        faults.push(UserError::of(UserErrorCode::Invalid, "name", "use no line breaks or other control characters"));
    }
    if wanted.scopes.is_empty() {
        faults.push(UserError::of(UserErrorCode::Required, "scopes", "choose at least one scope"));
    }
    let lacking = caller.scopes.as_ref().and_then(|own| wanted.scopes.difference(own).next());
    if let Some(scope) = lacking {
        let message = format!("an API token can only pass on its own scopes, and {scope} is none of them");
        faults.push(UserError::of(UserErrorCode::NotAllowed, "scopes", message));
    }
    if wanted.expires_at.is_some_and(|end| end <= now) {
        faults.push(UserError::of(UserErrorCode::Invalid, "expiresAt", "choose an instant in the future"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::User(faults)) }
}
