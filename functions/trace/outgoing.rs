use std::sync::Arc;

use app::ports::{Attempt, WebhookRequest, Webhooks};
use async_trait::async_trait;

use super::context::TRACEPARENT;

/// Webhooks that carry the trace out: a receiver finds in its own records what made us call.
pub struct TracedWebhooks(Arc<dyn Webhooks>);

impl TracedWebhooks {
    /// Stands in front of `webhooks`.
    pub fn new(webhooks: Arc<dyn Webhooks>) -> Self {
        Self(webhooks)
    }
}

#[async_trait]
impl Webhooks for TracedWebhooks {
    fn check(&self, url: &str) -> Result<(), String> {
        self.0.check(url)
    }

    fn check_header(&self, name: &str, value: &str) -> Result<(), String> {
        self.0.check_header(name, value)
    }

    fn public_key(&self, seed: &[u8; 32]) -> String {
        self.0.public_key(seed)
    }

    async fn send(&self, mut request: WebhookRequest) -> Attempt {
        let own = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRACEPARENT.as_str()));
        if let Some(context) = super::current().filter(|_| !own) {
            request.headers.push((TRACEPARENT.as_str().to_owned(), context.to_string()));
        }
        self.0.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::outside::SystemIds;

    #[derive(Default)]
    struct Kept(Mutex<Vec<WebhookRequest>>);

    #[async_trait]
    impl Webhooks for Kept {
        fn check(&self, _: &str) -> Result<(), String> {
            Ok(())
        }

        fn check_header(&self, _: &str, _: &str) -> Result<(), String> {
            Ok(())
        }

        fn public_key(&self, _: &[u8; 32]) -> String {
            String::new()
        }

        async fn send(&self, request: WebhookRequest) -> Attempt {
            self.0.lock().unwrap().push(request);
            Attempt {
                status: Some(200),
                duration_ms: 1,
                error: None,
                excerpt: None,
                retry_after: None,
                directive: None,
            }
        }
    }

    fn request(headers: &[(&str, &str)]) -> WebhookRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (url, id, body) = ("https://example.com".into(), "d".into(), "{}".into());
        WebhookRequest { url, id, timestamp: 0, body, keys: Vec::new(), headers }
    }

    #[tokio::test]
    async fn what_is_sent_within_a_trace_carries_it_unless_the_channel_has_its_own() {
        let kept = Arc::new(Kept::default());
        let webhooks = TracedWebhooks::new(Arc::clone(&kept) as _);
        webhooks.send(request(&[])).await;
        let work = async {
            webhooks.send(request(&[])).await;
            webhooks.send(request(&[("Traceparent", "theirs")])).await;
            crate::trace::current().unwrap().trace_id()
        };
        let trace = crate::trace::begin(&SystemIds, "a test", work).await;
        let sent: Vec<_> = kept.0.lock().unwrap().iter().map(|request| request.headers.clone()).collect();
        assert!(sent[0].is_empty());
        assert_eq!((sent[1].len(), sent[1][0].0.as_str()), (1, "traceparent"));
        assert!(sent[1][0].1.contains(&trace));
        assert_eq!(sent[2], [("Traceparent".to_owned(), "theirs".to_owned())]);
    }
}
