use std::collections::BTreeMap;

use domain::role::Action;
use domain::rule::{Rule, RuleId, RuleSet};

use super::rule::{OwnRule, key};
use super::store::{RULES, all, read};
use crate::access::Caller;
use crate::{App, Error};

/// A rule as people see it.
#[derive(Clone, Debug)]
pub enum RuleView {
    /// One of the house, and what the organization decided about it.
    House(&'static Rule, Option<Box<OwnRule>>),
    /// One of the organization's own; it may be deleted.
    Own(Box<OwnRule>),
}

/// A rule, also one that was deleted.
pub async fn rule(app: &App, caller: &Caller, id: &RuleId) -> Result<Option<RuleView>, Error> {
    caller.may(Action::Read)?;
    let own = read::<OwnRule>(app, &caller.org, &key(id)).await?.map(|(own, _)| own);
    Ok(match RuleSet::built_in().find(id.as_str()) {
        Some(house) => Some(RuleView::House(house, own.map(Box::new))),
        None => own.map(|own| RuleView::Own(Box::new(own))),
    })
}

/// All rules by id, without those that were deleted.
pub async fn rules(app: &App, caller: &Caller) -> Result<Vec<RuleView>, Error> {
    caller.may(Action::Read)?;
    let own: Vec<OwnRule> = all(app, &caller.org, RULES).await?;
    let mut own: BTreeMap<RuleId, OwnRule> = own.into_iter().map(|own| (own.id.clone(), own)).collect();
    let house = RuleSet::built_in().rules();
    let mut found: Vec<RuleView> =
        house.map(|rule| RuleView::House(rule, own.remove(&rule.id).map(Box::new))).collect();
    let living = own.into_values().filter(|own| own.deleted_at.is_none() && own.definition.is_some());
    found.extend(living.map(|own| RuleView::Own(Box::new(own))));
    found.sort_by(|a, b| a.id().cmp(b.id()));
    Ok(found)
}

impl RuleView {
    /// Its id.
    pub fn id(&self) -> &RuleId {
        match self {
            Self::House(rule, _) => &rule.id,
            Self::Own(own) => &own.id,
        }
    }

    /// Is it applied?
    pub fn enabled(&self) -> bool {
        match self {
            Self::House(rule, own) => own.as_ref().map_or(rule.enabled, |own| own.enabled),
            Self::Own(own) => own.enabled,
        }
    }
}
