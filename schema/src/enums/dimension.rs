//! The words of grouping.

use async_graphql::Enum;

/// By what findings are grouped. A finding that has no value is in the group with an empty text.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::findings::Dimension")]
pub enum FindingDimension {
    /// Severity.
    Severity,
    /// Owner of the asset.
    Owner,
    /// Site of the asset.
    Site,
    /// Id of the asset.
    Asset,
    /// The asset's network: itself, or the smallest registered one that holds it.
    Network,
    /// Tag of the asset; a finding is in the group of each.
    Tag,
    /// CVE; a finding is in the group of each.
    Cve,
    /// Id of the rule.
    Rule,
    /// Category.
    Category,
    /// Port.
    Port,
    /// Product of the service.
    Product,
    /// Id of who works on it.
    Assignee,
    /// Why it was resolved.
    Resolution,
}
