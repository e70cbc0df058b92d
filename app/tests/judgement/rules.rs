use app::judging::{self, NewRule, OwnRule, RuleChange};
use app::ports::SourceError;
use app::testing::Fault;
use app::{Error, UserError, UserErrorCode, audit};
use domain::event::EventType;
use domain::finding::{Finding, FindingState, Resolution};
use domain::rule::{Category, RuleId};
use domain::severity::{Confidence, Severity};

use super::plant::{Plant, cve};

const CAMERA: &str = "CVE-2021-36260";

fn wanted(expression: &str) -> NewRule {
    NewRule {
        name: "A camera of ours".into(),
        description: String::new(),
        category: Category::IotDevice,
        severity: Severity::High,
        confidence: Confidence::Inferred,
        expression: expression.into(),
        remediation: "Take it off.".into(),
        references: Vec::new(),
        cves: Vec::new(),
        enabled: true,
    }
}

async fn made(plant: &Plant, new: NewRule) -> OwnRule {
    judging::create_rule(&plant.bench, &plant.caller, new, None).await.unwrap()
}

fn faults<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<UserError> {
    match result.unwrap_err() {
        Error::User(faults) => faults,
        other => panic!("{other}"),
    }
}

async fn of(plant: &Plant, id: &RuleId) -> Vec<Finding> {
    plant.findings().await.into_iter().filter(|finding| finding.rule == *id).collect()
}

/// A watched camera whose source does not answer any more.
async fn silent() -> Plant {
    let plant = Plant::new().await;
    plant.camera("8.8.8.8", &[]).await;
    plant.tick().await;
    plant.script.fails(Some(SourceError::Unavailable("down".into())));
    plant
}

#[tokio::test]
async fn a_new_rule_judges_what_is_stored_without_asking_and_a_deleted_one_takes_it_back() {
    let plant = silent().await;
    let rule = made(&plant, wanted("service.product == 'App-webs'")).await;
    plant.ticks(1).await;
    let found = of(&plant, &rule.id).await;
    assert_eq!((found.len(), found[0].severity, found[0].state), (1, Severity::High, FindingState::Open));
    assert_eq!(found[0].title, "A camera of ours");
    plant.ticks(10).await;
    let events = plant.events().await.len();
    let change = RuleChange { severity: Some(Severity::Low), ..RuleChange::default() };
    let changed = judging::update_rule(&plant.bench, &plant.caller, &rule.id, &change).await.unwrap();
    assert_eq!(changed.definition.unwrap().version, 2);
    plant.ticks(1).await;
    assert_eq!(of(&plant, &rule.id).await[0].severity, Severity::Low);
    assert_eq!(plant.events().await.len(), events + 1);
    judging::delete_rule(&plant.bench, &plant.caller, &rule.id).await.unwrap();
    plant.ticks(1).await;
    let gone = of(&plant, &rule.id).await;
    assert_eq!((gone[0].state, gone[0].resolution), (FindingState::Resolved, Some(Resolution::RuleChanged)));
    assert!(judging::rule(&plant.bench, &plant.caller, &rule.id).await.unwrap().is_some(), "history can be read");
}

#[tokio::test]
async fn a_rule_of_the_house_can_be_switched_off_and_nothing_else() {
    let plant = Plant::new().await;
    plant.script.says(app::testing::seen("8.8.8.8".parse().unwrap(), plant.now(), &[(23, "telnet")]));
    let draft = app::assets::AssetDraft { target: Some("8.8.8.8".into()), enabled: true, ..Default::default() };
    app::assets::create(&plant.bench, &plant.caller, &draft).await.unwrap();
    plant.tick().await;
    let telnet = RuleId::parse("rule_telnet-open").unwrap();
    assert_eq!(of(&plant, &telnet).await.len(), 1);
    let rename = RuleChange { name: Some("x".into()), ..RuleChange::default() };
    let refused = judging::update_rule(&plant.bench, &plant.caller, &telnet, &rename).await;
    assert_eq!(faults(refused)[0].code, UserErrorCode::NotAllowed);
    let off = RuleChange { enabled: Some(false), ..RuleChange::default() };
    judging::update_rule(&plant.bench, &plant.caller, &telnet, &off).await.unwrap();
    plant.ticks(1).await;
    assert_eq!(of(&plant, &telnet).await[0].resolution, Some(Resolution::RuleChanged));
    let on = RuleChange { enabled: Some(true), ..RuleChange::default() };
    judging::update_rule(&plant.bench, &plant.caller, &telnet, &on).await.unwrap();
    plant.ticks(1).await;
    assert_eq!(of(&plant, &telnet).await[0].state, FindingState::Open);
}

#[tokio::test]
async fn a_rule_stands_for_cves_whose_facts_are_asked_for() {
    let plant = silent().await;
    plant.library.lists(&cve(CAMERA), jiff::civil::date(2026, 3, 1));
    let rule = NewRule { cves: vec![cve(CAMERA)], ..wanted("service.product == 'App-webs'") };
    let rule = made(&plant, rule).await;
    plant.ticks(4).await;
    let found = of(&plant, &rule.id).await;
    assert!(found[0].vulnerabilities[0].claim.known_exploited);
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_told_all_at_once_and_where() {
    let plant = Plant::new().await;
    let wrong =
        NewRule { name: " ".into(), references: vec!["javascript:alert(1)".into()], ..wanted("service.porrt == 23") };
    let told = faults(judging::create_rule(&plant.bench, &plant.caller, wrong, None).await);
    let fields: Vec<&str> = told.iter().map(|fault| fault.field.last().unwrap().as_str()).collect();
    assert_eq!(fields, ["name", "references", "expression"]);
    assert!(told[2].message.starts_with("line 1, column 9:"), "{}", told[2].message);
    let tried = judging::try_rule(&plant.bench, &plant.caller, "service.port ==", 10).await;
    assert!(faults(tried)[0].message.starts_with("line 1"));
    for _ in 0..judging::MOST_RULES {
        made(&plant, wanted("service.port == 1")).await;
    }
    let one_more = judging::create_rule(&plant.bench, &plant.caller, wanted("service.port == 1"), None).await;
    assert_eq!(faults(one_more)[0].code, UserErrorCode::QuotaExceeded);
}

#[tokio::test]
async fn an_expression_is_tried_on_what_is_stored_and_changes_nothing() {
    let plant = Plant::new().await;
    for host in 1..=5 {
        plant.camera(&format!("8.8.8.{host}"), &[]).await;
    }
    plant.tick().await;
    let before = plant.bench.tables.calls();
    let rows = plant.bench.tables.everything().len();
    let tried = judging::try_rule(&plant.bench, &plant.caller, "service.port == 80 && asset.kind == 'DEVICE'", 2).await;
    let tried = tried.unwrap();
    assert_eq!((tried.services.len(), tried.matched, tried.examined), (2, 5, 5));
    assert_eq!(plant.bench.tables.everything().len(), rows);
    assert!(plant.bench.tables.calls() - before < 20, "as many reads as there are pages");
}

#[tokio::test]
async fn who_changed_a_rule_is_in_the_audit_log() {
    let plant = Plant::new().await;
    let rule = made(&plant, wanted("service.port == 1")).await;
    let change = RuleChange { expression: Some("service.port == 2".into()), ..RuleChange::default() };
    judging::update_rule(&plant.bench, &plant.caller, &rule.id, &change).await.unwrap();
    judging::delete_rule(&plant.bench, &plant.caller, &rule.id).await.unwrap();
    let filter = audit::AuditFilter { action: Some("rule".into()), ..audit::AuditFilter::default() };
    let page = audit::page(&plant.bench, &plant.caller, &filter, (None, 10, false)).await.unwrap();
    let mut acts: Vec<&str> = page.items.iter().map(|(_, entry)| entry.action.as_str()).collect();
    acts.sort_unstable();
    assert_eq!(acts, ["rule.created", "rule.deleted", "rule.updated"]);
    let updated = page.items.iter().find(|(_, entry)| entry.action == "rule.updated").unwrap();
    assert_eq!(updated.1.changes[0].after.as_deref(), Some("service.port == 2"));
}

#[tokio::test]
async fn a_crash_at_any_moment_leaves_no_rule_unapplied() {
    for call in 1..200 {
        let plant = silent().await;
        plant.bench.tables.fail_at(call, Fault::Lost);
        let before = plant.bench.tables.calls();
        let rule =
            judging::create_rule(&plant.bench, &plant.caller, wanted("service.product == 'App-webs'"), None).await;
        let _ = app::poll::tick(&plant.bench).await;
        let done = plant.bench.tables.calls() - before < call;
        plant.bench.tables.heal();
        plant.ticks(2).await;
        let rules = judging::rules(&plant.bench, &plant.caller).await.unwrap();
        let own = rules.iter().filter(|rule| matches!(rule, judging::RuleView::Own(_))).count();
        assert!(rule.is_err() || own == 1);
        let opened = plant.events().await.iter().filter(|e| e.kind == EventType::FindingOpened).count();
        assert_eq!(opened, own, "at call {call}");
        if done {
            return;
        }
    }
}
