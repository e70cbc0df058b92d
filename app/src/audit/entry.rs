use std::net::IpAddr;

use domain::actor::{Actor, ActorKind};
use domain::event::{Change, Event};
use domain::ids::AuditId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Deed, key};
use crate::access::Caller;
use crate::ports::{Op, StoreError};
use crate::{App, rows};

/// One act: who did what to whom, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Unique.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who, as they were named then.
    pub actor: Actor,
    /// What: [`Deed::as_str`], or an event's type as webhooks write it.
    pub action: String,
    /// The id of what it was done to.
    pub subject_id: Option<String>,
    /// Its name then.
    pub subject: String,
    /// Old and new values; never a secret's.
    pub changes: Vec<Change>,
    /// Where the request came from, if that was known.
    pub ip_address: Option<IpAddr>,
}

/// An act on its way into the log.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// From where.
    pub address: Option<IpAddr>,
    /// What.
    pub deed: Deed,
    /// To whom or what: id and name.
    pub subject: (&'a str, &'a str),
    /// What changed by it.
    pub changes: Vec<Change>,
}

/// Longer values are cut: notes may have ten thousand characters.
const LONGEST: usize = 500;

impl<'a> Act<'a> {
    /// An act of a caller's.
    pub fn of(caller: &'a Caller, deed: Deed, subject: (&'a str, &'a str)) -> Self {
        Self { actor: &caller.actor, address: caller.address, deed, subject, changes: Vec::new() }
    }

    /// With what it changed.
    #[must_use]
    pub fn changing(self, changes: Vec<Change>) -> Self {
        Self { changes, ..self }
    }

    /// What is kept of it.
    pub fn entry(self, app: &App) -> Result<Entry, StoreError> {
        let (subject_id, subject) = self.subject;
        Ok(Entry {
            id: new_id(app)?,
            at: app.now(),
            actor: self.actor.clone(),
            action: self.deed.as_str().to_owned(),
            subject_id: (!subject_id.is_empty()).then(|| subject_id.to_owned()),
            subject: cut(subject),
            changes: self.changes.into_iter().map(short).collect(),
            ip_address: self.address,
        })
    }

    /// Its row, for the batch of what it tells of: in `accounts`, partition of the organization.
    pub fn op(self, app: &App) -> Result<Op, StoreError> {
        self.entry(app)?.op()
    }
}

impl Entry {
    /// Its row. Inserted, so that an entry is never written over.
    pub fn op(&self) -> Result<Op, StoreError> {
        Ok(Op::Insert(rows::encode(self.key(), self)?))
    }

    /// The key of its row.
    pub(super) fn key(&self) -> String {
        key::of(&self.id)
    }

    /// What is kept of an event that somebody caused; `None`: the program did it by itself.
    pub(crate) fn of_event(app: &App, event: &Event) -> Result<Option<Self>, StoreError> {
        if event.actor.kind == ActorKind::System {
            return Ok(None);
        }
        let (subject_id, subject) = subject(event);
        Ok(Some(Self {
            id: new_id(app)?,
            at: event.at,
            actor: event.actor.clone(),
            action: event.kind.wire(),
            subject_id,
            subject,
            changes: event.changes.iter().cloned().map(short).collect(),
            ip_address: None,
        }))
    }
}

/// What an event is about, the most particular first, with the name that its payload has for it.
fn subject(event: &Event) -> (Option<String>, String) {
    let subjects = &event.subjects;
    let named = |part: &str, field: &str| cut(event.payload[part][field].as_str().unwrap_or_default());
    if let Some(finding) = &subjects.finding {
        (Some(finding.to_string()), named("finding", "title"))
    } else if let Some(channel) = &subjects.channel {
        (Some(channel.to_string()), named("channel", "name"))
    } else if let Some(asset) = &subjects.asset {
        (Some(asset.to_string()), named("asset", "name"))
    } else {
        (None, event.kind.wire())
    }
}

fn new_id(app: &App) -> Result<AuditId, StoreError> {
    AuditId::from_ulid(&app.ulid()).map_err(|_| StoreError::Corrupt("an id of ours is none".into()))
}

fn short(change: Change) -> Change {
    Change { before: change.before.map(|text| cut(&text)), after: change.after.map(|text| cut(&text)), ..change }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
