use std::borrow::Cow;

use http::Method;
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::scans::written;
use super::triggers::{self, IgnoredService};
use crate::lenient::{Object, digits, instant, integer, list, object, string, texts};
use crate::{Error, Shodan, answer};

/// A watch of Shodan Monitor over some networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: String,
    /// Its name. By convention `__domain: example.com` watches what a domain resolves to.
    pub name: String,
    /// What it watches: addresses and networks, as they are written.
    pub networks: Vec<String>,
    /// How many addresses that is: so much of the quota it takes.
    pub size: Option<u64>,
    /// Since when.
    pub created: Option<Timestamp>,
    /// Until when; `None`: for ever.
    pub expiration: Option<Timestamp>,
    /// What sets it off. Without any nobody is told.
    pub triggers: Vec<EnabledTrigger>,
    /// The ids of the notifiers that tell of it.
    pub notifiers: Vec<String>,
}

/// A trigger of an alert, with what it keeps quiet about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnabledTrigger {
    /// Its name.
    pub name: String,
    /// What was told it to ignore.
    pub ignored: Vec<IgnoredService>,
}

impl Shodan {
    /// `POST /shodan/alert`: watches these networks, for so many seconds (0: for ever). Takes of the quota of
    /// monitored addresses ([`crate::Cost::alert`]).
    pub async fn create_alert(&self, name: &str, networks: &[IpNet], seconds: u64) -> Result<Alert, Error> {
        let body = json!({ "name": name, "filters": filters(networks), "expires": seconds });
        let call = self.rest(Method::POST, &["shodan", "alert"]).json(body);
        self.ask(call, |text| alert(&answer::object(text)?).ok_or_else(Error::unreadable)).await
    }

    /// `POST /shodan/alert/{id}`: watches other networks from now on.
    pub async fn edit_alert(&self, id: &str, networks: &[IpNet]) -> Result<Alert, Error> {
        let call = self.rest(Method::POST, &["shodan", "alert"]).at(id).json(json!({ "filters": filters(networks) }));
        self.ask(call, |text| alert(&answer::object(text)?).ok_or_else(Error::unreadable)).await
    }

    /// `GET /shodan/alert/{id}/info`: one alert.
    pub async fn alert(&self, id: &str) -> Result<Alert, Error> {
        let call = self.get(&["shodan", "alert"]).at(id).at("info");
        self.ask(call, |text| alert(&answer::object(text)?).ok_or_else(Error::unreadable)).await
    }

    /// `GET /shodan/alert/info`: all alerts of the key, ended ones only when wanted.
    pub async fn alerts(&self, include_expired: bool) -> Result<Vec<Alert>, Error> {
        let call = self.get(&["shodan", "alert", "info"]).with("include_expired", include_expired);
        self.ask(call, |text| Ok(objects(text)?.iter().filter_map(alert).collect())).await
    }

    /// `DELETE /shodan/alert/{id}`: watches no longer.
    pub async fn delete_alert(&self, id: &str) -> Result<(), Error> {
        self.ask(self.rest(Method::DELETE, &["shodan", "alert"]).at(id), answer::done).await
    }
}

/// A list of objects; what is none is left out.
pub(super) fn objects(text: &str) -> Result<Vec<Object<'_>>, Error> {
    Ok(answer::list(text)?.into_iter().filter_map(object).collect())
}

fn filters(networks: &[IpNet]) -> Value {
    json!({ "ip": networks.iter().map(written).collect::<Vec<_>>() })
}

fn alert(alert: &Object<'_>) -> Option<Alert> {
    let date = |name| alert.read(name, string).and_then(|at| instant(&at));
    let text = |name| alert.read(name, digits).map(Cow::into_owned);
    let filters = alert.object("filters");
    let notifiers = alert.read("notifiers", list).unwrap_or_default().into_iter().filter_map(object);
    Some(Alert {
        id: text("id")?,
        name: text("name").unwrap_or_default(),
        networks: filters.get("ip").map(texts).unwrap_or_default().into_iter().map(Cow::into_owned).collect(),
        size: alert.read("size", integer),
        created: date("created"),
        expiration: date("expiration"),
        triggers: enabled(&alert.object("triggers")),
        notifiers: notifiers.filter_map(|one| one.read("id", digits).map(Cow::into_owned)).collect(),
    })
}

fn enabled(named: &Object<'_>) -> Vec<EnabledTrigger> {
    let each = named.members().map(|(name, details)| EnabledTrigger {
        name: name.to_owned(),
        ignored: object(details).map(|details| triggers::ignored(&details)).unwrap_or_default(),
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_read_with_what_it_ignores() {
        let json = r#"{"name":"Plant","created":"2021-01-27T03:44:22.989575","expires":0,"expiration":null,
            "triggers":{"new_service":{"ignore":[{"ip":"192.0.2.1","port":443}]},"iot":{}},
            "notifiers":[{"id":"default","provider":"email"}],"filters":{"ip":["192.0.2.0/24"]},"id":"OYPR","size":256}"#;
        let read = alert(&serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!((read.networks.as_slice(), read.size), (["192.0.2.0/24".to_owned()].as_slice(), Some(256)));
        assert_eq!(read.triggers[0].ignored[0].port, 443);
        assert_eq!((read.triggers[1].name.as_str(), read.notifiers[0].as_str()), ("iot", "default"));
        assert_eq!(read.expiration, None);
    }

    #[test]
    fn addresses_are_written_bare_and_networks_without_host_bits() {
        let networks = ["192.0.2.1/32".parse().unwrap(), "192.0.2.77/24".parse().unwrap()];
        assert_eq!(filters(&networks), json!({ "ip": ["192.0.2.1", "192.0.2.0/24"] }));
    }
}
