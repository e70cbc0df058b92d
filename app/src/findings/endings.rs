//! Events about decisions of people: one for a decision that holds for many findings, not one for each.

use std::collections::BTreeMap;

use domain::asset::Asset;
use domain::event::{Draft, EventType};
use domain::finding::{Finding, Triage};
use domain::ids::FindingId;
use domain::lifecycle::Transition;
use domain::payload;
use domain::severity::Severity;

use super::plain;

/// The field of a transition's changes that says what ended a decision.
const BECAUSE: &str = "triage.endedBecause";

/// A decision by its id, and what ended it.
type Key = (String, Option<String>);

/// The decisions that end, or are about to end, in one judgement of an asset.
pub(super) struct Endings<'a>(BTreeMap<Key, (&'a Triage, Vec<&'a Finding>)>);

/// Is the transition only about the decision, so that no event about the finding goes with it?
pub(super) fn is_of_triage(step: &Transition) -> bool {
    matches!(step.event, Some(EventType::TriageEnding | EventType::TriageEnded))
}

impl<'a> Endings<'a> {
    /// Those among these transitions.
    pub(super) fn of(steps: impl Iterator<Item = &'a Transition>) -> Self {
        let mut found: BTreeMap<Key, (&Triage, Vec<&Finding>)> = BTreeMap::new();
        for step in steps {
            if let Some((key, triage)) = ending(step) {
                found.entry(key).or_insert((triage, Vec::new())).1.push(&step.after);
            }
        }
        Self(found)
    }

    /// The events that go with the transitions of one finding: those of its decisions that were not told yet.
    pub(super) fn told_with(&mut self, steps: &[Transition], asset: &Asset) -> Vec<Draft> {
        let keys = steps.iter().filter_map(|step| ending(step).map(|(key, _)| key));
        let told = keys.filter_map(|key| {
            self.0.remove(&key).map(|(triage, findings)| draft(triage, key.1.as_deref(), &findings, asset))
        });
        told.collect()
    }
}

fn ending(step: &Transition) -> Option<(Key, &Triage)> {
    let because = step.changes.iter().find(|c| c.field == BECAUSE).and_then(|c| c.after.clone());
    if because.is_none() && step.event != Some(EventType::TriageEnding) {
        return None;
    }
    let triage = step.before.as_ref()?.triage.as_ref()?;
    Some(((triage.id.clone(), because), triage))
}

fn draft(triage: &Triage, because: Option<&str>, findings: &[&Finding], asset: &Asset) -> Draft {
    let ids: Vec<FindingId> = findings.iter().map(|f| f.id.clone()).collect();
    let kind = if because.is_some() { EventType::TriageEnded } else { EventType::TriageEnding };
    let parts = payload::triage_parts(triage, because, &ids);
    let mut draft = plain(kind, asset, parts, false);
    draft.subjects.finding = ids.first().filter(|_| ids.len() == 1).cloned();
    draft.subjects.severity = findings.iter().map(|f| f.severity).max().or(Some(Severity::Info));
    draft
}
