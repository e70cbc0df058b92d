//! The channel that every organization has: mail to its OWNERs, when the program's own health is at stake and no channel
//! takes the event. It comes to be when it is first needed.

use domain::actor::Actor;
use domain::event::EventType;
use domain::ids::{ChannelId, OrgId};
use domain::trigger::Trigger;

use super::channel::{Channel, ChannelKind};
use super::register::fresh;
use super::registry;
use crate::{App, Error};

/// Its id: the organization's own, as a channel's. An organization's id holds a ulid by construction, so there is one.
pub(super) fn id(org: &OrgId) -> Option<ChannelId> {
    ChannelId::from_ulid(org.as_str().trim_start_matches("org_")).ok()
}

/// The channel; `None`: there is no mail server, so nobody could be written to.
pub(super) async fn channel(app: &App, org: &OrgId) -> Result<Option<Channel>, Error> {
    let Some(id) = id(org) else { return Ok(None) };
    if let Some((found, _)) = registry::read(app, org, &id).await? {
        return Ok(Some(found));
    }
    if !app.mailer.configured() {
        tracing::warn!(%org, "no channel takes an event of the program's own health, and mail is not set up");
        return Ok(None);
    }
    let kind = ChannelKind::Email { recipients: Vec::new(), to_owners: true, to_assignees: false, members: Vec::new() };
    let event_types =
        vec![EventType::SourceFailing, EventType::CreditsLow, EventType::ChannelFailing, EventType::ChannelDisabled];
    let trigger = Trigger { event_types, ..Trigger::default() };
    let made = fresh(id.clone(), "Owners".into(), kind, trigger, Actor::system(), jiff::Timestamp::UNIX_EPOCH);
    match registry::insert(app, org, &made, []).await {
        Ok(()) => Ok(Some(made)),
        // Somebody was faster, or the answer got lost.
        Err(Error::Busy) => Ok(registry::read(app, org, &id).await?.map(|(channel, _)| channel)),
        Err(error) => Err(error),
    }
}
