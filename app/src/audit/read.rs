use domain::actor::Actor;
use domain::ids::AuditId;
use domain::role::Action;
use jiff::Timestamp;

use super::walk::{Walk, behind, places, start};
use super::{Entry, key};
use crate::access::{self, Caller};
use crate::assets::bad_cursor;
use crate::{App, Error, rows};

/// Which acts. What is empty asks for all; fields are and-ed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// In the actor's name or address, whatever the case.
    pub actor: Option<String>,
    /// By this person or token.
    pub actor_id: Option<String>,
    /// This act, such as `token.created`, or all about `token`.
    pub action: Option<String>,
    /// To this thing.
    pub subject_id: Option<String>,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

/// A page of acts, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    /// The acts, each with its cursor.
    pub items: Vec<(String, Entry)>,
    /// May there be more, in the direction of reading?
    pub more: bool,
}

/// A page looks at about so many acts, and on until it has one to show: so a filter that matches little costs little,
/// and nobody is stuck before a long stretch of others.
const LOOKED_AT: usize = 5_000;
/// How far back the first look of a page towards newer acts goes.
const FIRST_WINDOW: i64 = 60_000;
/// A window with fewer acts than this was too narrow.
const FEW: usize = 100;

/// A page of `limit` acts behind the cursor (older), or before it (newer) when `backward`. A page may be shorter
/// although there is more.
pub async fn page(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    (cursor, limit, backward): (Option<&str>, usize, bool),
) -> Result<AuditPage, Error> {
    caller.may(Action::ReadAudit)?;
    if cursor.is_some_and(|cursor| key::millis(cursor).is_none()) {
        return Err(bad_cursor().into());
    }
    let newest = filter.until.map_or_else(|| start().to_owned(), key::before);
    let oldest = filter.since.map_or_else(|| key::END.to_owned(), |since| key::before(since).max(newest.clone()));
    if backward {
        let end = cursor.map_or(oldest.clone(), |cursor| oldest.min(cursor.to_owned()));
        towards_newer(app, caller, filter, (newest, end), limit).await
    } else {
        let from = cursor.map_or(newest.clone(), |cursor| newest.max(behind(cursor)));
        towards_older(app, caller, filter, (from, oldest), limit).await
    }
}

/// One act.
pub async fn entry(app: &App, caller: &Caller, id: &AuditId) -> Result<Option<Entry>, Error> {
    caller.may(Action::ReadAudit)?;
    for (table, partition) in places(&caller.org) {
        if let Some(row) = app.tables.get(table, &partition, &key::of(id)).await? {
            return Ok(Some(rows::decode(&row)?));
        }
    }
    Ok(None)
}

async fn towards_older(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    (from, to): (String, String),
    limit: usize,
) -> Result<AuditPage, Error> {
    let mut page = AuditPage::default();
    let mut walk = Walk::new(app, &caller.org, &from, &to);
    while let Some((key, entry)) = walk.next().await? {
        if !filter.takes(&entry) {
            continue;
        }
        if page.items.len() == limit {
            page.more = true;
            break;
        }
        page.items.push((key, entry));
        if walk.looked_at >= LOOKED_AT {
            page.more = walk.next().await?.is_some();
            break;
        }
    }
    Ok(page)
}

/// Both stores read towards older acts only. So windows before `end` are read whole, one before the other, each as
/// wide as the last one was empty.
async fn towards_newer(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    (newest, mut end): (String, String),
    limit: usize,
) -> Result<AuditPage, Error> {
    let founded = access::organization(app, &caller.org).await?.map_or(0, |o| o.created_at.as_millisecond());
    let mut found: Vec<(String, Entry)> = Vec::new();
    let mut window = FIRST_WINDOW;
    let mut looked_at = 0;
    while newest < end && found.len() <= limit && (looked_at < LOOKED_AT || found.is_empty()) {
        let to = key::millis(&end).unwrap_or(founded).max(founded).saturating_add(window);
        // Beyond now lies only what another process's faster clock has made: the last window takes it.
        let begin = if to > app.now().as_millisecond() { newest.clone() } else { key::since(to).max(newest.clone()) };
        let Some(mut earlier) = window_of(app, caller, filter, (&begin, &end), &mut looked_at, window > 1).await?
        else {
            window = (window / 8).max(1);
            continue;
        };
        if earlier.len() < FEW {
            window = window.saturating_mul(8);
        }
        earlier.append(&mut found);
        (found, end) = (earlier, begin);
    }
    let more = found.len() > limit || newest < end;
    let surplus = found.len().saturating_sub(limit);
    Ok(AuditPage { items: found.split_off(surplus), more })
}

/// What matches in a window; `None`: there is so much that a narrower one should be read, if it `may` be.
async fn window_of(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    (from, to): (&str, &str),
    looked_at: &mut usize,
    may: bool,
) -> Result<Option<Vec<(String, Entry)>>, Error> {
    let mut found = Vec::new();
    let mut walk = Walk::new(app, &caller.org, from, to);
    while let Some(next) = walk.next().await? {
        if may && walk.looked_at > LOOKED_AT {
            return Ok(None);
        }
        if filter.takes(&next.1) {
            found.push(next);
        }
    }
    *looked_at += walk.looked_at;
    Ok(Some(found))
}

impl AuditFilter {
    fn takes(&self, entry: &Entry) -> bool {
        let same = |wanted: &Option<String>, is: Option<&String>| wanted.is_none() || wanted.as_ref() == is;
        same(&self.actor_id, entry.actor.id.as_ref())
            && same(&self.subject_id, entry.subject_id.as_ref())
            && self.action.as_ref().is_none_or(|wanted| is_of(&entry.action, wanted))
            && self.actor.as_ref().is_none_or(|text| names(&entry.actor, text))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

fn is_of(action: &str, wanted: &str) -> bool {
    action.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn names(actor: &Actor, text: &str) -> bool {
    let text = text.to_lowercase();
    let says = |field: &str| field.to_lowercase().contains(&text);
    says(&actor.name) || actor.email.as_deref().is_some_and(says)
}
