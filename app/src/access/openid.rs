use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::claim::{Claim, Claimed, claim};
use super::founding::{Door, Newcomer, organization_of};
use super::invitation::by_token;
use super::join::{expired, register_invited};
use super::letter::{Notice, tell};
use super::login::find;
use super::note::{Note, carry_over};
use super::secret::{random, sha256};
use super::session::{self, SignedIn};
use super::store::{Command, read};
use super::throttle::{self, Subject};
use super::user::{self, User};
use super::{Client, names};
use crate::audit::Deed;
use crate::ports::{Challenge, Identity, Op, OpenIdError, Returned, Table};
use crate::vault::Place;
use crate::{App, Error, Registration, UserError, UserErrorCode};

/// A sign-in at a provider has begun.
#[derive(Clone)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What the browser keeps until it comes back, at most [`SIGN_IN`]: sealed, so it can be neither read nor made up.
    pub cookie: String,
}

/// What the browser brought back.
#[derive(Clone, Default)]
pub struct Brought {
    /// The cookie.
    pub cookie: Option<String>,
    /// The provider's: which sign-in it answers.
    pub state: Option<String>,
    /// The provider's: what the tokens are to be had for.
    pub code: Option<String>,
    /// The provider's: who it is.
    pub issuer: Option<String>,
    /// The provider's: why there is no code.
    pub error: Option<String>,
}

/// So long somebody may take at the provider.
pub const SIGN_IN: SignedDuration = SignedDuration::from_mins(10);

/// What the cookie holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    verifier: String,
    until: Timestamp,
    back_to: String,
    invitation: Option<String>,
}

const PLACE: Place<'_> = Place { table: Table::Accounts, partition: "openid", row: "sign-in", column: "cookie" };
const LINK: &str = "user";
/// 256 bits each.
const RANDOM: usize = 43;
const HOME: &str = "/app/";
const LONGEST_PATH: usize = 512;

/// Begins a sign-in at the provider. `back_to`: the page of ours to come back to; `invitation`: the token of one, for
/// who has no account yet.
pub async fn begin_openid(app: &App, back_to: Option<&str>, invitation: Option<&str>) -> Result<Begun, Error> {
    let random = || random(&*app.ids, RANDOM);
    let challenge = Challenge { state: random(), nonce: random(), verifier: random() };
    let url = app.openid.authorize(&challenge, &redirect_uri(app)).await.map_err(|error| fault(&error))?;
    let Challenge { state, nonce, verifier } = challenge;
    let back_to = back_to.filter(|path| is_ours(path)).unwrap_or(HOME).to_owned();
    let invitation = invitation.filter(|token| token.len() <= LONGEST_PATH).map(str::to_owned);
    let kept = Kept { state, nonce, verifier, until: app.now() + SIGN_IN, back_to, invitation };
    let text = serde_json::to_vec(&kept).map_err(|_| Error::Busy)?;
    let cookie = app.vault.seal(&*app.ids, &text, &PLACE).map_err(|_| Error::Busy)?;
    Ok(Begun { url, cookie })
}

/// Finishes a sign-in: finds or makes the account, and opens a session. The text is the page to go to.
pub async fn finish_openid(app: &App, brought: &Brought, client: &Client) -> Result<(SignedIn, String), Error> {
    let kept = opened(app, brought)?;
    if brought.error.is_some() {
        return Err(UserError::general(UserErrorCode::InvalidCredentials, "the provider did not sign you in").into());
    }
    let Some(code) = &brought.code else { return Err(elsewhere().into()) };
    let shared: Vec<Subject> = client.address.map(Subject::address).into_iter().collect();
    throttle::enter(app, &shared).await?;
    let challenge = Challenge { state: kept.state, nonce: kept.nonce, verifier: kept.verifier };
    let returned = Returned { code, issuer: brought.issuer.as_deref() };
    let identity = app.openid.redeem(returned, &challenge, &redirect_uri(app)).await.map_err(|error| fault(&error))?;
    let user = account(app, identity, kept.invitation.as_deref(), client).await?;
    throttle::forgive(app, &shared).await;
    Ok((session::start(app, &user, client).await?, kept.back_to))
}

/// The sign-in that this browser began, if it is the one that is answered, in time.
fn opened(app: &App, brought: &Brought) -> Result<Kept, Error> {
    let cookie = brought.cookie.as_deref().and_then(|cookie| app.vault.open(cookie, &PLACE).ok());
    let kept: Option<Kept> = cookie.and_then(|text| serde_json::from_slice(&text).ok());
    let ours = |kept: &Kept| brought.state.as_ref() == Some(&kept.state) && app.now() < kept.until;
    kept.filter(ours).ok_or_else(|| elsewhere().into())
}

fn elsewhere() -> UserError {
    let message = "this sign-in was not begun in this browser, or more than ten minutes ago: begin again";
    UserError::general(UserErrorCode::Expired, message)
}

/// Whose identity it is: the one who is tied to it; else who has proved the same address as the provider; else
/// somebody new, if such may come.
async fn account(app: &App, identity: Identity, invitation: Option<&str>, client: &Client) -> Result<User, Error> {
    let partition = partition(&identity);
    if let Some(link) = read::<Claim>(app, Table::Accounts, &partition, LINK).await?
        && let Some(user) = user::user(app, &link.thing.user).await?.filter(User::is_live)
    {
        return Ok(user);
    }
    let Some(email) = identity.email.clone().filter(|_| identity.email_verified) else {
        let message = "the provider does not say that your address is yours: sign in with a password";
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    };
    if let (Some(user), _) = find(app, &email).await?
        && user.is_live()
    {
        // Whoever registered with an address that is not theirs must not come to share the account of who has it.
        if !user.email_verified {
            let message = "an account with your address has not proved that it is theirs: sign in there with the \
                           password and confirm the address, or choose a new password by mail";
            return Err(UserError::general(UserErrorCode::Conflict, message).into());
        }
        link(app, &identity, &user, client).await?;
        return Ok(user);
    }
    let called = identity.name.as_deref().and_then(|name| names::required_name(name, "name").ok());
    let name = called.unwrap_or_else(|| email.as_str().split('@').next().unwrap_or_default().to_owned());
    let newcomer = Newcomer { email, email_verified: true, password: None, name };
    let user = match (app.settings.registration, invitation) {
        (Registration::Open | Registration::Invited, Some(token)) => {
            let Some(open) = by_token(app, token).await? else { return Err(expired("token").into()) };
            register_invited(app, newcomer, &open).await?.0
        }
        (Registration::Open, None) => {
            let organization = organization_of(&newcomer.name);
            newcomer.found(app, organization, Door::Open).await?.user
        }
        (Registration::Invited | Registration::Closed, _) => {
            let message = "nobody here knows you yet: ask for an invitation";
            return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
        }
    };
    link(app, &identity, &user, client).await?;
    Ok(user)
}

/// Ties an identity to an account; the person is told. A crash before leaves an account with a proved address, which
/// the next sign-in finds.
async fn link(app: &App, identity: &Identity, user: &User, client: &Client) -> Result<(), Error> {
    if claim(app, &partition(identity), LINK, &user.id, User::is_live).await? != Claimed::Ours {
        return Err(Error::Busy);
    }
    let change = domain::event::Change { field: "issuer".into(), before: None, after: Some(identity.issuer.clone()) };
    let note = Note::everywhere(app, user, client, Deed::IdentityLinked, vec![change]).await?;
    let op: Op = note.op()?;
    Command::new(app).commit(Table::Accounts, &user::partition(&user.id), vec![op]).await?;
    carry_over(app, &user.id).await;
    tell(app, user, Notice::IdentityLinked(identity.issuer.clone())).await;
    Ok(())
}

fn partition(identity: &Identity) -> String {
    format!("openid:{}", sha256(&format!("{}\n{}", identity.issuer, identity.subject)))
}

fn redirect_uri(app: &App) -> String {
    format!("{}/auth/oidc/callback", app.settings.public_url)
}

/// A page of ours, and of nobody else: `//evil.example` and `/\evil.example` are others' for a browser.
fn is_ours(path: &str) -> bool {
    let second = path.chars().nth(1);
    path.starts_with('/')
        && !matches!(second, Some('/' | '\\'))
        && path.len() <= LONGEST_PATH
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}

fn fault(error: &OpenIdError) -> Error {
    let code = match error {
        OpenIdError::NotSetUp | OpenIdError::NotAllowed(_) => UserErrorCode::NotAllowed,
        OpenIdError::Unavailable(_) => UserErrorCode::Upstream,
        OpenIdError::Refused(_) => UserErrorCode::InvalidCredentials,
    };
    tracing::warn!(%error, "a sign-in through the provider failed");
    UserError::general(code, error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_our_own_pages_alone() {
        for good in ["/", "/app/", "/app/findings?x=1#y"] {
            assert!(is_ours(good), "{good}");
        }
        for bad in ["", "app", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/é", "/a\\b"] {
            assert!(!is_ours(bad), "{bad}");
        }
        assert!(!is_ours(&format!("/{}", "a".repeat(LONGEST_PATH))));
    }

    #[test]
    fn the_same_subject_at_another_issuer_is_somebody_else() {
        let of = |issuer: &str, subject: &str| {
            let (issuer, subject) = (issuer.into(), subject.into());
            partition(&Identity { issuer, subject, email: None, email_verified: false, name: None })
        };
        assert_ne!(of("https://a.example", "1"), of("https://b.example", "1"));
        assert_ne!(of("https://a.example/1", "2"), of("https://a.example", "1\n2"));
    }
}
