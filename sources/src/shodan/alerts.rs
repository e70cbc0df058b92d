use std::collections::BTreeMap;

use app::ports::{Alert, AlertTrigger, Alerts, Ignored, Notifier, Push, PushStream, SourceError, SourceKey, Streamed};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::observation::DataSource;
use ipnet::IpNet;
use ring::hmac;
use shodan_client::banner::{Banner, Context};
use shodan_client::lenient::repaired;
use shodan_client::rest;
use shodan_client::stream::{Feed, Item, Stream, StreamOptions};

use super::read::read_search_page;
use super::source_error;
use crate::Sources;

const NO_KEY: &str = "only Shodan itself, with a key, has alerts";
/// For ever.
const NEVER: u64 = 0;

#[async_trait]
impl Alerts for Sources {
    async fn alerts(&self, key: &SourceKey) -> Result<Vec<Alert>, SourceError> {
        let all = self.shodan(key, NO_KEY)?.alerts(false).await.map_err(source_error)?;
        Ok(all.into_iter().map(alert).collect())
    }

    async fn triggers(&self, key: &SourceKey) -> Result<Vec<String>, SourceError> {
        let all = self.shodan(key, NO_KEY)?.triggers().await.map_err(source_error)?;
        Ok(all.into_iter().map(|trigger| trigger.name).collect())
    }

    async fn create(&self, key: &SourceKey, name: &str, networks: &[IpNet]) -> Result<Alert, SourceError> {
        self.shodan(key, NO_KEY)?.create_alert(name, networks, NEVER).await.map(alert).map_err(source_error)
    }

    async fn edit(&self, key: &SourceKey, id: &str, networks: &[IpNet]) -> Result<(), SourceError> {
        self.shodan(key, NO_KEY)?.edit_alert(id, networks).await.map(drop).map_err(source_error)
    }

    async fn delete(&self, key: &SourceKey, id: &str) -> Result<(), SourceError> {
        self.shodan(key, NO_KEY)?.delete_alert(id).await.map_err(source_error)
    }

    async fn enable(&self, key: &SourceKey, id: &str, triggers: &[&str]) -> Result<(), SourceError> {
        self.shodan(key, NO_KEY)?.enable_triggers(id, triggers).await.map_err(source_error)
    }

    async fn notifiers(&self, key: &SourceKey) -> Result<Vec<Notifier>, SourceError> {
        let all = self.shodan(key, NO_KEY)?.notifiers().await.map_err(source_error)?;
        let notifier = |one: rest::Notifier| Notifier {
            id: one.id,
            provider: one.provider,
            description: one.description,
            args: one.args,
        };
        Ok(all.into_iter().map(notifier).collect())
    }

    async fn create_webhook(&self, key: &SourceKey, description: &str, url: &str) -> Result<String, SourceError> {
        let args = BTreeMap::from([("url".to_owned(), url.to_owned())]);
        self.shodan(key, NO_KEY)?.create_notifier("webhook", Some(description), &args).await.map_err(source_error)
    }

    async fn delete_notifier(&self, key: &SourceKey, id: &str) -> Result<(), SourceError> {
        self.shodan(key, NO_KEY)?.delete_notifier(id).await.map_err(source_error)
    }

    async fn attach(&self, key: &SourceKey, alert: &str, notifier: &str) -> Result<(), SourceError> {
        self.shodan(key, NO_KEY)?.attach_notifier(alert, notifier).await.map_err(source_error)
    }

    async fn listen(&self, key: &SourceKey) -> Result<Box<dyn PushStream>, SourceError> {
        if !self.streams {
            return Err(SourceError::Rejected("this program was given no address of Shodan's streams".into()));
        }
        let stream = self.shodan(key, NO_KEY)?.stream(&Feed::Alerts, StreamOptions::default()).await;
        Ok(Box::new(Listening(stream.map_err(source_error)?)))
    }

    fn signed(&self, key: &SourceKey, body: &[u8], signature: &str) -> bool {
        let SourceKey::Shodan(secret) = key else { return false };
        let hex = || (0..signature.len()).step_by(2).map(|n| u8::from_str_radix(signature.get(n..n + 2)?, 16).ok());
        let signature = match signature.len() {
            40 => hex().collect::<Option<Vec<u8>>>(),
            _ => STANDARD.decode(signature).ok(),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        signature.is_some_and(|signature| hmac::verify(&key, body, &signature).is_ok())
    }

    fn read_push(&self, body: &[u8]) -> Option<Push> {
        let text = repaired(body);
        let raw = serde_json::from_str(&text).ok()?;
        pushed(Banner::read(raw, &Context::default()).ok()?)
    }
}

/// A stream in the port's words.
struct Listening(Stream);

#[async_trait]
impl PushStream for Listening {
    async fn next(&mut self) -> Result<Option<Streamed>, SourceError> {
        Ok(self.0.next().await.map_err(source_error)?.map(|item| match item {
            Item::Heartbeat => Streamed::Heartbeat,
            Item::Refused(refused) => Streamed::Unreadable(refused.reason.to_string()),
            Item::Banner(banner) => match pushed(*banner) {
                Some(push) => Streamed::Push(Box::new(push)),
                None => Streamed::Unreadable("it is no observation".into()),
            },
        }))
    }
}

fn pushed(banner: Banner) -> Option<Push> {
    let page = read_search_page(format!(r#"{{"matches":[{}],"total":1}}"#, banner.raw.get()).as_bytes()).ok()?;
    let mut seen = page.hosts.into_iter().next()?;
    seen.source = DataSource::ShodanAlert;
    let (alert, trigger) = banner.alert.map(|mark| (mark.id, mark.trigger)).unzip();
    Some(Push { seen, id: banner.id, alert, trigger: trigger.flatten() })
}

fn alert(one: rest::Alert) -> Alert {
    let ignored = |service: rest::IgnoredService| Ignored { ip: service.ip, port: service.port, cves: service.cves };
    let trigger = |enabled: rest::EnabledTrigger| AlertTrigger {
        name: enabled.name,
        ignored: enabled.ignored.into_iter().map(ignored).collect(),
    };
    Alert {
        id: one.id,
        name: one.name,
        networks: one.networks,
        created: one.created,
        expires: one.expiration,
        triggers: one.triggers.into_iter().map(trigger).collect(),
        notifiers: one.notifiers,
    }
}
