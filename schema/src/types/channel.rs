//! Where notifications go.

use app::notify::{self, Channel, ChannelKind};
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, Interface, Object, Result, SimpleObject};

use super::asset::exact;
use super::delivery::{DeliveryConnection, DeliveryFilter, deliveries};
use super::trigger::NotificationTrigger;
use crate::context::{app, caller, fail};
use crate::enums::{ChannelStatus, ChatService, WebhookSignature};
use crate::paging::{Page, page};
use crate::scalars::{DateTime, EmailAddress, Url, at};

/// Where notifications go.
#[derive(Interface, Clone)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Its id."),
    field(name = "name", ty = "String", desc = "What people call it."),
    field(name = "enabled", ty = "bool", desc = "A person's switch."),
    field(name = "status", ty = "ChannelStatus", desc = "How it is."),
    field(name = "trigger", ty = "NotificationTrigger", desc = "Which events it wants."),
    field(name = "created_at", ty = "DateTime", desc = "When it was made; what happened before is not sent."),
    field(name = "updated_at", ty = "DateTime", desc = "When a person last changed it."),
    field(
        name = "last_success_at",
        ty = "Option<DateTime>",
        desc = "When its receiver last took something; null: never."
    ),
    field(name = "last_failure_at", ty = "Option<DateTime>", desc = "When its receiver last failed; null: never."),
    field(
        name = "disabled_reason",
        ty = "Option<String>",
        desc = "Why the program switched it off; null: it did not."
    ),
    field(
        name = "expression_error",
        ty = "Option<String>",
        desc = "Why its expression could not be judged when that last happened; such events are sent. Null: it could."
    ),
    field(
        name = "deliveries",
        ty = "DeliveryConnection",
        desc = "What was sent to it, newest first.",
        arg(
            name = "first",
            ty = "Option<i32>",
            desc = "How many at most, from the front: 1 to 100; 25 where nothing is said."
        ),
        arg(name = "after", ty = "Option<String>", desc = "A cursor: what comes behind it."),
        arg(name = "filter", ty = "Option<DeliveryFilter>", desc = "Which deliveries; null: all.")
    )
)]
pub enum NotificationChannel {
    /// Signed requests to a machine.
    Webhook(WebhookChannel),
    /// Mail to people.
    Email(EmailChannel),
    /// Messages to where people talk, or incidents.
    Chat(ChatChannel),
}

impl NotificationChannel {
    /// The webhook, if it is one.
    pub fn webhook(self) -> Option<WebhookChannel> {
        if let Self::Webhook(channel) = self { Some(channel) } else { None }
    }

    /// The chat channel, if it is one.
    pub fn chat(self) -> Option<ChatChannel> {
        if let Self::Chat(channel) = self { Some(channel) } else { None }
    }

    /// The e-mail channel, if it is one.
    pub fn email(self) -> Option<EmailChannel> {
        if let Self::Email(channel) = self { Some(channel) } else { None }
    }
}

/// What all channels have in common.
#[derive(Clone)]
struct Common {
    id: ID,
    name: String,
    enabled: bool,
    status: ChannelStatus,
    trigger: NotificationTrigger,
    created_at: DateTime,
    updated_at: DateTime,
    last_success_at: Option<DateTime>,
    last_failure_at: Option<DateTime>,
    disabled_reason: Option<String>,
    expression_error: Option<String>,
}

macro_rules! channel_object {
    ($(#[$doc:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$doc])*
        #[Object]
        impl $name {
            /// Its id.
            pub async fn id(&self) -> ID {
                self.common.id.clone()
            }
            /// What people call it.
            pub async fn name(&self) -> String {
                self.common.name.clone()
            }
            /// A person's switch.
            pub async fn enabled(&self) -> bool {
                self.common.enabled
            }
            /// How it is.
            pub async fn status(&self) -> ChannelStatus {
                self.common.status
            }
            /// Which events it wants.
            pub async fn trigger(&self) -> NotificationTrigger {
                self.common.trigger.clone()
            }
            /// When it was made; what happened before is not sent.
            pub async fn created_at(&self) -> DateTime {
                self.common.created_at.clone()
            }
            /// When a person last changed it.
            pub async fn updated_at(&self) -> DateTime {
                self.common.updated_at.clone()
            }
            /// When its receiver last took something; null: never.
            pub async fn last_success_at(&self) -> Option<DateTime> {
                self.common.last_success_at.clone()
            }
            /// When its receiver last failed; null: never.
            pub async fn last_failure_at(&self) -> Option<DateTime> {
                self.common.last_failure_at.clone()
            }
            /// Why the program switched it off; null: it did not.
            pub async fn disabled_reason(&self) -> Option<String> {
                self.common.disabled_reason.clone()
            }
            /// Why its expression could not be judged when that last happened; such events are sent. Null: it could.
            pub async fn expression_error(&self) -> Option<String> {
                self.common.expression_error.clone()
            }
            /// What was sent to it, newest first.
            pub async fn deliveries(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where nothing is said.")] first: Option<i32>,
                #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
                #[graphql(desc = "Which deliveries; null: all.")] filter: Option<DeliveryFilter>,
            ) -> Result<DeliveryConnection> {
                let filter = DeliveryFilter { channel_id: Some(self.common.id.clone()), ..filter.unwrap_or_default() };
                deliveries(ctx, Some(filter), page(first, after, None, None)?).await
            }
            $($own)*
        }
    };
}

/// Signed requests to a machine (Standard Webhooks 1.0).
#[derive(Clone)]
pub struct WebhookChannel {
    common: Common,
    url: String,
    signature: WebhookSignature,
    secret_rotated_at: DateTime,
    stored: Box<Channel>,
}

channel_object!(
    /// A receiver of signed requests, one for each event.
    WebhookChannel {
    /// Where to.
    async fn url(&self) -> Url {
        Url(self.url.clone())
    }
    /// How requests are signed.
    async fn signature(&self) -> WebhookSignature {
        self.signature
    }
    /// Ed25519 only: give it to the receiver (`whpk_…`); null: the receiver holds the secret.
    async fn public_key(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        notify::public_key(app(ctx), &caller(ctx)?.org, &self.stored).map_err(|e| fail(e.into()))
    }
    /// When the secret was made.
    async fn secret_rotated_at(&self) -> DateTime {
        self.secret_rotated_at.clone()
    }
});

/// Mail to people.
#[derive(Clone)]
pub struct EmailChannel {
    common: Common,
    recipients: Vec<EmailRecipient>,
    to_owners: bool,
    to_assignees: bool,
}

channel_object!(
    /// Mailboxes of people, written to for whom confirmed.
    EmailChannel {
    /// Who. Only the confirmed ones are written to.
    async fn recipients(&self) -> &[EmailRecipient] {
        &self.recipients
    }
    /// Also to every OWNER whose address is verified.
    async fn to_owners(&self) -> bool {
        self.to_owners
    }
    /// Also to whoever works on the finding, of that finding alone, if their address is verified.
    async fn to_assignees(&self) -> bool {
        self.to_assignees
    }
});

/// Messages to where people talk, or incidents that wake them. Where they go is a credential and never shown.
#[derive(Clone)]
pub struct ChatChannel {
    common: Common,
    service: ChatService,
}

channel_object!(
    /// A room of a chat product, or an on-call product.
    ChatChannel {
    /// Which product.
    async fn service(&self) -> ChatService {
        self.service
    }
});

/// Somebody who is written to.
#[derive(SimpleObject, Clone)]
pub struct EmailRecipient {
    /// The address.
    email: EmailAddress,
    /// Did they say that we may write?
    confirmed: bool,
    /// Did they say that we must not?
    unsubscribed: bool,
    /// Why the program does not write; null: it does.
    suppressed_reason: Option<String>,
}

impl From<Channel> for NotificationChannel {
    fn from(c: Channel) -> Self {
        let common = Common {
            id: c.id.to_string().into(),
            status: c.status().into(),
            trigger: (&c.trigger).into(),
            created_at: at(c.created_at),
            updated_at: at(c.updated_at),
            last_success_at: c.last_success_at.map(at),
            last_failure_at: c.last_failure_at.map(at),
            name: c.name.clone(),
            enabled: c.enabled,
            disabled_reason: c.disabled_reason.clone(),
            expression_error: c.expression_error.clone(),
        };
        match &c.kind {
            ChannelKind::Webhook { url, signature, secret_rotated_at, .. } => Self::Webhook(WebhookChannel {
                common,
                url: url.clone(),
                signature: (*signature).into(),
                secret_rotated_at: at(*secret_rotated_at),
                stored: Box::new(c),
            }),
            ChannelKind::Email { recipients, to_owners, to_assignees, .. } => {
                let recipient = |r: &notify::Recipient| EmailRecipient {
                    email: EmailAddress(r.email.to_string()),
                    confirmed: r.confirmed_at.is_some(),
                    unsubscribed: r.unsubscribed_at.is_some(),
                    suppressed_reason: r.suppressed_reason.clone(),
                };
                let recipients = recipients.iter().map(recipient).collect();
                Self::Email(EmailChannel { common, recipients, to_owners: *to_owners, to_assignees: *to_assignees })
            }
            ChannelKind::Chat { service, .. } => Self::Chat(ChatChannel { common, service: (*service).into() }),
        }
    }
}

/// What the list of channels says beside its items.
#[derive(SimpleObject)]
pub struct ChannelTotals {
    /// How many there are.
    total_count: Option<i32>,
}

/// A page of channels.
pub type ChannelConnection = Connection<String, NotificationChannel, ChannelTotals>;

/// Lists the channels, eldest first.
pub async fn channels(ctx: &Context<'_>, page: Page) -> Result<ChannelConnection> {
    let all = notify::channels(app(ctx), caller(ctx)?).await.map_err(fail)?;
    let totals = ChannelTotals { total_count: exact(all.len()) };
    let (shown, more) = page.of(all, |channel| channel.id.to_string())?;
    let (before, behind) = page.neighbours(more);
    let mut connection = Connection::with_additional_fields(before, behind, totals);
    connection.edges.extend(shown.into_iter().map(|(cursor, channel)| Edge::new(cursor, channel.into())));
    Ok(connection)
}
