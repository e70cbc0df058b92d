use domain::actor::Actor;
use domain::email::EmailAddress;
use domain::ids::{InvitationId, OrgId};
use domain::membership::may_change;
use domain::role::{Action, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::letter::{Parcel, send_later};
use super::mail_token::{Awaited, Errand, MailToken};
use super::store::{Command, Stored, list, read};
use super::{Caller, organization};
use crate::audit::{Act, Deed};
use crate::ports::{Commit, Op, StoreError, Table};
use crate::{App, Error, UserError, UserErrorCode};

/// That somebody may come into an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Never changes.
    pub id: InvitationId,
    /// Who: only an account with this address may accept.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// By whom.
    pub invited_by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// The token that was handed out last.
    pub(super) awaited: Option<Awaited>,
    /// Went the token by mail? Then it shows that the mailbox is theirs.
    #[serde(default)]
    pub(super) mailed: bool,
}

/// An invitation that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// The link to hand over, where no mail server is set up; shown this once.
    pub url: Option<String>,
}

/// Without the link: it lets somebody in.
impl std::fmt::Debug for Invited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invited").field("invitation", &self.invitation).finish_non_exhaustive()
    }
}

const INVITATIONS: &str = "invitation|";
/// Invitations that are open at once.
const MOST: usize = 200;

/// Invites somebody by mail, for seven days. Inviting an address again replaces what was open for it.
pub async fn invite_member(app: &App, caller: &Caller, email: &str, role: Role) -> Result<Invited, Error> {
    caller.may(Action::ManageMembers)?;
    let Some(email) = EmailAddress::parse(email) else {
        let message = "enter an e-mail address such as ops@example.com";
        return Err(UserError::of(UserErrorCode::Invalid, "email", message).into());
    };
    if !may_change(caller.role, None, Some(role)) {
        let message = format!("only an OWNER makes an OWNER; you are {}", caller.role);
        return Err(UserError::of(UserErrorCode::NotAllowed, "role", message).into());
    }
    let open = open(app, &caller.org).await?;
    let partition = organization::partition(&caller.org);
    if let Some(member) = super::member::by_email(app, &caller.org, &email).await? {
        let message = format!("{} is a member already", member.name);
        return Err(UserError::of(UserErrorCode::Taken, "email", message).into());
    }
    if open.len() >= MOST {
        let message = format!("at most {MOST} invitations are open at once: revoke one first");
        return Err(UserError::general(UserErrorCode::TooMany, message).into());
    }
    let now = app.now();
    let id = InvitationId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?;
    let errand = Errand::Join(caller.org.clone(), id.clone());
    let by_hand = (!app.mailer.configured()).then(|| MailToken::new(&*app.ids, errand.clone()));
    let invitation = Invitation {
        id,
        email: email.clone(),
        role,
        invited_by: caller.actor.clone(),
        created_at: now,
        expires_at: now + errand.lifetime(),
        awaited: by_hand.as_ref().map(|token| token.awaited(now)),
        mailed: by_hand.is_none(),
    };
    let command = Command::new(app);
    let mut ops = vec![Op::Insert(command.row(key(&invitation.id), &invitation)?)];
    let before = open.iter().filter(|other| other.email.account_key() == email.account_key());
    ops.extend(before.take(90).map(|other| Op::Delete { key: key(&other.id), etag: None }));
    let act = Act::of(caller, Deed::MemberInvited, (invitation.id.as_str(), invitation.email.as_str()));
    ops.push(act.changing(vec![role_change(None, Some(role))]).op(app)?);
    command.apply(&partition, ops).await?;
    if by_hand.is_none() {
        send_later(app, &Parcel::Invitation { org: caller.org.clone(), invitation: invitation.id.clone() }).await?;
    }
    let url = by_hand.map(|token| link(app, &token.reveal()));
    Ok(Invited { invitation, url })
}

/// The invitations that are open, oldest first.
pub async fn invitations(app: &App, caller: &Caller) -> Result<Vec<Invitation>, Error> {
    caller.may(Action::Read)?;
    Ok(open(app, &caller.org).await?)
}

async fn open(app: &App, org: &OrgId) -> Result<Vec<Invitation>, StoreError> {
    let mut open: Vec<Invitation> = list(app, &organization::partition(org), INVITATIONS, 5 * MOST).await?;
    open.retain(|invitation| app.now() < invitation.expires_at);
    Ok(open)
}

/// One invitation of an organization, if it is open.
pub(super) async fn invitation(
    app: &App,
    org: &OrgId,
    id: &InvitationId,
) -> Result<Option<Stored<Invitation>>, StoreError> {
    let stored = read::<Invitation>(app, Table::Accounts, &organization::partition(org), &key(id)).await?;
    Ok(stored.filter(|stored| app.now() < stored.thing.expires_at))
}

/// Takes an invitation back.
pub async fn revoke_invitation(app: &App, caller: &Caller, id: &InvitationId) -> Result<InvitationId, Error> {
    caller.may(Action::ManageMembers)?;
    let Some(stored) = invitation(app, &caller.org, id).await? else {
        return Err(UserError::of(UserErrorCode::NotFound, "id", "there is no such open invitation").into());
    };
    let act = Act::of(caller, Deed::InvitationRevoked, (id.as_str(), stored.thing.email.as_str())).op(app)?;
    let ops = vec![Op::Delete { key: key(id), etag: Some(stored.etag) }, act];
    match Command::new(app).commit(Table::Accounts, &organization::partition(&caller.org), ops).await? {
        Commit::Done => Ok(id.clone()),
        Commit::Conflict { .. } | Commit::Unknown => Err(Error::Busy),
    }
}

/// What an invitation is about, for who holds its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) org: OrgId,
    pub(super) invitation: Invitation,
}

/// Reads an invitation by its token; `None`: it does not work (any more).
pub(super) async fn by_token(app: &App, text: &str) -> Result<Option<Open>, StoreError> {
    let Some(token) = MailToken::parse(text) else { return Ok(None) };
    let Errand::Join(org, id) = token.errand() else { return Ok(None) };
    let stored = invitation(app, org, id).await?.map(|stored| stored.thing);
    let works = |invitation: &Invitation| invitation.awaited.as_ref().is_some_and(|a| token.is(a, app.now()));
    Ok(stored.filter(works).map(|invitation| Open { org: org.clone(), invitation }))
}

/// The page where an invitation is accepted. What stands behind `#` is not sent to any server, and in no log.
pub(super) fn link(app: &App, token: &str) -> String {
    format!("{}/app/invitation#token={token}", app.settings.public_url)
}

pub(super) fn key(id: &InvitationId) -> String {
    format!("{INVITATIONS}{id}")
}

/// A role's change, for the audit log.
pub(super) fn role_change(before: Option<Role>, after: Option<Role>) -> domain::event::Change {
    let word = |role: Option<Role>| role.map(|role| role.as_str().to_owned());
    domain::event::Change { field: "role".into(), before: word(before), after: word(after) }
}
