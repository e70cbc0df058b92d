//! The rules that an organization is judged by.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::facts::{AssetFacts, Facts, HostFacts};
use super::guard::{Expiry, Verdict};
use super::index::Index;
use super::{Condition, Rule, RuleId, catalogue, validity};
use crate::observation::Banner;

/// Bytes of the value of one piece of evidence.
const MAX_VALUE: usize = 512;

/// Rules, in order of their ids.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// A hash of all definitions: another generation judges what is stored anew.
    pub generation: String,
    rules: Vec<Arc<Rule>>,
    /// When the end of a certificate changes what some rule says.
    expiry: Expiry,
    index: Index,
}

/// What one rule says of one service. A rule that does not match is not mentioned.
#[derive(Clone, Debug)]
pub struct Judgement<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// [`Verdict::Match`] or [`Verdict::Undecided`].
    pub verdict: Verdict,
    /// What proves a match, in the rule's order.
    pub evidence: Vec<EvidenceField>,
}

/// A field that proves a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceField {
    /// Its path, `service.mqtt.code`.
    pub field: String,
    /// Its value word for word, ≤ 512 bytes: texts as they are, lists of texts or ports with commas between, blocks
    /// as JSON. What is longer ends in `…`.
    pub value: String,
}

impl RuleSet {
    /// The rules of the house, read when they are first needed.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new(catalogue::rules()));
        &BUILT_IN
    }

    /// A set of rules; of several with one id the first counts.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self::of(rules.into_iter().map(Arc::new).collect())
    }

    /// The rules of the house without those that the organization disabled, and its own.
    pub fn for_organization(custom: impl IntoIterator<Item = Rule>, disabled: &BTreeSet<RuleId>) -> Self {
        let mut rules = Self::built_in().rules.clone();
        rules.extend(custom.into_iter().map(Arc::new));
        for rule in &mut rules {
            if disabled.contains(&rule.id) {
                Arc::make_mut(rule).enabled = false;
            }
        }
        Self::of(rules)
    }

    fn of(mut rules: Vec<Arc<Rule>>) -> Self {
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules.dedup_by(|b, a| a.id == b.id);
        let mut expiry = Expiry::default();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            if let Condition::Expression(expression) = &rule.condition {
                expiry.days.extend(&expression.expiry().days);
                expiry.daily |= expression.expiry().daily;
            }
        }
        Self { generation: generation(&rules), index: Index::of(&rules), rules, expiry }
    }

    /// All rules, also those that are disabled.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter().map(AsRef::as_ref)
    }

    /// The rule with this id.
    pub fn find(&self, id: &str) -> Option<&Rule> {
        let place = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        self.rules.get(place).map(AsRef::as_ref)
    }

    /// What the enabled rules say of a service, its certificate judged as of `now`; in the order of the rules' ids.
    pub fn judge(&self, banner: &Banner, host: &HostFacts, asset: &AssetFacts, now: Timestamp) -> Vec<Judgement<'_>> {
        let mut facts = None;
        let mut judgements = Vec::new();
        for place in self.index.candidates(banner) {
            let Some(rule) = self.rules.get(place).filter(|rule| rule.select.applies(banner)) else { continue };
            let Condition::Expression(expression) = &rule.condition else { continue };
            let facts = facts.get_or_insert_with(|| Facts::new().service(banner, now).host(host).asset(asset));
            let verdict = expression.evaluate(facts);
            let evidence = match verdict {
                Verdict::NoMatch => continue,
                Verdict::Undecided(_) => Vec::new(),
                Verdict::Match => evidence(rule, facts),
            };
            judgements.push(Judgement { rule, verdict, evidence });
        }
        without_overridden(judgements)
    }

    /// The next instant at which time alone changes what [`RuleSet::judge`] sees of a service.
    pub fn wake(&self, banner: &Banner, now: Timestamp) -> Option<Timestamp> {
        let end = banner.tls.as_ref()?.not_after?;
        if self.expiry.daily { validity::next_day(end, now) } else { validity::next_of(&self.expiry.days, end, now) }
    }
}

/// Where a rule applies, those that it overrides do not. Where it is undecided they stand: nothing is missed for it.
fn without_overridden(mut judgements: Vec<Judgement<'_>>) -> Vec<Judgement<'_>> {
    let applies = judgements.iter().filter(|j| j.verdict == Verdict::Match);
    let overridden: Vec<&RuleId> = applies.flat_map(|j| &j.rule.overrides).collect();
    judgements.retain(|j| !overridden.contains(&&j.rule.id));
    judgements
}

/// From how the rules show themselves for debugging: all that they hold, the expressions as text.
fn generation(rules: &[Arc<Rule>]) -> String {
    let mut text = String::new();
    for rule in rules {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{rule:?}");
    }
    Sha256::digest(text).iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn evidence(rule: &Rule, facts: &Facts<'_>) -> Vec<EvidenceField> {
    let known =
        |field: &String| facts.text(field).map(|value| EvidenceField { field: field.clone(), value: cut(value) });
    rule.evidence.iter().filter_map(known).filter(|e| !e.value.is_empty()).collect()
}

fn cut(mut value: String) -> String {
    if value.len() > MAX_VALUE {
        let room = MAX_VALUE - '…'.len_utf8();
        let end = (0..=room).rev().find(|n| value.is_char_boundary(*n)).unwrap_or(0);
        value.truncate(end);
        value.push('…');
    }
    value
}

#[cfg(test)]
mod tests;
