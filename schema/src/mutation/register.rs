use app::assets::{self as register, AssetsPatch, Selection};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use super::assets::maybe;
use super::ids::Ids;
use crate::context::{UserError, app, bad_input, caller, fail};
use crate::enums::Criticality;
use crate::scalars::EmailAddress;
use crate::types::asset::AssetFilter;
use crate::types::counts::int;

/// Changes of many assets at once.
#[derive(Default)]
pub(super) struct RegisterMutation;

/// The same change for many assets: an absent field stays, null clears.
#[derive(InputObject)]
pub(super) struct UpdateAssetsInput {
    /// These, at most 1 000.
    ids: Option<Vec<ID>>,
    /// Or those that match, at most 1 000.
    filter: Option<AssetFilter>,
    /// How many you expect: nothing happens when it is another number.
    expected_count: i32,
    /// Labels that they get.
    add_tags: Option<Vec<String>>,
    /// Labels that they lose.
    remove_tags: Option<Vec<String>>,
    /// Who answers for them.
    owner: MaybeUndefined<String>,
    /// How to reach the owner.
    owner_email: MaybeUndefined<EmailAddress>,
    /// How much depends on them.
    criticality: Option<Criticality>,
    /// Seconds between polls, 300 to 2 592 000; null: as the organization says.
    poll_interval: MaybeUndefined<i32>,
    /// False: not polled for now.
    enabled: Option<bool>,
}

/// What was changed.
#[derive(SimpleObject)]
pub(super) struct UpdateAssetsPayload {
    /// Those that are other than before.
    updated_ids: Vec<ID>,
    /// What is wrong with the input; each id answers for itself.
    user_errors: Vec<UserError>,
}

/// Which assets to delete.
#[derive(InputObject)]
pub(super) struct DeleteAssetsInput {
    /// Retired ones, at most 1 000.
    ids: Vec<ID>,
}

/// What was deleted.
#[derive(SimpleObject)]
pub(super) struct DeleteAssetsPayload {
    /// These.
    deleted_ids: Vec<ID>,
    /// What is wrong with the input; each id answers for itself.
    user_errors: Vec<UserError>,
}

/// Which assets to ask about.
#[derive(InputObject)]
pub(super) struct RefreshAssetsInput {
    /// At most 1 000.
    ids: Vec<ID>,
}

/// What is asked about next.
#[derive(SimpleObject)]
pub(super) struct RefreshAssetsPayload {
    /// So many assets are due now.
    queued: i32,
    /// What is wrong with the input; each id answers for itself.
    user_errors: Vec<UserError>,
}

const MISSING: &str = "no such asset";

/// The outcome of a list of ids, with the faults where the client wrote them.
fn each<T: Default>(
    done: std::result::Result<(T, Vec<app::UserError>), app::Error>,
    ids: Ids<domain::ids::AssetId>,
) -> Result<(T, Vec<UserError>)> {
    match done {
        Ok((done, faults)) => Ok((done, ids.faults(faults))),
        Err(app::Error::User(faults)) => Ok((T::default(), ids.faults(faults))),
        Err(other) => Err(fail(other)),
    }
}

fn texts(ids: Vec<domain::ids::AssetId>) -> Vec<ID> {
    ids.into_iter().map(|id| id.to_string().into()).collect()
}

/// Changes of many assets at once.
#[Object]
impl RegisterMutation {
    /// Changes many assets in the same way; every changed asset has its event.
    async fn update_assets(&self, ctx: &Context<'_>, input: UpdateAssetsInput) -> Result<UpdateAssetsPayload> {
        let caller = caller(ctx)?;
        let expected = usize::try_from(input.expected_count).map_err(|_| bad_input("expectedCount is negative"))?;
        let mut ids = Ids::read("ids", input.ids.as_deref().unwrap_or_default(), MISSING);
        // What no id can be was counted by the client all the same.
        let expected = expected.saturating_sub(ids.refused());
        let selection = match (&input.ids, input.filter) {
            (Some(_), None) => Selection::Ids(std::mem::take(&mut ids.good)),
            (None, Some(filter)) => Selection::Filter(Box::new(filter.into())),
            _ => return Err(bad_input("give either ids or a filter")),
        };
        let patch = AssetsPatch {
            add_tags: input.add_tags.unwrap_or_default(),
            remove_tags: input.remove_tags.unwrap_or_default(),
            owner: maybe(input.owner),
            owner_email: maybe(input.owner_email).map(|e| e.map(|e| e.0)),
            criticality: input.criticality.map(Into::into),
            poll_interval: maybe(input.poll_interval),
            enabled: input.enabled,
        };
        let done = register::update_many(app(ctx), caller, selection, expected, &patch).await;
        let (updated, user_errors) = each(done, ids)?;
        Ok(UpdateAssetsPayload { updated_ids: texts(updated), user_errors })
    }
    /// Destroys retired assets with their services and findings; what events said stays. For OWNERs.
    async fn delete_assets(&self, ctx: &Context<'_>, input: DeleteAssetsInput) -> Result<DeleteAssetsPayload> {
        let ids = Ids::read("ids", &input.ids, MISSING);
        let (deleted, user_errors) = each(register::delete(app(ctx), caller(ctx)?, &ids.good).await, ids)?;
        Ok(DeleteAssetsPayload { deleted_ids: texts(deleted), user_errors })
    }
    /// Asks about assets at the next tick instead of at their due times.
    async fn refresh_assets(&self, ctx: &Context<'_>, input: RefreshAssetsInput) -> Result<RefreshAssetsPayload> {
        let ids = Ids::read("ids", &input.ids, MISSING);
        let (queued, user_errors) = each(app::poll::refresh_many(app(ctx), caller(ctx)?, &ids.good).await, ids)?;
        Ok(RefreshAssetsPayload { queued: int(queued), user_errors })
    }
}
