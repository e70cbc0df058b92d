//! What can be changed. Each mutation takes one `input` and gives the changed object or null, and `userErrors`.

mod assets;
mod findings;
mod notifications;
mod organization;
mod people;
mod profile;
mod session;
mod tokens;

use async_graphql::MergedObject;

/// The root of all changes.
#[derive(MergedObject, Default)]
pub struct Mutation(
    people::PeopleMutation,
    profile::ProfileMutation,
    organization::OrganizationMutation,
    tokens::TokenMutation,
    assets::AssetMutation,
    findings::FindingMutation,
    notifications::NotificationMutation,
);
