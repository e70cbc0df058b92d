use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::OrgId;
use domain::policy::TriagePolicy;
use domain::rule::{RuleId, RuleSet};

use super::rule::OwnRule;
use super::store::{POLICIES, RULES, all, generation};
use crate::App;
use crate::ports::StoreError;

/// What an organization's assets are judged by: its rules and its policies.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// Names it; another name judges anew what is stored. Empty: the organization decided nothing.
    pub generation: String,
    /// The policies, those that ended too: theirs are the decisions that end with them.
    pub policies: Vec<TriagePolicy>,
    /// `None`: those of the house.
    own: Option<RuleSet>,
}

/// The rulings that this process read lately, by organization.
#[derive(Debug, Default)]
pub struct Rulings(Mutex<HashMap<OrgId, Arc<Ruling>>>);

/// Some hundred kilobytes each.
const MOST: usize = 100;

impl Ruling {
    /// The rules, those that are switched off too.
    pub fn rules(&self) -> &RuleSet {
        self.own.as_ref().unwrap_or_else(|| RuleSet::built_in())
    }
}

impl App {
    /// What an organization's assets are judged by now: one point read while it does not change.
    pub async fn ruling(&self, org: &OrgId) -> Result<Arc<Ruling>, StoreError> {
        let generation = generation(self, org).await?;
        let known = self.rulings.0.lock().unwrap_or_else(PoisonError::into_inner).get(org).cloned();
        if let Some(known) = known.filter(|ruling| ruling.generation == generation) {
            return Ok(known);
        }
        let ruling = Arc::new(if generation.is_empty() {
            Ruling { generation, policies: Vec::new(), own: None }
        } else {
            read(self, org, generation).await?
        });
        let mut rulings = self.rulings.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rulings.len() >= MOST {
            rulings.clear();
        }
        rulings.insert(org.clone(), Arc::clone(&ruling));
        Ok(ruling)
    }
}

/// What is read behind the generation is as new as that, or newer: then the next look reads it again.
async fn read(app: &App, org: &OrgId, generation: String) -> Result<Ruling, StoreError> {
    let all_own: Vec<OwnRule> = all(app, org, RULES).await?;
    let off: BTreeSet<RuleId> =
        all_own.iter().filter(|own| own.definition.is_none() && !own.enabled).map(|own| own.id.clone()).collect();
    let living = all_own.iter().filter(|own| own.deleted_at.is_none());
    let mut compiled = Vec::new();
    for definition in living.filter_map(|own| own.definition.clone()) {
        let id = definition.id.clone();
        match definition.compile() {
            Ok(rule) => compiled.push(rule),
            // It was compiled when it was stored, by another version of this program.
            Err(error) => tracing::error!(%org, rule = %id, %error, "a rule is not applied any more"),
        }
    }
    let plain = off.is_empty() && compiled.is_empty();
    let own = (!plain).then(|| RuleSet::for_organization(compiled, &off));
    Ok(Ruling { generation, policies: all(app, org, POLICIES).await?, own })
}
