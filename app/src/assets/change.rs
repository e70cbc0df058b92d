use domain::asset::Asset;
use domain::event::Change;

/// What a person changed of an asset, field by field.
pub(super) fn changes(before: &Asset, after: &Asset) -> Vec<Change> {
    let list = |l: &[String]| (!l.is_empty()).then(|| l.join(";"));
    let yes = |b: bool| Some(b.to_string());
    [
        Change::between("name", Some(before.name.clone()), Some(after.name.clone())),
        Change::between("target", Some(before.target.to_string()), Some(after.target.to_string())),
        Change::between("tags", list(&before.tags), list(&after.tags)),
        Change::between(
            "criticality",
            Some(before.criticality.as_str().into()),
            Some(after.criticality.as_str().into()),
        ),
        Change::between("owner", before.owner.clone(), after.owner.clone()),
        Change::between(
            "ownerEmail",
            before.owner_email.clone().map(String::from),
            after.owner_email.clone().map(String::from),
        ),
        Change::between("externalId", before.external_id.clone(), after.external_id.clone()),
        Change::between("notes", before.notes.clone(), after.notes.clone()),
        Change::between("allowedServices", list(&before.allowed_services), list(&after.allowed_services)),
        Change::between(
            "pollInterval",
            before.poll_interval.map(|i| i.to_string()),
            after.poll_interval.map(|i| i.to_string()),
        ),
        Change::between("enabled", yes(before.enabled), yes(after.enabled)),
        Change::between(
            "device",
            serde_json::to_string(&before.device).ok(),
            serde_json::to_string(&after.device).ok(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
