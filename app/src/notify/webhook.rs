use domain::ids::OrgId;

use super::channel::{Channel, ChannelKind};
use super::delivery::Delivery;
use super::outcome::Outcome;
use super::secret::{self, Field};
use crate::App;
use crate::ports::{StoreError, WebhookRequest};

/// Makes one signed request.
pub(super) async fn send(app: &App, org: &OrgId, channel: &Channel, delivery: &Delivery) -> Outcome {
    let at = app.now();
    let number = delivery.next_number();
    match request(app, org, channel, delivery) {
        Ok(request) => Outcome::of_request(app.webhooks.send(request).await, number, at),
        Err(error) => {
            tracing::error!(channel = %channel.id, %error, "a delivery cannot be signed");
            Outcome::unopened("the channel's secret", number, at)
        }
    }
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
