use domain::event::EventType;
use domain::finding::Finding;
use domain::ids::FindingId;
use domain::lifecycle;
use domain::role::Action;
use domain::ticket::Ticket;

use super::transitions::{MOST, transitions};
use crate::access::Caller;
use crate::{App, Error, UserError, UserErrorCode};

/// A ticket as somebody links it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketDraft {
    /// Whose ticket it is, such as `jira`.
    pub system: String,
    /// Its key there.
    pub key: String,
    /// Where people read it; `None`: as it was.
    pub url: Option<String>,
    /// How it stands; `None`: as it was.
    pub status: Option<String>,
}

/// Tickets of one finding.
const TICKETS: usize = 20;

/// Links a ticket to findings; each id answers for itself, the rest is applied. A ticket that is linked already is
/// brought up to date, and where there is nothing new nothing happens.
pub async fn link_ticket(
    app: &App,
    caller: &Caller,
    ids: &[FindingId],
    draft: &TicketDraft,
) -> Result<(Vec<Finding>, Vec<UserError>), Error> {
    caller.may(Action::Triage)?;
    if ids.len() > MOST {
        let message = format!("at most {MOST} findings at once");
        return Err(UserError::of(UserErrorCode::TooMany, "findingIds", message).into());
    }
    let draft = checked(draft).map_err(Error::User)?;
    let act = |finding: &Finding, now| {
        let ticket = Ticket {
            system: draft.system.clone(),
            key: draft.key.clone(),
            url: draft.url.clone(),
            status: draft.status.clone(),
            linked_at: now,
            linked_by: caller.actor.clone(),
        };
        let mut after = finding.clone();
        let full = after.tickets.len() >= TICKETS;
        match after.tickets.iter_mut().find(|t| t.is(&ticket)) {
            Some(linked) => {
                linked.url = ticket.url.or_else(|| linked.url.take());
                linked.status = ticket.status.or_else(|| linked.status.take());
            }
            None if full => {
                let message = format!("a finding has at most {TICKETS} tickets");
                return Err(UserError::general(UserErrorCode::TooMany, message));
            }
            None => after.tickets.push(ticket),
        }
        Ok(lifecycle::amend(finding, after, EventType::FindingUpdated, now, caller.actor.clone()))
    };
    transitions(app, caller, ("findingIds", ids), act).await
}

fn checked(draft: &TicketDraft) -> Result<TicketDraft, Vec<UserError>> {
    let mut faults = Vec::new();
    let mut text = |field: &str, text: &str, limit: usize| {
        let text = text.trim();
        if text.chars().count() > limit {
            faults.push(UserError::of(UserErrorCode::TooLong, field, format!("at most {limit} characters")));
        }
        if text.chars().any(char::is_control) {
            faults.push(UserError::of(UserErrorCode::Invalid, field, "no control characters"));
        }
        text.to_owned()
    };
    let clean = TicketDraft {
        system: text("system", &draft.system, 100),
        key: text("key", &draft.key, 200),
        url: draft.url.as_deref().map(|url| text("url", url, 2000)).filter(|url| !url.is_empty()),
        status: draft.status.as_deref().map(|status| text("status", status, 100)).filter(|s| !s.is_empty()),
    };
    for (field, value) in [("system", &clean.system), ("key", &clean.key)] {
        if value.is_empty() {
            faults.push(UserError::of(UserErrorCode::Required, field, "say which ticket it is"));
        }
    }
    // A link that is shown to people leads to a page and runs nothing.
    if clean.url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        faults.push(UserError::of(UserErrorCode::Invalid, "url", "an address that begins with https:// or http://"));
    }
    if faults.is_empty() { Ok(clean) } else { Err(faults) }
}
