use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::FILES;
use crate::observation::Banner;
use crate::rule::{AssetFacts, Facts, HostFacts, RuleDefinition, RuleSet, Verdict};
use crate::severity::Severity;

/// Examples that say nothing else are judged at this instant.
const NOW: &str = "2026-06-01T00:00:00Z";

#[derive(Deserialize)]
struct File {
    id: String,
    example: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    expect: bool,
    why: String,
    /// Not an answer of Shodan's.
    #[serde(default)]
    synthetic: bool,
    /// Where the answer was published.
    source: Option<String>,
    banner: String,
    asset: Option<String>,
    now: Option<String>,
}

impl Example {
    fn banner(&self) -> Banner {
        let mut banner: Value = serde_json::from_str(&self.banner).unwrap();
        banner["observedAt"] = json!("2026-03-14T08:01:11Z");
        banner["hash"] = json!("");
        serde_json::from_value(banner).unwrap()
    }

    fn asset(&self) -> AssetFacts {
        self.asset.as_deref().map(|asset| serde_json::from_str(asset).unwrap()).unwrap_or_default()
    }

    fn now(&self) -> Timestamp {
        // The instant stands in the quotes of JSON, as the other inputs do.
        self.now.as_deref().map_or_else(|| NOW.parse().unwrap(), |now| serde_json::from_str(now).unwrap())
    }
}

fn files() -> impl Iterator<Item = (&'static str, File)> {
    FILES.iter().map(|(name, text)| (*name, toml::from_str(text).unwrap()))
}

#[test]
fn every_example_is_judged_as_its_file_says() {
    let rules = RuleSet::built_in();
    let host = HostFacts { ip: "203.0.113.1".into(), ..HostFacts::default() };
    let mut wrong = Vec::new();
    for (name, file) in files() {
        for example in &file.example {
            let banner = example.banner();
            let asset = example.asset();
            let judgements = rules.judge(&banner, &host, &asset, example.now());
            let undecided = judgements.iter().filter(|j| j.verdict != Verdict::Match);
            wrong.extend(undecided.map(|j| format!("{name}: {}: {} says {:?}", example.why, j.rule.id, j.verdict)));
            let judgement = judgements.iter().find(|j| j.rule.id.as_str() == file.id);
            if judgement.is_some() != example.expect {
                wrong.push(format!("{name}: {}: not {}", example.why, example.expect));
            }
            let Some(judgement) = judgement else { continue };
            if judgement.evidence.is_empty() {
                wrong.push(format!("{name}: {}: nothing proves it", example.why));
            }
            let facts = Facts::new().service(&banner, example.now()).host(&host).asset(&asset);
            for evidence in &judgement.evidence {
                assert_eq!(facts.text(&evidence.field).as_ref(), Some(&evidence.value), "{name}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_an_example_of_either_kind_and_says_where_it_is_from() {
    for (name, file) in files() {
        assert_eq!(file.id, format!("rule_{name}"));
        for expected in [true, false] {
            assert!(file.example.iter().any(|e| e.expect == expected), "{name} has no example where it is {expected}");
        }
        for example in &file.example {
            assert!(example.synthetic != example.source.is_some(), "{name}: {}: real or synthetic?", example.why);
        }
    }
}

#[test]
fn every_rule_tells_people_what_it_means_what_to_do_and_where_to_read_on() {
    for rule in RuleSet::built_in().rules() {
        let id = &rule.id;
        assert!(rule.built_in && rule.enabled, "{id}");
        assert!((10..=80).contains(&rule.name.len()) && !rule.name.ends_with('.'), "{id}: {}", rule.name);
        assert!(rule.description.len() >= 60 && rule.remediation.len() >= 60, "{id}");
        assert!(!rule.description.contains('\n') && !rule.remediation.contains('\n'), "{id}: one paragraph each");
        assert!((1..=5).contains(&rule.references.len()), "{id}");
        for reference in &rule.references {
            assert!(reference.starts_with("https://") && url::Url::parse(reference).is_ok(), "{id}: {reference}");
        }
        assert!(rule.severity > Severity::Info, "{id}");
    }
}

#[test]
fn every_file_is_listed_and_holds_no_field_that_nobody_reads() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(on_disk, FILES.iter().map(|(name, _)| (*name).to_owned()).collect());
    for (name, text) in FILES {
        let definition: RuleDefinition = toml::from_str(text).unwrap();
        let read = serde_json::to_value(&definition).unwrap();
        let written: toml::Table = toml::from_str(text).unwrap();
        for field in written.keys().filter(|key| *key != "example") {
            assert!(read.get(field).is_some(), "rules/{name}.toml: {field}");
        }
    }
}
