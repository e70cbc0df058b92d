use std::collections::BTreeSet;

use domain::event::EventType;
use domain::trigger::Trigger;

use super::import::label;
use crate::access::Caller;
use crate::notify::{
    self, Channel, MOST_CHANNELS, NewChat, NewEmail, NewWebhook, create_chat, create_email, create_webhook,
    usual_for_people,
};
use crate::ports::{Alert, ChatService, Notifier};
use crate::{App, Error};

/// A channel that takes a notifier's place.
pub(super) struct Planned {
    name: String,
    labels: Vec<String>,
    /// Also services that are no findings.
    services: bool,
    way: Way,
}

enum Way {
    Mail(Vec<String>),
    Slack(String),
    PagerDuty(String),
    Webhook(String),
}

impl Planned {
    /// In words, without the address, which is often a secret.
    pub(super) fn describe(&self) -> String {
        let way = match &self.way {
            Way::Mail(to) => format!("e-mail to {}", to.join(", ")),
            Way::Slack(_) => "Slack".into(),
            Way::PagerDuty(_) => "PagerDuty".into(),
            Way::Webhook(_) => "webhook".into(),
        };
        format!("{way} {:?} about {}", self.name, self.labels.join(", "))
    }

    fn trigger(&self) -> Trigger {
        use EventType::{FindingOpened, FindingReopened, FindingResolved, HostAppeared, ServiceOpened};
        let mut event_types = vec![FindingOpened, FindingReopened, FindingResolved];
        if self.services {
            event_types.extend([ServiceOpened, HostAppeared]);
        }
        let usual = match self.way {
            Way::Mail(_) | Way::Slack(_) => usual_for_people(),
            Way::PagerDuty(_) | Way::Webhook(_) => Trigger::default(),
        };
        Trigger { event_types, asset_tags: self.labels.clone(), ..usual }
    }
}

/// The channels that notifiers call for, and those that none can take the place of.
pub(super) fn planned(app: &App, alerts: &[Alert], notifiers: &[Notifier]) -> (Vec<Planned>, Vec<String>) {
    let (mut planned, mut left) = (Vec::new(), Vec::new());
    for notifier in notifiers {
        let name = notifier.description.clone().filter(|d| !d.trim().is_empty());
        let name = format!("Shodan: {}", name.unwrap_or_else(|| format!("{} {}", notifier.provider, notifier.id)));
        let told: Vec<&Alert> = alerts.iter().filter(|a| a.notifiers.contains(&notifier.id)).collect();
        let labels: BTreeSet<String> = told.iter().map(|alert| label(alert)).collect();
        let arg = |name: &str| notifier.args.get(name).cloned().filter(|value| !value.trim().is_empty());
        let ours = format!("{}/hooks/shodan/", app.settings.public_url);
        let way = match notifier.provider.as_str() {
            "webhook" if arg("url").is_some_and(|url| url.starts_with(&ours)) => continue,
            "webhook" => arg("url").map(Way::Webhook),
            "slack" => arg("webhook_url").map(Way::Slack),
            "pagerduty" => arg("routing_key").map(Way::PagerDuty),
            "email" => arg("to").map(|to| Way::Mail(to.split(',').map(|one| one.trim().to_owned()).collect())),
            _ => None,
        };
        match way {
            None => left.push(format!("{name}: there is no channel of the kind {}", notifier.provider)),
            Some(_) if labels.is_empty() => left.push(format!("{name}: no alert uses it")),
            Some(way) => {
                let triggers = || told.iter().flat_map(|alert| &alert.triggers);
                let services = triggers().any(|trigger| ["any", "new_service"].contains(&trigger.name.as_str()));
                let name = name.chars().take(200).collect();
                planned.push(Planned { name, labels: labels.into_iter().collect(), services, way });
            }
        }
    }
    (planned, left)
}

/// Makes the channels that are not there yet. Machines and chats begin switched off, and recipients of mails are asked.
pub(super) async fn make(
    app: &App,
    caller: &Caller,
    planned: Vec<Planned>,
) -> Result<(Vec<Channel>, Vec<String>), Error> {
    let known = notify::channels(app, caller).await?;
    let (mut made, mut left) = (Vec::new(), Vec::new());
    for plan in planned {
        if known.iter().any(|channel| channel.name == plan.name) {
            left.push(format!("{}: there is a channel of this name", plan.describe()));
            continue;
        }
        if known.len() + made.len() >= MOST_CHANNELS {
            left.push(format!("{}: there are {MOST_CHANNELS} channels already", plan.describe()));
            continue;
        }
        let words = plan.describe();
        match create(app, caller, plan).await {
            Ok(channel) => made.push(channel),
            Err(Error::User(faults)) => {
                let why: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
                left.push(format!("{words}: {}", why.join("; ")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((made, left))
}

async fn create(app: &App, caller: &Caller, plan: Planned) -> Result<Channel, Error> {
    let trigger = Some(plan.trigger());
    let name = plan.name;
    let chat = |service, url, routing_key| NewChat {
        name: name.clone(),
        service,
        url,
        routing_key,
        trigger: trigger.clone(),
        client_request_id: None,
        switched_off: true,
    };
    match plan.way {
        Way::Mail(recipients) => {
            let new = NewEmail { name, recipients, trigger, ..NewEmail::default() };
            create_email(app, caller, new).await
        }
        Way::Slack(url) => create_chat(app, caller, chat(ChatService::Slack, Some(url), None)).await,
        Way::PagerDuty(key) => create_chat(app, caller, chat(ChatService::PagerDuty, None, Some(key))).await,
        Way::Webhook(url) => {
            let new = NewWebhook { name, url, trigger, switched_off: true, ..NewWebhook::default() };
            create_webhook(app, caller, new).await.map(|(channel, _)| channel)
        }
    }
}
