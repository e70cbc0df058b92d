//! Anything with a global id.

use app::App;
use app::access::{self, Caller};
use async_graphql::{Context, ID, Interface, Result};

use super::asset::Asset;
use super::audit::AuditEntry;
use super::channel::{ChatChannel, EmailChannel, NotificationChannel, WebhookChannel};
use super::delivery::Delivery;
use super::event::Event;
use super::finding::Finding;
use super::member::Invitation;
use super::policy::TriagePolicy;
use super::rule::Rule;
use super::scan::Scan;
use super::service::Service;
use super::viewer::{ApiToken, Organization, Session, User};
use crate::context::{app, caller, fail};

/// Anything with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id."))]
pub enum Node {
    /// An asset.
    Asset(Asset),
    /// A finding.
    Finding(Finding),
    /// A service.
    Service(Service),
    /// An event.
    Event(Event),
    /// A rule.
    Rule(Rule),
    /// A triage policy.
    TriagePolicy(TriagePolicy),
    /// A webhook.
    WebhookChannel(WebhookChannel),
    /// An e-mail channel.
    EmailChannel(EmailChannel),
    /// A chat channel.
    ChatChannel(ChatChannel),
    /// A delivery.
    Delivery(Delivery),
    /// The caller's own organization.
    Organization(Organization),
    /// A person of the organization.
    User(User),
    /// One of the caller's own sessions.
    Session(Session),
    /// An open invitation.
    Invitation(Invitation),
    /// An API token that is not revoked.
    ApiToken(ApiToken),
    /// A scan.
    Scan(Scan),
    /// An act.
    AuditEntry(AuditEntry),
}

/// The thing of that id, where the caller may see it; ids of others are not found, whatever they are.
pub async fn node(ctx: &Context<'_>, id: &str) -> Result<Option<Node>> {
    let caller = caller(ctx)?;
    let app = app(ctx);
    let prefix = id.split('_').next().unwrap_or_default();
    Ok(match prefix {
        "asset" => match id.parse() {
            Ok(id) => app::assets::asset(app, caller, &id).await.map_err(fail)?.map(|m| Node::Asset(m.into())),
            Err(_) => None,
        },
        "finding" => match id.parse() {
            Ok(id) => app::findings::finding(app, caller, &id).await.map_err(fail)?.map(|f| Node::Finding(f.into())),
            Err(_) => None,
        },
        "service" => match id.parse() {
            Ok(id) => app::findings::service(app, caller, &id).await.map_err(fail)?.map(|s| Node::Service(Service(s))),
            Err(_) => None,
        },
        "event" => match id.parse() {
            Ok(id) => app::findings::event(app, caller, id).await.map_err(fail)?.map(|e| Node::Event(Event(e))),
            Err(_) => None,
        },
        "channel" => match id.parse() {
            Ok(id) => app::notify::channel(app, caller, &id).await.map_err(fail)?.map(|c| {
                match NotificationChannel::from(c) {
                    NotificationChannel::Webhook(channel) => Node::WebhookChannel(channel),
                    NotificationChannel::Email(channel) => Node::EmailChannel(channel),
                    NotificationChannel::Chat(channel) => Node::ChatChannel(channel),
                }
            }),
            Err(_) => None,
        },
        "delivery" => match id.parse() {
            Ok(id) => app::notify::delivery(app, caller, &id).await.map_err(fail)?.map(|d| Node::Delivery(Delivery(d))),
            Err(_) => None,
        },
        "org" if id == caller.org.as_str() => {
            let found = app::access::organization(app, &caller.org).await.map_err(|e| fail(e.into()))?;
            found.map(|o| Node::Organization(Organization(o)))
        }
        "rule" => Rule::find(ctx, id).await?.map(Node::Rule),
        "policy" => {
            let found = app::judging::policy(app, caller, id).await.map_err(fail)?;
            found.map(|policy| Node::TriagePolicy(TriagePolicy(policy)))
        }
        "scan" => match id.parse() {
            Ok(id) => app::scans::scan(app, caller, &id).await.map_err(fail)?.map(|s| Node::Scan(Scan(s))),
            Err(_) => None,
        },
        "audit" => match id.parse() {
            Ok(id) => app::audit::entry(app, caller, &id).await.map_err(fail)?.map(|e| Node::AuditEntry(AuditEntry(e))),
            Err(_) => None,
        },
        _ => of_people(app, caller, prefix, id).await.map_err(fail)?,
    })
}

/// What is found among the few of the caller's own organization or account.
async fn of_people(app: &App, caller: &Caller, prefix: &str, id: &str) -> Result<Option<Node>, app::Error> {
    Ok(match prefix {
        "user" => match id.parse() {
            Ok(id) => access::fellow(app, caller, &id).await?.map(|user| Node::User(User(user))),
            Err(_) => None,
        },
        "token" => {
            let tokens = access::list_api_tokens(app, caller).await?;
            tokens.into_iter().find(|t| t.id.as_str() == id).map(|t| Node::ApiToken(ApiToken(t)))
        }
        "invitation" => {
            let open = access::invitations(app, caller).await?;
            open.into_iter().find(|i| i.id.as_str() == id).map(|i| Node::Invitation(Invitation(i)))
        }
        "session" => {
            let sessions = access::viewer(app, caller).await?.sessions;
            let found = sessions.into_iter().find(|s| s.id.as_str() == id);
            found.map(|stored| Node::Session(Session { current: Some(&stored.id) == caller.session.as_ref(), stored }))
        }
        _ => None,
    })
}
