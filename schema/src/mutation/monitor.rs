use app::monitor::import_alerts;
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::assets::ImportResult;
use crate::context::{UserError, app, caller, outcome, question, repeatable};
use crate::types::channel::NotificationChannel;
use crate::types::policy::TriagePolicy;

/// Shodan Monitor.
#[derive(Default)]
pub(super) struct MonitorMutation;

/// How to take over the alerts of the organization's own Shodan account.
#[derive(InputObject, Debug)]
pub(super) struct ImportShodanAlertsInput {
    /// Only tell what would be done.
    #[graphql(default = true)]
    dry_run: bool,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// What came along, or would.
#[derive(SimpleObject)]
pub(super) struct ImportShodanAlertsPayload {
    /// An answer for each network and domain.
    assets: Vec<ImportResult>,
    /// The channels that were made; none of a dry run. Webhooks and chats are switched off until somebody switches them
    /// on, and recipients of mails are asked first.
    channels: Vec<NotificationChannel>,
    /// The channels that were to be made, in words.
    planned_channels: Vec<String>,
    /// The triage policies that were made of services that alerts ignore, for a year; none of a dry run.
    triage_policies: Vec<TriagePolicy>,
    /// The triage policies that were to be made, in words.
    planned_policies: Vec<String>,
    /// What did not come along, and why: notifiers of other kinds, channels that are there.
    not_imported: Vec<String>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

#[Object]
impl MonitorMutation {
    /// Takes over the alerts of the organization's own Shodan account: networks and domains become assets that bear
    /// the name of their alert as a tag, notifiers become channels about those tags, and services that are ignored become
    /// triage policies. What is there is left as it is.
    async fn import_shodan_alerts(
        &self,
        ctx: &Context<'_>,
        input: ImportShodanAlertsInput,
    ) -> Result<ImportShodanAlertsPayload> {
        let caller = caller(ctx)?;
        question(ctx)?;
        let import = async {
            let request = repeatable(caller, "importShodanAlerts", input.client_request_id, &input.dry_run)?;
            import_alerts(app(ctx), caller, input.dry_run, request.as_ref()).await
        };
        let (moved, user_errors) = outcome(import.await)?;
        let moved = moved.unwrap_or_default();
        Ok(ImportShodanAlertsPayload {
            assets: ImportResult::each(moved.assets),
            channels: moved.channels.into_iter().map(NotificationChannel::from).collect(),
            planned_channels: moved.planned,
            triage_policies: moved.policies.into_iter().map(TriagePolicy).collect(),
            planned_policies: moved.planned_policies,
            not_imported: moved.left,
            user_errors,
        })
    }
}
