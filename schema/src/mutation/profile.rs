use app::access::{self, ProfilePatch};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use super::session::forget_cookie;
use crate::context::{UserError, app, caller, no_such, outcome};
use crate::scalars::EmailAddress;
use crate::types::viewer::User;

/// What people change about themselves.
#[derive(Default)]
pub(super) struct ProfileMutation;

/// What is to be changed; what is absent stays.
#[derive(InputObject)]
pub(super) struct UpdateProfileInput {
    /// What others call you, at most 200 characters.
    name: MaybeUndefined<String>,
    /// Where mail goes. Takes effect when the link that is sent there is followed; at once where no mail is set up.
    email: MaybeUndefined<EmailAddress>,
    /// IANA name, such as Europe/Rome.
    time_zone: MaybeUndefined<String>,
}

/// The profile as it is now.
#[derive(SimpleObject)]
pub(super) struct UpdateProfilePayload {
    /// You; null when there are user errors.
    user: Option<User>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// One password for another.
#[derive(InputObject)]
pub(super) struct ChangePasswordInput {
    /// The one that you have.
    current_password: String,
    /// At least 12 characters.
    new_password: String,
}

/// Ends every other session.
#[derive(SimpleObject)]
pub(super) struct ChangePasswordPayload {
    /// You; null when there are user errors.
    user: Option<User>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Which session to end.
#[derive(InputObject)]
pub(super) struct RevokeSessionInput {
    /// Which of your own.
    id: ID,
}

/// The session is over.
#[derive(SimpleObject)]
pub(super) struct RevokeSessionPayload {
    /// Its id; null when there are user errors.
    revoked_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// To make sure that it is you.
#[derive(InputObject)]
pub(super) struct DeleteAccountInput {
    /// Your password.
    password: String,
}

/// The account is gone.
#[derive(SimpleObject)]
pub(super) struct DeleteAccountPayload {
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// What people change about themselves.
#[Object]
impl ProfileMutation {
    /// Changes your own profile.
    async fn update_profile(&self, ctx: &Context<'_>, input: UpdateProfileInput) -> Result<UpdateProfilePayload> {
        // Nothing of a profile can be cleared: null is an empty text, which is refused.
        let text = |field: MaybeUndefined<String>| match field {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(String::new()),
            MaybeUndefined::Value(text) => Some(text),
        };
        let email = input.email.map_value(|email| email.0);
        let patch = ProfilePatch { name: text(input.name), email: text(email), time_zone: text(input.time_zone) };
        let (user, user_errors) = outcome(access::update_profile(app(ctx), caller(ctx)?, &patch).await)?;
        Ok(UpdateProfilePayload { user: user.map(User), user_errors })
    }
    /// Changes your password, and ends every other session of yours.
    async fn change_password(&self, ctx: &Context<'_>, input: ChangePasswordInput) -> Result<ChangePasswordPayload> {
        let changed =
            access::change_password(app(ctx), caller(ctx)?, &input.current_password, &input.new_password).await;
        let (user, user_errors) = outcome(changed)?;
        Ok(ChangePasswordPayload { user: user.map(User), user_errors })
    }
    /// Ends one of your own sessions.
    async fn revoke_session(&self, ctx: &Context<'_>, input: RevokeSessionInput) -> Result<RevokeSessionPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            let user_errors = vec![no_such("id", "you have no such session")];
            return Ok(RevokeSessionPayload { revoked_id: None, user_errors });
        };
        let (revoked, user_errors) = outcome(access::revoke_session(app(ctx), caller, &id).await)?;
        if revoked.is_some() && revoked == caller.session {
            forget_cookie(ctx);
        }
        Ok(RevokeSessionPayload { revoked_id: revoked.map(|id| id.to_string().into()), user_errors })
    }
    /// Deletes your account with what belongs to it. An organization with nobody else in it goes with you; the last
    /// OWNER of others cannot leave. What you did stays in history, with your name.
    async fn delete_account(&self, ctx: &Context<'_>, input: DeleteAccountInput) -> Result<DeleteAccountPayload> {
        let (gone, user_errors) = outcome(access::delete_account(app(ctx), caller(ctx)?, &input.password).await)?;
        if gone.is_some() {
            forget_cookie(ctx);
        }
        Ok(DeleteAccountPayload { user_errors })
    }
}
