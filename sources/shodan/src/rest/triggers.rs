use std::borrow::Cow;
use std::net::IpAddr;

use http::Method;

use super::alerts::objects;
use crate::call::Call;
use crate::lenient::{Object, digits, integer, list, object, string, texts};
use crate::{Error, Shodan, answer};

/// Something that can set an alert off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name, such as `new_service`.
    pub name: String,
    /// The query that a banner must match.
    pub rule: Option<String>,
    /// What it is for.
    pub description: String,
}

/// A service of which a trigger says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredService {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// Only these CVEs; empty: everything.
    pub cves: Vec<String>,
}

impl Shodan {
    /// `GET /shodan/alert/triggers`: what can set an alert off. Free.
    pub async fn triggers(&self) -> Result<Vec<Trigger>, Error> {
        self.ask(self.get(&["shodan", "alert", "triggers"]), |text| {
            Ok(objects(text)?.iter().filter_map(trigger).collect())
        })
        .await
    }

    /// `PUT /shodan/alert/{id}/trigger/{names}`: lets these set the alert off.
    pub async fn enable_triggers(&self, alert: &str, names: &[&str]) -> Result<(), Error> {
        self.ask(self.trigger(Method::PUT, alert, &names.join(",")), answer::done).await
    }

    /// `DELETE /shodan/alert/{id}/trigger/{names}`: lets them no longer.
    pub async fn disable_triggers(&self, alert: &str, names: &[&str]) -> Result<(), Error> {
        self.ask(self.trigger(Method::DELETE, alert, &names.join(",")), answer::done).await
    }

    /// `PUT /shodan/alert/{id}/trigger/{name}/ignore/{ip:port}`: says nothing more of this service. With CVEs, only
    /// of these; that is for the triggers `vulnerable` and `vulnerable_unverified`, and not documented.
    pub async fn ignore(&self, alert: &str, trigger: &str, service: &IgnoredService) -> Result<(), Error> {
        let call = self.trigger(Method::PUT, alert, trigger).at("ignore").at(place(service));
        let call = if service.cves.is_empty() { call } else { call.at(service.cves.join(",")) };
        self.ask(call, answer::done).await
    }

    /// `DELETE /shodan/alert/{id}/trigger/{name}/ignore/{ip:port}`: tells of this service again.
    pub async fn unignore(&self, alert: &str, trigger: &str, service: &IgnoredService) -> Result<(), Error> {
        let call = self.trigger(Method::DELETE, alert, trigger).at("ignore").at(place(service));
        self.ask(call, answer::done).await
    }

    /// `PUT /shodan/alert/{id}/notifier/{notifier}`: has this notifier tell of the alert. `default` is the account's
    /// e-mail address.
    pub async fn attach_notifier(&self, alert: &str, notifier: &str) -> Result<(), Error> {
        let call = self.rest(Method::PUT, &["shodan", "alert"]).at(alert).at("notifier").at(notifier);
        self.ask(call, answer::done).await
    }

    /// `DELETE /shodan/alert/{id}/notifier/{notifier}`: has it tell no longer.
    pub async fn detach_notifier(&self, alert: &str, notifier: &str) -> Result<(), Error> {
        let call = self.rest(Method::DELETE, &["shodan", "alert"]).at(alert).at("notifier").at(notifier);
        self.ask(call, answer::done).await
    }

    fn trigger(&self, method: Method, alert: &str, names: &str) -> Call<'_> {
        self.rest(method, &["shodan", "alert"]).at(alert).at("trigger").at(names)
    }
}

/// Reads what a trigger of an alert ignores.
pub(super) fn ignored(trigger: &Object<'_>) -> Vec<IgnoredService> {
    let services = trigger.read("ignore", list).unwrap_or_default().into_iter().filter_map(object);
    services.filter_map(|service| ignored_service(&service)).collect()
}

fn place(service: &IgnoredService) -> String {
    format!("{}:{}", service.ip, service.port)
}

fn ignored_service(service: &Object<'_>) -> Option<IgnoredService> {
    let cves = service.get("vulns").or_else(|| service.get("vulnerabilities")).map(texts).unwrap_or_default();
    Some(IgnoredService {
        ip: service.read("ip", string)?.parse().ok()?,
        port: service.read("port", integer)?,
        cves: cves.into_iter().map(Cow::into_owned).collect(),
    })
}

fn trigger(trigger: &Object<'_>) -> Option<Trigger> {
    let text = |name| trigger.read(name, digits).map(Cow::into_owned);
    Some(Trigger { name: text("name")?, rule: text("rule"), description: text("description").unwrap_or_default() })
}
