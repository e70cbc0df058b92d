//! What every resolver has at hand: the program, who is asking, and how faults leave.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use app::access::{Caller, Client};
use app::assets::Register;
use app::intelligence::Book;
use app::repeat::ClientRequest;
use app::{App, Error, UserError as Fault};
use async_graphql::{Context, ErrorExtensions, Result, SimpleObject};
use domain::role::Action;
use tokio::sync::OnceCell;

use crate::enums::UserErrorCode;

/// The name of the session's cookie; on https with `__Host-` before it.
pub const SESSION_COOKIE: &str = "iotmonitor";

/// A cookie: on https bound to this host and never sent in clear, and for no script to read. 0 seconds take it back.
pub fn cookie(name: &str, secure: bool, value: &str, seconds: i64) -> String {
    let (prefix, flag) = if secure { ("__Host-", "; Secure") } else { ("", "") };
    format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{flag}")
}

/// One request: who is asking, as the edge found out, and what was read for it already.
#[derive(Default)]
pub struct Asked {
    /// `None`: nobody is signed in.
    pub caller: Option<Caller>,
    /// The address of the client, where the edge knows it.
    pub client: Option<std::net::IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    register: OnceCell<Register>,
    book: OnceCell<Arc<Book>>,
    /// Who signed in during this request: what is asked of their own payload is asked as they.
    signed_in: OnceLock<Caller>,
    register_of_signed_in: OnceCell<Register>,
    /// Questions to sources that were asked for this request.
    questions: AtomicU32,
}

impl Asked {
    /// A request of this caller.
    pub fn by(caller: Option<Caller>, client: Option<std::net::IpAddr>) -> Self {
        Self { caller, client, ..Self::default() }
    }
}

/// The register of the caller's organization, read once per request. For who may read: what leads from a thing that
/// somebody may change to one that it belongs to takes that.
pub async fn register<'a>(ctx: &Context<'a>) -> Result<&'a Register> {
    let asked = ctx.data_unchecked::<Asked>();
    let caller = caller(ctx)?;
    caller.may(Action::Read).map_err(fail)?;
    let org = &caller.org;
    let kept = if asked.signed_in.get().is_some() { &asked.register_of_signed_in } else { &asked.register };
    kept.get_or_try_init(|| async { Register::read(app(ctx), org).await }).await.map_err(|e| fail(e.into()))
}

/// What is known of vulnerabilities, looked up once per request.
pub async fn book<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Book>> {
    caller(ctx)?;
    let kept = &ctx.data_unchecked::<Asked>().book;
    kept.get_or_try_init(|| async { app(ctx).book().await }).await.map_err(|e| fail(e.into()))
}

/// A fault in an input.
#[derive(SimpleObject, Clone, Debug)]
pub struct UserError {
    /// What kind of fault.
    pub code: UserErrorCode,
    /// What to do.
    pub message: String,
    /// Path of the input field at fault, e.g. ["input", "target"]; null when the fault is not in one field.
    pub field: Option<Vec<String>>,
}

impl From<Fault> for UserError {
    fn from(fault: Fault) -> Self {
        let field = (!fault.field.is_empty()).then_some(fault.field);
        Self { code: fault.code.into(), message: fault.message, field }
    }
}

/// The program.
pub fn app<'a>(ctx: &Context<'a>) -> &'a Arc<App> {
    ctx.data_unchecked::<Arc<App>>()
}

/// Who is asking; an error when nobody is signed in.
pub fn caller<'a>(ctx: &Context<'a>) -> Result<&'a Caller> {
    let asked = ctx.data_unchecked::<Asked>();
    asked.signed_in.get().or(asked.caller.as_ref()).ok_or_else(|| fail(Error::Unauthenticated))
}

/// A request may ask sources so many questions: each takes a second's turn of its key, and may cost credits.
const MOST_QUESTIONS: u32 = 10;

/// Counts a question to a source, before it is asked.
pub fn question(ctx: &Context<'_>) -> Result<()> {
    let before = ctx.data_unchecked::<Asked>().questions.fetch_add(1, Ordering::Relaxed);
    if before < MOST_QUESTIONS {
        return Ok(());
    }
    let message = format!("one request may ask sources {MOST_QUESTIONS} questions: ask the others in another");
    Err(async_graphql::Error::new(message).extend_with(|_, e| e.set("code", "QUERY_TOO_COMPLEX")))
}

/// From where somebody wants to sign in. Once per request: what follows is asked as they.
pub fn at_the_door(ctx: &Context<'_>) -> Result<Client> {
    let asked = ctx.data_unchecked::<Asked>();
    if asked.signed_in.get().is_some() {
        return Err(bad_input("sign in once per request"));
    }
    Ok(Client { address: asked.client, user_agent: asked.user_agent.clone() })
}

/// Somebody has signed in.
pub fn let_in(ctx: &Context<'_>, caller: &Caller) -> Result<()> {
    let asked = ctx.data_unchecked::<Asked>();
    asked.signed_in.set(caller.clone()).map_err(|_| bad_input("sign in once per request"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
/// An error as it leaves: what the caller may know, with a code; what they may not goes to the log.
pub fn fail(error: Error) -> async_graphql::Error {
    let (code, message) = match &error {
        Error::User(_) => ("BAD_USER_INPUT", error.to_string()),
        Error::Unauthenticated => ("UNAUTHENTICATED", error.to_string()),
        Error::Forbidden(_) => ("FORBIDDEN", error.to_string()),
        // Too often, or too many at once: the code says to come back.
        Error::RateLimited(_) | Error::Busy => ("RATE_LIMITED", error.to_string()),
        Error::Source(_) => ("UPSTREAM_UNAVAILABLE", error.to_string()),
        Error::Store(store) => {
            tracing::error!(error = %store, "the store failed");
            ("INTERNAL", "the store did not answer as it should; try again".to_owned())
        }
    };
    let retry_after = match &error {
        Error::RateLimited(seconds) => Some(*seconds),
        Error::Busy => Some(1),
        _ => None,
    };
    // Which of the words for faults it is: a query has no place for `userErrors`.
    let fault = match &error {
        Error::User(faults) => faults.first().map(|fault| UserErrorCode::from(fault.code)),
        _ => None,
    };
    async_graphql::Error::new(message).extend_with(|_, e| {
        e.set("code", code);
        if let Some(fault) = fault {
            e.set("userErrorCode", async_graphql::InputType::to_value(&fault));
        }
        if let Some(seconds) = retry_after {
            e.set("retryAfter", seconds);
        }
    })
}

/// The outcome of a mutation: faults in the input are data, the rest are errors.
pub fn outcome<T>(result: Result<T, Error>) -> Result<(Option<T>, Vec<UserError>)> {
    match result {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(Error::User(faults)) => Ok((None, faults.into_iter().map(UserError::from).collect())),
        Err(other) => Err(fail(other)),
    }
}

/// A request that its client may send again, if it gave it a name.
pub fn repeatable(
    caller: &Caller,
    operation: &str,
    client_request_id: Option<String>,
    input: &impl Debug,
) -> Result<Option<ClientRequest>, Error> {
    Ok(client_request_id.map(|id| ClientRequest::new(caller, operation, &id, input)).transpose()?)
}

/// An input that does not make sense at the edge already.
pub fn bad_input(message: impl Into<String>) -> async_graphql::Error {
    async_graphql::Error::new(message).extend_with(|_, e| e.set("code", "BAD_USER_INPUT"))
}

/// An id that none of ours can be.
pub fn no_such(field: &str, message: &str) -> UserError {
    Fault::of(app::UserErrorCode::NotFound, field, message).into()
}
