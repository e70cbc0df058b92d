use domain::ids::OrgId;

use super::channel::{Channel, ChannelKind};
use super::delivery::{AttemptRecord, Delivery};
use super::outcome::{Ending, Outcome};
use super::secret::{self, Field};
use crate::App;
use crate::ports::{AttemptError, StoreError, WebhookRequest};

/// The receiver is gone for good.
const GONE: u16 = 410;

/// Makes one signed request.
pub(super) async fn send(app: &App, org: &OrgId, channel: &Channel, delivery: &Delivery) -> Outcome {
    let at = app.now();
    let number = delivery.next_number();
    let request = match request(app, org, channel, delivery) {
        Ok(request) => request,
        Err(error) => {
            // The key may come back, so this is tried again like any failure.
            tracing::error!(channel = %channel.id, %error, "a delivery cannot be signed");
            let excerpt = Some("The request could not be signed: the channel's secret does not open.".into());
            let record = AttemptRecord {
                number,
                at,
                duration_ms: 0,
                status: None,
                error: Some(AttemptError::Connect),
                excerpt,
                recipient: None,
            };
            return Outcome {
                result: Ending::Failed { retry_after: None },
                records: vec![record],
                recipients: Vec::new(),
                body: None,
            };
        }
    };
    let attempt = app.webhooks.send(request).await;
    let result = match (attempt.error, attempt.status) {
        (None, _) => Ending::Delivered,
        (Some(_), Some(GONE)) => Ending::Gone,
        (Some(_), _) => Ending::Failed { retry_after: attempt.retry_after },
    };
    let record = AttemptRecord {
        number,
        at,
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        error: attempt.error,
        excerpt: attempt.excerpt,
        recipient: None,
    };
    Outcome { result, records: vec![record], recipients: Vec::new(), body: None }
}

fn request(app: &App, org: &OrgId, channel: &Channel, delivery: &Delivery) -> Result<WebhookRequest, StoreError> {
    let ChannelKind::Webhook { url, headers_sealed, .. } = &channel.kind else {
        return Err(StoreError::Corrupt("a request to a channel that is no webhook".into()));
    };
    let headers = match headers_sealed {
        Some(sealed) => {
            let text = secret::open(app, org, &channel.id, Field::Headers, sealed)?;
            serde_json::from_slice(&text).map_err(|_| StoreError::Corrupt("a channel's headers".into()))?
        }
        None => Vec::new(),
    };
    Ok(WebhookRequest {
        url: url.clone(),
        id: delivery.id.to_string(),
        timestamp: app.now().as_second(),
        body: delivery.body.clone(),
        keys: secret::signing(app, org, &channel.id, &channel.kind)?,
        headers,
    })
}
