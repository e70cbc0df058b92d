//! What can be changed. Each mutation takes one `input` and gives the changed object or null, and `userErrors`.

mod assets;
mod findings;
mod ids;
mod notifications;
mod people;
mod register;

use async_graphql::MergedObject;

/// The root of all changes.
#[derive(MergedObject, Default)]
pub struct Mutation(
    people::PeopleMutation,
    assets::AssetMutation,
    register::RegisterMutation,
    findings::FindingMutation,
    notifications::NotificationMutation,
);
