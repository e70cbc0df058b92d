use domain::email::EmailAddress;
use domain::event::Event;
use domain::ids::OrgId;
use domain::role::Role;

use super::channel::{Channel, ChannelKind};
use super::recipient::Recipient;
use super::secret::{Field, Token, seal};
use super::{owners, registry};
use crate::{App, Error, access};

/// Somebody to write to.
pub(super) struct Reader {
    /// Who, with their way out.
    pub recipient: Recipient,
    /// Only what they are to work on is for them.
    pub only_theirs: bool,
}

/// Whoever is to work on an event's finding.
pub(super) fn assignee(event: &Event) -> Option<EmailAddress> {
    EmailAddress::parse(event.payload.pointer("/finding/assignee/email")?.as_str()?)
}

/// Who is written to, each once: the channel's recipients, its organization's OWNERs, and who works on the findings, as
/// the channel says. An address that nobody verified gets nothing but what concerns the program's own health.
pub(super) async fn readers(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    assignees: &[EmailAddress],
) -> Result<Vec<Reader>, Error> {
    let ChannelKind::Email { recipients, to_owners, to_assignees, members } = &channel.kind else {
        return Ok(Vec::new());
    };
    let mut known: Vec<Recipient> = recipients.clone();
    let mut readers: Vec<Reader> = Vec::new();
    let mut add = |recipient: &Recipient, only_theirs| {
        if recipient.reachable().is_ok() {
            readers.push(Reader { recipient: recipient.clone(), only_theirs });
        }
    };
    for recipient in recipients {
        add(recipient, false);
    }
    if !(*to_owners || *to_assignees) {
        return Ok(readers);
    }
    let last_resort = owners::id(org).as_ref() == Some(&channel.id);
    for (person, role) in access::people(app, org).await? {
        let is = |email: &EmailAddress| email.account_key() == person.email.account_key();
        let owner = *to_owners && role == Role::Owner && (person.email_verified || last_resort);
        let works = *to_assignees && person.email_verified && assignees.iter().any(is);
        if !(owner || works) || known.iter().any(|r| is(&r.email)) {
            continue;
        }
        let member = match members.iter().find(|r| is(&r.email)) {
            Some(member) => member.clone(),
            None => enrol(app, org, channel, &person.email).await?,
        };
        add(&member, !owner);
        known.push(member);
    }
    Ok(readers)
}

/// Remembers a member on the channel, so that they have a way out of it.
async fn enrol(app: &App, org: &OrgId, channel: &Channel, email: &EmailAddress) -> Result<Recipient, Error> {
    let token = Token::new(app, org, &channel.id).spelled();
    let new = Recipient {
        email: email.clone(),
        confirmed_at: Some(app.now()),
        token_sha256: None,
        asked_at: None,
        unsubscribe_sealed: seal(app, org, &channel.id, Field::Unsubscribe, token.as_bytes())?,
        unsubscribed_at: None,
        busy: Vec::new(),
        suppressed_reason: None,
    };
    let mut enrolled = new.clone();
    registry::amend(app, org, &channel.id, |c| {
        let ChannelKind::Email { members, .. } = &mut c.kind else { return false };
        if let Some(there) = members.iter().find(|r| r.email == *email) {
            enrolled = there.clone();
            return false;
        }
        members.push(new.clone());
        true
    })
    .await?;
    Ok(enrolled)
}
