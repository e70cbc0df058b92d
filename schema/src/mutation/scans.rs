use app::scans::{ScanWish, request_scan};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::ids::{AssetId, FindingId};

use super::ids::Ids;
use crate::context::{UserError, app, caller, outcome, question, repeatable};
use crate::types::scan::Scan;

/// Scans on request.
#[derive(Default)]
pub(super) struct ScanMutation;

/// What is to be looked at anew.
#[derive(InputObject, Debug)]
pub(super) struct RequestScanInput {
    /// All addresses of these assets, on every port that Shodan crawls.
    asset_ids: Option<Vec<ID>>,
    /// The services of these findings. With findings alone, only their ports are looked at.
    finding_ids: Option<Vec<ID>>,
    /// Scan credits that it may cost at most: one for each address, at most 1 000.
    max_credits: i32,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// The scan. Ask for it by `node` until it is DONE or FAILED.
#[derive(SimpleObject)]
pub(super) struct RequestScanPayload {
    /// The scan; null when there are user errors.
    scan: Option<Scan>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

#[Object]
impl ScanMutation {
    /// Has Shodan look at assets or findings anew, for scan credits. It is followed to its end by itself.
    async fn request_scan(&self, ctx: &Context<'_>, input: RequestScanInput) -> Result<RequestScanPayload> {
        let caller = caller(ctx)?;
        question(ctx)?;
        let asked = format!("{:?}", (&input.asset_ids, &input.finding_ids, input.max_credits));
        let assets = Ids::<AssetId>::read("assetIds", &input.asset_ids.unwrap_or_default(), "no such asset");
        let findings = Ids::<FindingId>::read("findingIds", &input.finding_ids.unwrap_or_default(), "no such finding");
        if assets.refused() + findings.refused() > 0 {
            let user_errors = assets.faults(Vec::new()).into_iter().chain(findings.faults(Vec::new())).collect();
            return Ok(RequestScanPayload { scan: None, user_errors });
        }
        let wish = ScanWish { assets: assets.good, findings: findings.good, max_credits: input.max_credits };
        let scanned = async {
            let request = repeatable(caller, "requestScan", input.client_request_id, &asked)?;
            request_scan(app(ctx), caller, &wish, request.as_ref()).await
        };
        let (scan, user_errors) = outcome(scanned.await)?;
        Ok(RequestScanPayload { scan: scan.map(Scan), user_errors })
    }
}
