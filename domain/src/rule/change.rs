//! The two rules about what is new, which the engine judges by when services were first seen (`crate::wanted`).

use super::{Category, Condition, Rule, RuleId, Select};
use crate::severity::{Confidence, Severity};

/// A service appeared.
pub const NEW_SERVICE: &str = "rule_new-service";
/// Many services appeared at once.
pub const MANY_NEW_SERVICES: &str = "rule_many-new-services";

/// Their expressions are for display.
pub(super) fn rules() -> Vec<Rule> {
    let new = (
        NEW_SERVICE,
        "A new service is reachable from the Internet",
        Severity::Low,
        "The service was not there when the asset was first looked at. For two weeks it counts as new, unless it is on \
         the asset's list of services that are meant to be there.",
        "service.appeared within 14 days",
        "Find out who opened the service and why. If it is meant to be there, put it on the asset's list or resolve \
         this finding; else close it.",
    );
    let many = (
        MANY_NEW_SERVICES,
        "Many new services are reachable from the Internet",
        Severity::High,
        "Ten or more services of one host appeared within a week: a firewall was opened or fell, the address belongs \
         to somebody else now, or something answers on every port.",
        "services that appeared within 7 days >= 10",
        "Check the firewall in front of the host and its last changes. If the address has a new owner, give the asset \
         its new one.",
    );
    [new, many].into_iter().filter_map(engine).collect()
}

type Words = (&'static str, &'static str, Severity, &'static str, &'static str, &'static str);

fn engine((id, name, severity, description, shown, remediation): Words) -> Option<Rule> {
    Some(Rule {
        id: RuleId::parse(id)?,
        name: name.into(),
        version: 1,
        category: Category::Change,
        severity,
        confidence: Confidence::Verified,
        description: description.into(),
        condition: Condition::Engine(shown.into()),
        select: Select::default(),
        overrides: Vec::new(),
        cves: Vec::new(),
        evidence: vec!["service.port".into(), "service.transport".into()],
        remediation: remediation.into(),
        references: vec!["https://www.cisecurity.org/controls/inventory-and-control-of-software-assets".into()],
        built_in: true,
        enabled: true,
    })
}
