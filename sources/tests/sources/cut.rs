//! What a device says at length never ends a finding: what was too large to keep leaves the rules undecided.

use domain::observation::{Banner, is_cut};
use domain::rule::{AssetFacts, HostFacts, RuleSet, Verdict};
use serde_json::{Map, Value, json};
use sources::read_search_page;

fn read(block: &str, said: &Value) -> Banner {
    let page = json!({"matches": [{"ip_str": "192.0.2.1", "port": 9200, "transport": "tcp", "data": "",
        "timestamp": "2026-03-14T08:00:00", block: said}], "total": 1});
    let mut page = read_search_page(page.to_string().as_bytes()).unwrap();
    page.hosts.remove(0).banners.remove(0)
}

fn verdict(banner: &Banner, rule: &str) -> Option<Verdict> {
    let now = "2026-03-15T00:00:00Z".parse().unwrap();
    let judged = RuleSet::built_in().judge(banner, &HostFacts::default(), &AssetFacts::default(), now);
    judged.into_iter().find(|judgement| judgement.rule.id.to_string() == rule).map(|judgement| judgement.verdict)
}

#[test]
fn an_open_database_of_any_size_is_never_taken_for_a_closed_one() {
    for names in [3, 30, 60, 600, 6_000] {
        let indices: Map<String, Value> =
            (0..names).map(|n| (format!("index-{n:060}"), json!({"uuid": "x".repeat(200)}))).collect();
        let banner = read("elastic", &json!({"indices": indices}));
        assert!(serde_json::to_string(&banner.blocks).unwrap().len() <= 16 * 1024);
        let open = verdict(&banner, "rule_elasticsearch-open");
        assert!(matches!(open, Some(Verdict::Match | Verdict::Undecided(_))), "{names}: {open:?}");
    }
}

#[test]
fn a_block_that_drowns_in_others_is_undecided() {
    let filler = json!({"said": "x".repeat(900), "again": "y".repeat(900), "more": "z".repeat(900)});
    let mut page = json!({"ip_str": "192.0.2.1", "port": 1883, "transport": "tcp", "data": "",
        "timestamp": "2026-03-14T08:00:00", "vnc": {"security_types": {"1": "None"}, "said": "x".repeat(1000),
        "more": "y".repeat(1000), "again": "z".repeat(1000)}});
    for n in 0..10 {
        page[format!("filler{n}")] = filler.clone();
    }
    let page = json!({"matches": [page], "total": 1}).to_string();
    let banner = read_search_page(page.as_bytes()).unwrap().hosts.remove(0).banners.remove(0);
    assert!(is_cut(&banner.blocks["vnc"]), "{:?}", banner.blocks["vnc"]);
    let open = RuleSet::built_in();
    let open: Vec<_> = open.rules().filter(|rule| rule.id.to_string().contains("vnc")).collect();
    assert!(!open.is_empty());
    for rule in open {
        let verdict = verdict(&banner, &rule.id.to_string());
        assert!(matches!(verdict, Some(Verdict::Match | Verdict::Undecided(_))), "{:?}: {verdict:?}", rule.id);
    }
}
