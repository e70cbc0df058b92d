//! What can be changed. Each mutation takes one `input` and gives the changed object or null, and `userErrors`.

mod assets;
mod deliveries;
mod findings;
mod ids;
mod monitor;
mod notifications;
mod organization;
mod people;
mod policies;
mod profile;
mod register;
mod rules;
mod scans;
mod session;
mod tokens;
mod trigger;

use async_graphql::MergedObject;

/// The root of all changes.
#[derive(MergedObject, Default)]
pub struct Mutation(
    people::PeopleMutation,
    profile::ProfileMutation,
    organization::OrganizationMutation,
    tokens::TokenMutation,
    assets::AssetMutation,
    register::RegisterMutation,
    findings::FindingMutation,
    rules::RuleMutation,
    policies::PolicyMutation,
    notifications::NotificationMutation,
    deliveries::DeliveryMutation,
    scans::ScanMutation,
    monitor::MonitorMutation,
);
