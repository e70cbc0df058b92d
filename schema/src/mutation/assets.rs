use app::assets::{self as register, AssetDraft, AssetPatch, DeviceDraft, Selection};
use app::findings;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use crate::context::{UserError, app, bad_input, caller, fail, outcome, repeatable};
use crate::enums::{Criticality, ImportOutcome, OnExisting, UserErrorCode};
use crate::scalars::EmailAddress;
use crate::types::asset::{Asset, AssetFilter};
use crate::types::counts::int;

/// Changes of what is watched.
#[derive(Default)]
pub(super) struct AssetMutation;

/// What people write of a device.
#[derive(InputObject, Clone, Default)]
pub struct DeviceProfileInput {
    /// Who made it.
    vendor: Option<String>,
    /// The maker's name of it.
    model: Option<String>,
    /// What runs on it.
    firmware: Option<String>,
    /// Where it stands.
    site: Option<String>,
    /// Its serial number.
    serial_number: Option<String>,
    /// Its hardware address, as it is written on it.
    mac_address: Option<String>,
    /// What kind of device it is, such as camera.
    #[graphql(name = "type")]
    device_type: Option<String>,
}

impl From<DeviceProfileInput> for DeviceDraft {
    fn from(d: DeviceProfileInput) -> Self {
        Self {
            vendor: d.vendor,
            model: d.model,
            firmware: d.firmware,
            site: d.site,
            serial_number: d.serial_number,
            mac_address: d.mac_address,
            device_type: d.device_type,
        }
    }
}

/// The kind follows from the target: an address is a DEVICE, a CIDR a NETWORK (at most /16 or /112), a host name a DOMAIN,
/// anything else a Shodan QUERY when `query` is given instead.
#[derive(InputObject, Clone)]
pub struct CreateAssetInput {
    /// At most 200 characters; the target where nothing is said.
    name: Option<String>,
    /// An address, a network in CIDR notation, or a host name.
    target: Option<String>,
    /// A Shodan query, instead of a target.
    query: Option<String>,
    /// The device's profile.
    device: Option<DeviceProfileInput>,
    /// At most 50 labels.
    tags: Option<Vec<String>>,
    /// How much depends on it.
    #[graphql(default_with = "Some(Criticality::Medium)")]
    criticality: Option<Criticality>,
    /// Who answers for it.
    owner: Option<String>,
    /// Free text, at most 10 000 characters.
    notes: Option<String>,
    /// Seconds between polls, 300 to 2 592 000; null: as the organization says.
    poll_interval: Option<i32>,
    /// False: not polled for now.
    #[graphql(default_with = "Some(true)")]
    enabled: Option<bool>,
    /// Its id in somebody else's register; unique in the organization.
    external_id: Option<String>,
    /// How to reach the owner.
    owner_email: Option<EmailAddress>,
    /// Services that are meant to be there, such as 443/tcp.
    allowed_services: Option<Vec<String>>,
    /// The same id within 24 h gives the first answer again and does nothing twice. In an import the import's own counts.
    client_request_id: Option<String>,
}

impl From<CreateAssetInput> for AssetDraft {
    fn from(i: CreateAssetInput) -> Self {
        Self {
            name: i.name,
            target: i.target,
            query: i.query,
            device: i.device.unwrap_or_default().into(),
            tags: i.tags.unwrap_or_default(),
            criticality: i.criticality.unwrap_or(Criticality::Medium).into(),
            owner: i.owner,
            owner_email: i.owner_email.map(|e| e.0),
            external_id: i.external_id,
            notes: i.notes,
            allowed_services: i.allowed_services.unwrap_or_default(),
            poll_interval: i.poll_interval,
            enabled: i.enabled.unwrap_or(true),
        }
    }
}

/// A change of an asset: an absent field stays, null clears, a list replaces.
#[derive(InputObject)]
pub(super) struct UpdateAssetInput {
    /// Which asset.
    id: ID,
    /// What people call it.
    name: Option<String>,
    /// What is known of the device itself; as a whole.
    device: Option<DeviceProfileInput>,
    /// All its tags.
    tags: Option<Vec<String>>,
    /// How much depends on it.
    criticality: Option<Criticality>,
    /// Who answers for it; free text.
    owner: MaybeUndefined<String>,
    /// Whatever else there is to say.
    notes: MaybeUndefined<String>,
    /// Seconds between two polls; null: as the organization has it.
    poll_interval: MaybeUndefined<i32>,
    /// Is it watched?
    enabled: Option<bool>,
    /// A new address, network or host name of the same kind; findings stay until it was polled.
    target: Option<String>,
    /// A new Shodan query, for an asset that is one.
    query: Option<String>,
    /// Its id in a system of yours.
    external_id: MaybeUndefined<String>,
    /// Where its owner gets mail, where a channel says so.
    owner_email: MaybeUndefined<EmailAddress>,
    /// Ports that are meant to be open, such as 443/tcp.
    allowed_services: Option<Vec<String>>,
}

#[expect(clippy::option_option, reason = "absent, cleared and set are three things")]
pub(super) fn maybe<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// Many assets at once.
#[derive(InputObject)]
pub(super) struct ImportAssetsInput {
    /// At most 1 000 rows.
    assets: Option<Vec<CreateAssetInput>>,
    /// Or CSV with a header line.
    csv: Option<String>,
    /// What to do with a row whose target or external id is there already.
    #[graphql(default_with = "OnExisting::Reject")]
    on_existing: OnExisting,
    /// Only say what would become of each row.
    #[graphql(default = false)]
    dry_run: bool,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// Which assets to retire.
#[derive(InputObject)]
pub(super) struct RetireAssetsInput {
    /// These.
    ids: Option<Vec<ID>>,
    /// Or those that match.
    filter: Option<AssetFilter>,
    /// How many you expect: nothing happens when it is another number.
    expected_count: i32,
    /// Why, at most 1 000 characters.
    reason: String,
}

/// Which asset to ask about.
#[derive(InputObject)]
pub(super) struct RefreshAssetInput {
    /// Which.
    id: ID,
}

macro_rules! asset_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub(crate) struct $name {
            /// The asset; null when there are user errors.
            asset: Option<Asset>,
            /// What is wrong with the input.
            user_errors: Vec<UserError>,
        }
    };
}
asset_payload!(
    /// The new asset.
    CreateAssetPayload
);
asset_payload!(
    /// The changed asset.
    UpdateAssetPayload
);
asset_payload!(
    /// The asset that was asked about.
    RefreshAssetPayload
);

/// What became of each row.
#[derive(SimpleObject)]
pub(super) struct ImportAssetsPayload {
    /// One answer per row.
    results: Vec<ImportResult>,
    /// New assets.
    created: i32,
    /// Changed assets.
    updated: i32,
    /// Rows with faults.
    rejected: i32,
    /// What is wrong with the input as a whole.
    user_errors: Vec<UserError>,
}

/// What became of a row.
#[derive(SimpleObject)]
pub(super) struct ImportResult {
    /// Its number, from 1.
    row: i32,
    /// The asset; null when the row was rejected, and for new ones of a dry run.
    asset: Option<Asset>,
    /// What is wrong with the row.
    user_errors: Vec<UserError>,
    /// What became of it.
    outcome: ImportOutcome,
}

impl ImportResult {
    /// One for each row.
    pub(super) fn each(rows: Vec<register::Imported>) -> Vec<Self> {
        let one = |(number, row): (usize, register::Imported)| Self {
            row: int(number + 1),
            asset: row.asset.map(Asset::from),
            user_errors: row.faults.into_iter().map(UserError::from).collect(),
            outcome: row.outcome.into(),
        };
        rows.into_iter().enumerate().map(one).collect()
    }
}

/// What was retired.
#[derive(SimpleObject)]
pub(super) struct RetireAssetsPayload {
    /// These assets.
    retired_ids: Vec<ID>,
    /// So many findings were resolved as `ASSET_RETIRED`.
    findings_resolved: i32,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

fn missing(field: &str) -> UserError {
    UserError {
        code: UserErrorCode::NotFound,
        message: "no such asset".into(),
        field: Some(vec!["input".into(), field.into()]),
    }
}

/// Changes of what is watched.
#[Object]
impl AssetMutation {
    /// Registers an asset. It is polled at the next tick.
    async fn create_asset(&self, ctx: &Context<'_>, input: CreateAssetInput) -> Result<CreateAssetPayload> {
        let caller = caller(ctx)?;
        let client_request_id = input.client_request_id.clone();
        let draft = AssetDraft::from(input);
        let create = async {
            let request = repeatable(caller, "createAsset", client_request_id, &draft)?;
            register::create_once(app(ctx), caller, &draft, request.as_ref()).await
        };
        let (asset, user_errors) = outcome(create.await)?;
        Ok(CreateAssetPayload { asset: asset.map(Asset::from), user_errors })
    }
    /// Up to 1 000 at once; every row answers for itself, and the good ones are kept.
    async fn import_assets(&self, ctx: &Context<'_>, input: ImportAssetsInput) -> Result<ImportAssetsPayload> {
        let caller = caller(ctx)?;
        let rows: Vec<_> = match (input.assets, input.csv) {
            (Some(assets), None) => assets.into_iter().map(AssetDraft::from).map(Ok).collect(),
            (None, Some(csv)) => register::read_csv(&csv),
            _ => return Err(bad_input("give either assets or csv")),
        };
        let (on_existing, dry_run) = (input.on_existing.into(), input.dry_run);
        let import = async {
            let request = repeatable(caller, "importAssets", input.client_request_id, &(&rows, on_existing, dry_run))?;
            register::import_once(app(ctx), caller, rows, on_existing, dry_run, request.as_ref()).await
        };
        let (results, user_errors) = outcome(import.await)?;
        let results = ImportResult::each(results.unwrap_or_default());
        let of = |wanted| int(results.iter().filter(|r| r.outcome == wanted).count());
        let (created, updated, rejected) =
            (of(ImportOutcome::Created), of(ImportOutcome::Updated), of(ImportOutcome::Rejected));
        Ok(ImportAssetsPayload { results, created, updated, rejected, user_errors })
    }
    /// Changes an asset: an absent field stays, null clears, a list replaces.
    async fn update_asset(&self, ctx: &Context<'_>, input: UpdateAssetInput) -> Result<UpdateAssetPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            return Ok(UpdateAssetPayload { asset: None, user_errors: vec![missing("id")] });
        };
        let patch = AssetPatch {
            name: input.name,
            target: input.target,
            query: input.query,
            device: input.device.map(DeviceDraft::from),
            tags: input.tags,
            criticality: input.criticality.map(Into::into),
            owner: maybe(input.owner),
            owner_email: maybe(input.owner_email).map(|e| e.map(|e| e.0)),
            external_id: maybe(input.external_id),
            notes: maybe(input.notes),
            allowed_services: input.allowed_services,
            poll_interval: maybe(input.poll_interval),
            enabled: input.enabled,
        };
        let (asset, user_errors) = outcome(register::update(app(ctx), caller, &id, &patch).await)?;
        Ok(UpdateAssetPayload { asset: asset.map(Asset::from), user_errors })
    }
    /// Ends polling at once, resolves the findings as `ASSET_RETIRED` and keeps everything readable.
    async fn retire_assets(&self, ctx: &Context<'_>, input: RetireAssetsInput) -> Result<RetireAssetsPayload> {
        let caller = caller(ctx)?;
        let expected = usize::try_from(input.expected_count).map_err(|_| bad_input("expectedCount is negative"))?;
        let selection = match (input.ids, input.filter) {
            (Some(ids), None) => {
                let parsed: Option<Vec<_>> = ids.iter().map(|id| id.parse().ok()).collect();
                let Some(ids) = parsed else {
                    return Ok(RetireAssetsPayload {
                        retired_ids: Vec::new(),
                        findings_resolved: 0,
                        user_errors: vec![missing("ids")],
                    });
                };
                Selection::Ids(ids)
            }
            (None, Some(filter)) => Selection::Filter(Box::new(filter.into())),
            _ => return Err(bad_input("give either ids or a filter")),
        };
        let app = app(ctx);
        let (ids, user_errors) = outcome(register::retire(app, caller, selection, expected, &input.reason).await)?;
        let ids = ids.unwrap_or_default();
        let findings_resolved = findings::ended_with(app, caller, &ids).await.map_err(fail)?;
        let findings_resolved = int(findings_resolved as usize);
        let retired_ids = ids.into_iter().map(|id| id.to_string().into()).collect();
        Ok(RetireAssetsPayload { retired_ids, findings_resolved, user_errors })
    }
    /// Ask the source now instead of at the next due time.
    async fn refresh_asset(&self, ctx: &Context<'_>, input: RefreshAssetInput) -> Result<RefreshAssetPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            return Ok(RefreshAssetPayload { asset: None, user_errors: vec![missing("id")] });
        };
        let (asset, user_errors) = outcome(app::poll::refresh(app(ctx), caller, &id).await)?;
        Ok(RefreshAssetPayload { asset: asset.map(Asset::from), user_errors })
    }
}
