use domain::event::Change;

use super::channel::{Channel, ChannelKind};
use super::recipient::Recipient;

/// What the audit log tells of a change of a channel. Addresses of receivers often are secrets themselves: that they
/// changed is told, and not to what.
pub(super) fn changes(before: &Channel, after: &Channel) -> Vec<Change> {
    let what = |field: &str, is: &dyn Fn(&Channel) -> Option<String>| Change::between(field, is(before), is(after));
    let named = what("name", &|c| Some(c.name.clone()));
    let switched = what("enabled", &|c| Some(c.enabled.to_string()));
    let mut changes: Vec<Change> = named.into_iter().chain(switched).collect();
    changes.extend(hidden("trigger", before.trigger != after.trigger));
    changes.extend(where_to(&before.kind, &after.kind));
    changes
}

fn where_to(before: &ChannelKind, after: &ChannelKind) -> Vec<Change> {
    use ChannelKind::{Chat, Email, Webhook};
    match (before, after) {
        (Webhook { url: a, headers_sealed: x, .. }, Webhook { url: b, headers_sealed: y, .. }) => {
            hidden("url", a != b).into_iter().chain(hidden("headers", x != y)).collect()
        }
        (Chat { target_sealed: a, .. }, Chat { target_sealed: b, .. }) => hidden("url", a != b).into_iter().collect(),
        (
            Email { recipients: a, to_owners: owners, to_assignees: assignees, .. },
            Email { recipients: b, to_owners: owners_now, to_assignees: assignees_now, .. },
        ) => [
            Change::between("recipients", Some(list(a)), Some(list(b))),
            Change::between("toOwners", Some(owners.to_string()), Some(owners_now.to_string())),
            Change::between("toAssignees", Some(assignees.to_string()), Some(assignees_now.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect(),
        _ => Vec::new(),
    }
}

fn hidden(field: &str, changed: bool) -> Option<Change> {
    changed.then(|| Change { field: field.into(), before: None, after: Some("changed".into()) })
}

fn list(all: &[Recipient]) -> String {
    all.iter().map(|r| r.email.as_str()).collect::<Vec<_>>().join(" ")
}
