//! The rules of a set as a page for people: what each finds, how bad that is, and how often it was right to look.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::{AssetFacts, Category, Condition, HostFacts, Rule, RuleSet, Verdict};
use crate::observation::Banner;

/// A banner to judge, and whether it is an answer of the source's own or was written.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The banner.
    pub banner: Banner,
    /// Written by hand.
    pub synthetic: bool,
}

/// How many samples match a rule: captured, synthetic.
type Counts = BTreeMap<String, (usize, usize)>;

/// The page, in Markdown; certificates are judged as of `now`.
pub fn page(rules: &RuleSet, samples: &[Sample], now: Timestamp) -> String {
    let counts = count(rules, samples, now);
    let captured = samples.iter().filter(|s| !s.synthetic).count();
    let mut page = format!(
        "# Rules\n\n\
         {} rules of the house: what each finds, and how many banners match it, of {captured} captured ones and {} \
         synthetic ones (`domain/tests/data`), judged as of {}. Most of the captured ones are FTP, web and game \
         servers; what no capture shows is proven by the examples in the rule's own file.\n\n\
         This page is made by `cargo run -p domain --example rule_table > docs/rules.md`; a test holds it against the \
         rules.\n\n\
         A rule is a file under `domain/rules`: an expression over `service`, `host` and `asset`, what selects the \
         services that it looks at, what proves it, what to do, where to read on, and examples of either kind. Where a \
         rule *overrides* others, they are not reported beside it. Known vulnerabilities, Heartbleed among them, are not \
         expressions but what the source claims: tested ones stand alone, those that follow from a version are folded \
         by product.\n",
        rules.rules().len(),
        samples.len() - captured,
        now.strftime("%Y-%m-%d"),
    );
    for category in Category::ALL {
        let mut of: Vec<&Rule> = rules.rules().filter(|rule| rule.category == category).collect();
        if of.is_empty() {
            continue;
        }
        of.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
        // Writing to a text cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n| rule | finds | severity | confidence | captured | synthetic |\n| --- | --- | --- | --- | --: | --: |\n",
            category.as_str()
        );
        for rule in of {
            let _ = writeln!(page, "{}", line(rule, &counts));
        }
    }
    page
}

fn line(rule: &Rule, counts: &Counts) -> String {
    let (captured, synthetic) = match &rule.condition {
        Condition::Engine(_) => ("engine".to_owned(), "engine".to_owned()),
        Condition::Expression(_) => {
            let (captured, synthetic) = counts.get(rule.id.as_str()).copied().unwrap_or_default();
            (captured.to_string(), synthetic.to_string())
        }
    };
    let overrides: Vec<String> = rule.overrides.iter().map(|id| format!("`{id}`")).collect();
    let over = if overrides.is_empty() { String::new() } else { format!("; overrides {}", overrides.join(", ")) };
    format!(
        "| `{}` | {}{over} | {} | {} | {captured} | {synthetic} |",
        rule.id,
        rule.name,
        rule.severity.as_str(),
        rule.confidence.as_str()
    )
}

fn count(rules: &RuleSet, samples: &[Sample], now: Timestamp) -> Counts {
    let (host, asset) = (HostFacts::default(), AssetFacts::default());
    let mut counts = Counts::new();
    for sample in samples {
        for judgement in rules.judge(&sample.banner, &host, &asset, now) {
            if judgement.verdict == Verdict::Match {
                let count = counts.entry(judgement.rule.id.to_string()).or_default();
                *(if sample.synthetic { &mut count.1 } else { &mut count.0 }) += 1;
            }
        }
    }
    counts
}
