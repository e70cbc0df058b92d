use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shodan_client::addresses;

use super::scans::Scan;

/// What changes through the API.
#[derive(Debug)]
pub(super) struct State {
    made: u32,
    pub(super) alerts: BTreeMap<String, Alert>,
    pub(super) notifiers: BTreeMap<String, Notifier>,
    pub(super) scans: Vec<Scan>,
    pub(super) members: BTreeSet<String>,
    /// Scan credits that are left; `None` has no limit.
    pub(super) scan_credits: Option<u32>,
    pub(super) monitored_ips_limit: u32,
}

/// An alert.
#[derive(Debug)]
pub(super) struct Alert {
    pub(super) name: String,
    pub(super) created: String,
    pub(super) expires: u64,
    pub(super) ips: Vec<String>,
    /// Triggers with what they ignore.
    pub(super) triggers: BTreeMap<String, Vec<Value>>,
    pub(super) notifiers: BTreeSet<String>,
}

/// A notifier.
#[derive(Debug)]
pub(super) struct Notifier {
    pub(super) provider: String,
    pub(super) description: Option<String>,
    pub(super) args: Map<String, Value>,
}

impl State {
    pub(super) fn new(scan_credits: Option<u32>, monitored_ips_limit: u32) -> Self {
        let args = [("to".to_owned(), Value::from("owner@acme.example"))].into_iter().collect();
        let mail = Notifier { provider: "email".into(), description: None, args };
        Self {
            made: 0,
            alerts: BTreeMap::new(),
            notifiers: [("default".to_owned(), mail)].into(),
            scans: Vec::new(),
            members: BTreeSet::new(),
            scan_credits,
            monitored_ips_limit,
        }
    }

    /// An id as Shodan makes them: sixteen letters and digits. They count up.
    pub(super) fn next_id(&mut self, kind: char) -> String {
        self.made += 1;
        format!("{kind}{:0>15}", self.made)
    }

    /// Addresses that alerts watch.
    pub(super) fn monitored_ips(&self) -> u64 {
        self.alerts.values().map(Alert::size).sum()
    }
}

impl Alert {
    pub(super) fn size(&self) -> u64 {
        addresses(&networks(&self.ips))
    }

    /// As `/info` shows it.
    pub(super) fn json(&self, id: &str, notifiers: &BTreeMap<String, Notifier>) -> Value {
        let triggers: Map<String, Value> = self
            .triggers
            .iter()
            .map(|(name, ignored)| {
                let details = if ignored.is_empty() { json!({}) } else { json!({ "ignore": ignored }) };
                (name.clone(), details)
            })
            .collect();
        let told: Vec<Value> =
            self.notifiers.iter().filter_map(|id| notifiers.get(id).map(|notifier| notifier.json(id))).collect();
        json!({ "id": id, "name": self.name, "created": self.created, "expires": self.expires, "expiration": null,
            "has_triggers": !triggers.is_empty(), "triggers": triggers, "notifiers": told, "notify": {},
            "filters": { "ip": self.ips }, "size": self.size() })
    }
}

impl Notifier {
    pub(super) fn json(&self, id: &str) -> Value {
        json!({ "id": id, "provider": self.provider, "description": self.description, "args": self.args })
    }
}

/// The networks of these texts; an address alone is one of itself.
pub(super) fn networks(texts: &[String]) -> Vec<ipnet::IpNet> {
    let read = |text: &String| {
        let text = text.trim();
        text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
    };
    texts.iter().filter_map(read).collect()
}
