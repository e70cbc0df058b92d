//! The committed page about the rules says what the rules say.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "data/samples.rs"]
mod samples;

use domain::rule::{AssetFacts, HostFacts, RuleSet, Verdict, table};

#[test]
fn the_page_about_the_rules_is_current() {
    let page = table::page(RuleSet::built_in(), &samples::all(), samples::now());
    let committed = include_str!("../../docs/rules.md");
    let first = page.lines().zip(committed.lines()).find(|(now, was)| now != was);
    assert!(
        first.is_none() && page.lines().count() == committed.lines().count(),
        "docs/rules.md differs, first in {first:?}: cargo run -p domain --example rule_table > docs/rules.md"
    );
}

#[test]
fn no_captured_banner_leaves_a_rule_undecided() {
    for sample in samples::all() {
        let judgements =
            RuleSet::built_in().judge(&sample.banner, &HostFacts::default(), &AssetFacts::default(), samples::now());
        for judgement in judgements {
            assert_eq!(judgement.verdict, Verdict::Match, "{} on port {}", judgement.rule.id, sample.banner.port);
        }
    }
}
