use domain::actor::Actor;
use domain::cve::CveId;
use domain::event::Change;
use domain::role::Action;
use domain::rule::{Category, RuleDefinition, RuleId, RuleSet, Select};
use domain::severity::{Confidence, Severity};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::{RULES, all, partition, read, write};
use super::{MOST_RULES, check};
use crate::access::Caller;
use crate::audit::{Act, Deed};
use crate::ports::Table;
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error, UserError, UserErrorCode};

/// A rule of an organization's own, or what it decided about one of the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnRule {
    /// Its id.
    pub id: RuleId,
    /// What it says; `None`: it is one of the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<RuleDefinition>,
    /// Is it applied?
    pub enabled: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who made it, or switched it off or on first.
    pub created_by: Actor,
    /// When it was deleted; it stays, so that history can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// A rule to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the rule, described there")]
pub struct NewRule {
    pub name: String,
    pub description: String,
    pub category: Category,
    pub severity: Severity,
    pub confidence: Confidence,
    pub expression: String,
    pub remediation: String,
    pub references: Vec<String>,
    pub cves: Vec<CveId>,
    pub enabled: bool,
}

/// What is to change; `None`: nothing.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the rule, described there")]
pub struct RuleChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub category: Option<Category>,
    pub severity: Option<Severity>,
    pub confidence: Option<Confidence>,
    pub expression: Option<String>,
    pub remediation: Option<String>,
    pub references: Option<Vec<String>>,
    pub cves: Option<Vec<CveId>>,
    pub enabled: Option<bool>,
}

/// A change that was overtaken is tried again so often.
const TRIES: usize = 8;

/// Makes a rule. What is stored is judged by it at the next tick.
pub async fn create_rule(
    app: &App,
    caller: &Caller,
    new: NewRule,
    request: Option<&ClientRequest>,
) -> Result<OwnRule, Error> {
    caller.may(Action::ManageRules)?;
    let slot = match request {
        Some(request) => match request.before::<RuleId>(app, Table::Accounts, &partition(&caller.org)).await? {
            Before::Answered(id) => return living(app, caller, &id).await.map(|(own, _)| own),
            Before::Not(slot) => Some(slot),
        },
        None => None,
    };
    let id = RuleId::parse(&format!("rule_{}", app.ulid())).ok_or(Error::Busy)?;
    let definition = RuleDefinition {
        id: id.clone(),
        name: new.name.trim().to_owned(),
        version: 1,
        category: new.category,
        severity: new.severity,
        confidence: new.confidence,
        description: new.description,
        expression: new.expression,
        select: Select::default(),
        overrides: Vec::new(),
        cves: new.cves,
        evidence: Vec::new(),
        remediation: new.remediation,
        references: new.references,
        enabled: new.enabled,
    };
    check::rule(&definition)?;
    let rules: Vec<OwnRule> = all(app, &caller.org, RULES).await?;
    if rules.iter().filter(|own| own.definition.is_some() && own.deleted_at.is_none()).count() >= MOST_RULES {
        let message = format!("at most {MOST_RULES} rules: delete one first");
        return Err(UserError::general(UserErrorCode::QuotaExceeded, message).into());
    }
    let own = OwnRule {
        id: id.clone(),
        enabled: definition.enabled,
        updated_at: app.now(),
        created_by: caller.actor.clone(),
        deleted_at: None,
        definition: Some(definition),
    };
    let changes = changes(None, &own);
    let mut more = vec![Act::of(caller, Deed::RuleCreated, (id.as_str(), own.name())).changing(changes).op(app)?];
    if let Some(slot) = slot {
        more.push(slot.fill(app, &id)?);
    }
    if write(app, &caller.org, (key(&id), &own), None, more).await? { Ok(own) } else { Err(Error::Busy) }
}

/// Changes a rule. One of the house can only be switched off and on.
pub async fn update_rule(app: &App, caller: &Caller, id: &RuleId, change: &RuleChange) -> Result<OwnRule, Error> {
    caller.may(Action::ManageRules)?;
    for _ in 0..TRIES {
        let found = read::<OwnRule>(app, &caller.org, &key(id)).await?.filter(|(own, _)| own.deleted_at.is_none());
        let house = RuleSet::built_in().find(id.as_str());
        let (before, etag) = match (found, house) {
            (Some((own, etag)), _) => (own, Some(etag)),
            (None, Some(house)) => (switched(app, caller, house.id.clone()), None),
            (None, None) => return Err(no_such().into()),
        };
        let mut after = before.clone();
        if let Some(definition) = &mut after.definition {
            change.apply(definition);
            check::rule(definition)?;
        } else if change.says_more_than_whether() {
            let message = "a rule of the house can be switched off and on; for anything else make one of your own";
            return Err(UserError::of(UserErrorCode::NotAllowed, "id", message).into());
        }
        after.enabled = change.enabled.unwrap_or(after.enabled);
        if after == before {
            return Ok(after);
        }
        after.updated_at = app.now();
        if let Some(definition) = &mut after.definition {
            (definition.enabled, definition.version) = (after.enabled, definition.version + 1);
        }
        let changes = changes(Some(&before), &after);
        let act = Act::of(caller, Deed::RuleUpdated, (id.as_str(), after.name())).changing(changes).op(app)?;
        if write(app, &caller.org, (key(id), &after), etag, vec![act]).await? {
            return Ok(after);
        }
    }
    Err(Error::Busy)
}

/// Deletes a rule of the organization's own: its findings are resolved at the next tick.
pub async fn delete_rule(app: &App, caller: &Caller, id: &RuleId) -> Result<(), Error> {
    caller.may(Action::ManageRules)?;
    for _ in 0..TRIES {
        if RuleSet::built_in().find(id.as_str()).is_some() {
            let message = "a rule of the house can only be switched off";
            return Err(UserError::of(UserErrorCode::NotAllowed, "id", message).into());
        }
        let (before, etag) = living(app, caller, id).await?;
        let after = OwnRule { deleted_at: Some(app.now()), enabled: false, ..before };
        let act = Act::of(caller, Deed::RuleDeleted, (id.as_str(), after.name())).op(app)?;
        if write(app, &caller.org, (key(id), &after), Some(etag), vec![act]).await? {
            return Ok(());
        }
    }
    Err(Error::Busy)
}

async fn living(app: &App, caller: &Caller, id: &RuleId) -> Result<super::store::Found<OwnRule>, Error> {
    let found = read::<OwnRule>(app, &caller.org, &key(id)).await?.filter(|(own, _)| own.deleted_at.is_none());
    found.ok_or_else(|| no_such().into())
}

fn no_such() -> UserError {
    UserError::of(UserErrorCode::NotFound, "id", "no such rule")
}

pub(super) fn key(id: &RuleId) -> String {
    format!("{RULES}{id}")
}

/// One of the house before anybody decided about it.
fn switched(app: &App, caller: &Caller, id: RuleId) -> OwnRule {
    let (updated_at, created_by) = (app.now(), caller.actor.clone());
    OwnRule { id, definition: None, enabled: true, updated_at, created_by, deleted_at: None }
}

impl OwnRule {
    /// Its name.
    pub fn name(&self) -> &str {
        let house = || RuleSet::built_in().find(self.id.as_str()).map(|rule| rule.name.as_str());
        self.definition.as_ref().map(|definition| definition.name.as_str()).or_else(house).unwrap_or_default()
    }
}

impl RuleChange {
    fn says_more_than_whether(&self) -> bool {
        let Self {
            name,
            description,
            category,
            severity,
            confidence,
            expression,
            remediation,
            references,
            cves,
            enabled: _,
        } = self;
        name.is_some()
            || description.is_some()
            || category.is_some()
            || severity.is_some()
            || confidence.is_some()
            || expression.is_some()
            || remediation.is_some()
            || references.is_some()
            || cves.is_some()
    }

    fn apply(&self, rule: &mut RuleDefinition) {
        fn set<T: Clone>(field: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        set(&mut rule.name, self.name.as_ref());
        set(&mut rule.description, self.description.as_ref());
        set(&mut rule.category, self.category.as_ref());
        set(&mut rule.severity, self.severity.as_ref());
        set(&mut rule.confidence, self.confidence.as_ref());
        set(&mut rule.expression, self.expression.as_ref());
        set(&mut rule.remediation, self.remediation.as_ref());
        set(&mut rule.references, self.references.as_ref());
        set(&mut rule.cves, self.cves.as_ref());
    }
}

/// What the audit log tells.
fn changes(before: Option<&OwnRule>, after: &OwnRule) -> Vec<Change> {
    type Part = (&'static str, fn(&OwnRule) -> Option<String>);
    let of: [Part; 8] = [
        ("name", |own| own.definition.as_ref().map(|d| d.name.clone())),
        ("expression", |own| own.definition.as_ref().map(|d| d.expression.clone())),
        ("severity", |own| own.definition.as_ref().map(|d| d.severity.as_str().to_owned())),
        ("category", |own| own.definition.as_ref().map(|d| d.category.as_str().to_owned())),
        ("confidence", |own| own.definition.as_ref().map(|d| d.confidence.as_str().to_owned())),
        ("remediation", |own| own.definition.as_ref().map(|d| d.remediation.clone())),
        ("cves", |own| {
            own.definition.as_ref().map(|d| d.cves.iter().map(CveId::as_str).collect::<Vec<_>>().join(", "))
        }),
        ("enabled", |own| Some(own.enabled.to_string())),
    ];
    of.iter().filter_map(|(field, part)| Change::between(field, before.and_then(part), part(after))).collect()
}
