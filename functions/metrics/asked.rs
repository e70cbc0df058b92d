//! What Shodan and InternetDB are asked, by call and outcome: for polls, for people, for scans and for alerts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use app::ports::{
    AcceptedScan, Account, Alert, Alerts, DomainFacts, Exposure, Found, HostAnswer, Notifier, PastScan, Push,
    PushStream, QueryPlan, RawHost, Research, ScanOrder, ScanProgress, Scans, SearchPage, SourceError, SourceKey,
};
use async_trait::async_trait;
use domain::observation::HostObservation;
use ipnet::IpNet;
use jiff::Timestamp;

use super::Counted;
use super::counters::Family;

impl<T: ?Sized> Counted<T> {
    async fn asked<A>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<A, SourceError>>,
    ) -> Result<A, SourceError> {
        let outcome = |answer: &Result<A, SourceError>| match answer {
            Ok(_) => "answered",
            Err(SourceError::BadKey) => "bad_key",
            Err(SourceError::PlanTooLow(_)) => "plan_too_low",
            Err(SourceError::RateLimited { .. }) => "rate_limited",
            Err(SourceError::OutOfCredits) => "out_of_credits",
            Err(SourceError::Rejected(_)) => "rejected",
            Err(SourceError::Unavailable(_)) => "unavailable",
        };
        self.told((Family::Questions, what), call, |answer| outcome(answer).into()).await
    }
}

#[async_trait]
impl Exposure for Counted<dyn Exposure> {
    async fn host(&self, key: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        self.asked("host", self.port.host(key, ip)).await
    }

    async fn network(&self, key: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError> {
        self.asked("network", self.port.network(key, network, page)).await
    }

    async fn search(&self, key: &SourceKey, query: &str, page: u32) -> Result<SearchPage, SourceError> {
        self.asked("search", self.port.search(key, query, page)).await
    }

    async fn resolve(&self, key: &SourceKey, hostname: &str) -> Result<Vec<IpAddr>, SourceError> {
        self.asked("resolve", self.port.resolve(key, hostname)).await
    }

    async fn account(&self, key: &SourceKey) -> Result<Account, SourceError> {
        self.asked("account", self.port.account(key)).await
    }

    fn announce(&self, key: &SourceKey, questions: u32) {
        self.port.announce(key, questions);
    }

    async fn next_turn(&self, key: &SourceKey) -> Option<Timestamp> {
        self.port.next_turn(key).await
    }
}

#[async_trait]
impl Research for Counted<dyn Research> {
    fn search_cost(&self, query: &str, page: u32) -> u32 {
        self.port.search_cost(query, page)
    }

    async fn look_up(&self, key: &SourceKey, ip: IpAddr, history: bool) -> Result<Option<RawHost>, SourceError> {
        self.asked("research_look_up", self.port.look_up(key, ip, history)).await
    }

    async fn find(&self, key: &SourceKey, query: &str, page: u32, facets: &[String]) -> Result<Found, SourceError> {
        self.asked("research_find", self.port.find(key, query, page, facets)).await
    }

    async fn count(&self, key: &SourceKey, query: &str, facets: &[String]) -> Result<Found, SourceError> {
        self.asked("research_count", self.port.count(key, query, facets)).await
    }

    async fn parse(&self, key: &SourceKey, query: &str) -> Result<QueryPlan, SourceError> {
        self.asked("research_parse", self.port.parse(key, query)).await
    }

    async fn addresses(
        &self,
        key: &SourceKey,
        hostnames: &[String],
    ) -> Result<BTreeMap<String, Vec<IpAddr>>, SourceError> {
        self.asked("research_addresses", self.port.addresses(key, hostnames)).await
    }

    async fn names(&self, key: &SourceKey, ips: &[IpAddr]) -> Result<BTreeMap<IpAddr, Vec<String>>, SourceError> {
        self.asked("research_names", self.port.names(key, ips)).await
    }

    async fn domain(&self, key: &SourceKey, domain: &str, page: u32) -> Result<Option<DomainFacts>, SourceError> {
        self.asked("research_domain", self.port.domain(key, domain, page)).await
    }

    async fn ports(&self, key: &SourceKey) -> Result<Vec<u16>, SourceError> {
        self.asked("research_ports", self.port.ports(key)).await
    }

    async fn protocols(&self, key: &SourceKey) -> Result<Vec<(String, String)>, SourceError> {
        self.asked("research_protocols", self.port.protocols(key)).await
    }

    async fn facets(&self, key: &SourceKey) -> Result<Vec<String>, SourceError> {
        self.asked("research_facets", self.port.facets(key)).await
    }

    async fn filters(&self, key: &SourceKey) -> Result<Vec<String>, SourceError> {
        self.asked("research_filters", self.port.filters(key)).await
    }
}

#[async_trait]
impl Scans for Counted<dyn Scans> {
    async fn order(&self, key: &SourceKey, wanted: &ScanOrder) -> Result<AcceptedScan, SourceError> {
        self.asked("scan_order", self.port.order(key, wanted)).await
    }

    async fn crawled(&self, key: &SourceKey) -> Result<Vec<u16>, SourceError> {
        self.asked("scan_crawled", self.port.crawled(key)).await
    }

    async fn progress(&self, key: &SourceKey, id: &str) -> Result<ScanProgress, SourceError> {
        self.asked("scan_progress", self.port.progress(key, id)).await
    }

    async fn newest(&self, key: &SourceKey) -> Result<Vec<PastScan>, SourceError> {
        self.asked("scan_newest", self.port.newest(key)).await
    }

    async fn result(
        &self,
        key: &SourceKey,
        id: &str,
        ip: IpAddr,
        since: Timestamp,
    ) -> Result<Option<HostObservation>, SourceError> {
        self.asked("scan_result", self.port.result(key, id, ip, since)).await
    }
}

#[async_trait]
impl Alerts for Counted<dyn Alerts> {
    async fn alerts(&self, key: &SourceKey) -> Result<Vec<Alert>, SourceError> {
        self.asked("alert_list", self.port.alerts(key)).await
    }

    async fn triggers(&self, key: &SourceKey) -> Result<Vec<String>, SourceError> {
        self.asked("alert_triggers", self.port.triggers(key)).await
    }

    async fn create(&self, key: &SourceKey, name: &str, networks: &[IpNet]) -> Result<Alert, SourceError> {
        self.asked("alert_create", self.port.create(key, name, networks)).await
    }

    async fn edit(&self, key: &SourceKey, id: &str, networks: &[IpNet]) -> Result<(), SourceError> {
        self.asked("alert_edit", self.port.edit(key, id, networks)).await
    }

    async fn delete(&self, key: &SourceKey, id: &str) -> Result<(), SourceError> {
        self.asked("alert_delete", self.port.delete(key, id)).await
    }

    async fn enable(&self, key: &SourceKey, id: &str, triggers: &[&str]) -> Result<(), SourceError> {
        self.asked("alert_enable", self.port.enable(key, id, triggers)).await
    }

    async fn notifiers(&self, key: &SourceKey) -> Result<Vec<Notifier>, SourceError> {
        self.asked("notifier_list", self.port.notifiers(key)).await
    }

    async fn create_webhook(&self, key: &SourceKey, description: &str, url: &str) -> Result<String, SourceError> {
        self.asked("notifier_create", self.port.create_webhook(key, description, url)).await
    }

    async fn delete_notifier(&self, key: &SourceKey, id: &str) -> Result<(), SourceError> {
        self.asked("notifier_delete", self.port.delete_notifier(key, id)).await
    }

    async fn attach(&self, key: &SourceKey, alert: &str, notifier: &str) -> Result<(), SourceError> {
        self.asked("alert_attach", self.port.attach(key, alert, notifier)).await
    }

    async fn listen(&self, key: &SourceKey) -> Result<Box<dyn PushStream>, SourceError> {
        self.asked("alert_stream", self.port.listen(key)).await
    }

    fn signed(&self, key: &SourceKey, body: &[u8], signature: &str) -> bool {
        self.port.signed(key, body, signature)
    }

    fn read_push(&self, body: &[u8]) -> Option<Push> {
        self.port.read_push(body)
    }
}
