//! What can be asked. Each field is one call of a use case.

mod assets;
mod audit;
mod findings;
mod nodes;
mod notifications;
mod people;
mod shodan;

use async_graphql::MergedObject;

/// The root of all questions.
#[derive(MergedObject, Default)]
pub struct Query(
    nodes::Nodes,
    people::PeopleQuery,
    audit::AuditQuery,
    assets::AssetQuery,
    findings::FindingQuery,
    notifications::NotificationQuery,
    shodan::ShodanQuery,
);
