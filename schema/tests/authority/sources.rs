//! Shodan and a list of exploits that know one thing of each kind, whatever they are asked.

use std::collections::BTreeMap;
use std::net::IpAddr;

use app::ports::{
    AcceptedScan, Alert, AlertTrigger, Alerts, DnsFact, DomainFacts, ExploitDatabase, ExploitOrigin, ExploitPage,
    ExploitProperty, Exploits, Found, KnownExploit, Notifier, PastScan, Push, PushStream, QueryPlan, RawBanner,
    RawHost, Research, ScanOrder, ScanProgress, Scans, SourceError, SourceKey,
};
use async_trait::async_trait;
use domain::cve::CveId;
use domain::observation::{HostObservation, Location, Transport};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::json;

/// The CVE that everything here is about.
pub(crate) const CVE: &str = "CVE-2021-36260";

pub(crate) struct OneOfEach;

pub(crate) fn cve() -> CveId {
    CveId::parse(CVE).unwrap()
}

pub(crate) fn somewhere() -> Location {
    Location {
        country_code: Some("IT".into()),
        country_name: Some("Italy".into()),
        city: Some("Turin".into()),
        latitude: Some(45.1),
        longitude: Some(7.7),
    }
}

fn banner(ip: IpAddr) -> RawBanner {
    RawBanner {
        ip,
        port: 502,
        transport: Transport::Tcp,
        module: Some("modbus".into()),
        product: Some("M340".into()),
        version: Some("2.7".into()),
        cpes: vec!["cpe:/h:schneider:m340".into()],
        tags: vec!["ics".into()],
        vulnerabilities: vec![cve()],
        timestamp: Timestamp::UNIX_EPOCH,
        data: "Unit ID: 0".into(),
        raw: json!({"port": 502}),
    }
}

fn found() -> Found {
    let facets = vec![("org".to_owned(), vec![("Plant".to_owned(), 1)])];
    Found { total: 1, banners: vec![banner([8, 8, 8, 8].into())], facets }
}

fn not_asked<T>() -> Result<T, SourceError> {
    Err(SourceError::Unavailable("nobody asks this here".into()))
}

#[async_trait]
impl Research for OneOfEach {
    fn search_cost(&self, _: &str, _: u32) -> u32 {
        1
    }

    async fn look_up(&self, _: &SourceKey, ip: IpAddr, _: bool) -> Result<Option<RawHost>, SourceError> {
        Ok(Some(RawHost {
            ip,
            hostnames: vec!["plc.plant.example".into()],
            organization: Some("Plant".into()),
            isp: Some("Line".into()),
            asn: Some("AS64500".into()),
            location: Some(somewhere()),
            tags: vec!["ics".into()],
            ports: vec![502],
            vulnerabilities: vec![cve()],
            banners: vec![banner(ip)],
            last_update: Some(Timestamp::UNIX_EPOCH),
        }))
    }

    async fn find(&self, _: &SourceKey, _: &str, _: u32, _: &[String]) -> Result<Found, SourceError> {
        Ok(found())
    }

    async fn count(&self, _: &SourceKey, _: &str, _: &[String]) -> Result<Found, SourceError> {
        Ok(Found { banners: Vec::new(), ..found() })
    }

    async fn parse(&self, _: &SourceKey, _: &str) -> Result<QueryPlan, SourceError> {
        let (attributes, errors) = (json!({"ports": [502]}), vec!["what is that".into()]);
        Ok(QueryPlan { filters: vec!["port".into()], attributes, errors })
    }

    async fn addresses(
        &self,
        _: &SourceKey,
        hostnames: &[String],
    ) -> Result<BTreeMap<String, Vec<IpAddr>>, SourceError> {
        Ok(hostnames.iter().map(|name| (name.clone(), vec![IpAddr::from([8, 8, 8, 8])])).collect())
    }

    async fn names(&self, _: &SourceKey, ips: &[IpAddr]) -> Result<BTreeMap<IpAddr, Vec<String>>, SourceError> {
        Ok(ips.iter().map(|ip| (*ip, vec!["plc.plant.example".into()])).collect())
    }

    async fn domain(&self, _: &SourceKey, domain: &str, _: u32) -> Result<Option<DomainFacts>, SourceError> {
        let record = DnsFact {
            subdomain: "plc".into(),
            kind: "A".into(),
            value: "8.8.8.8".into(),
            last_seen: Some(Timestamp::UNIX_EPOCH),
        };
        let (domain, subdomains) = (domain.to_owned(), vec!["plc".into()]);
        Ok(Some(DomainFacts { domain, subdomains, records: vec![record], more: false }))
    }

    async fn ports(&self, _: &SourceKey) -> Result<Vec<u16>, SourceError> {
        Ok(vec![502])
    }

    async fn protocols(&self, _: &SourceKey) -> Result<Vec<(String, String)>, SourceError> {
        Ok(vec![("modbus".into(), "An industrial protocol".into())])
    }

    async fn facets(&self, _: &SourceKey) -> Result<Vec<String>, SourceError> {
        Ok(vec!["org".into()])
    }

    async fn filters(&self, _: &SourceKey) -> Result<Vec<String>, SourceError> {
        Ok(vec!["port".into()])
    }
}

#[async_trait]
impl Scans for OneOfEach {
    async fn order(&self, _: &SourceKey, wanted: &ScanOrder) -> Result<AcceptedScan, SourceError> {
        Ok(AcceptedScan { id: "S1".into(), size: Some(wanted.len() as u64), credits_left: None })
    }

    async fn crawled(&self, _: &SourceKey) -> Result<Vec<u16>, SourceError> {
        Ok(vec![23, 502])
    }

    async fn progress(&self, _: &SourceKey, _: &str) -> Result<ScanProgress, SourceError> {
        Ok(ScanProgress::Running)
    }

    async fn newest(&self, _: &SourceKey) -> Result<Vec<PastScan>, SourceError> {
        Ok(Vec::new())
    }

    async fn result(
        &self,
        _: &SourceKey,
        _: &str,
        _: IpAddr,
        _: Timestamp,
    ) -> Result<Option<HostObservation>, SourceError> {
        Ok(None)
    }
}

#[async_trait]
impl Alerts for OneOfEach {
    async fn alerts(&self, _: &SourceKey) -> Result<Vec<Alert>, SourceError> {
        Ok(vec![Alert {
            id: "A1".into(),
            name: "Plant".into(),
            networks: vec!["8.8.8.8/32".into()],
            created: Some(Timestamp::UNIX_EPOCH),
            expires: Some(Timestamp::UNIX_EPOCH),
            triggers: vec![AlertTrigger { name: "new_service".into(), ignored: Vec::new() }],
            notifiers: Vec::new(),
        }])
    }

    async fn triggers(&self, _: &SourceKey) -> Result<Vec<String>, SourceError> {
        Ok(vec!["new_service".into()])
    }

    async fn create(&self, _: &SourceKey, _: &str, _: &[IpNet]) -> Result<Alert, SourceError> {
        not_asked()
    }

    async fn edit(&self, _: &SourceKey, _: &str, _: &[IpNet]) -> Result<(), SourceError> {
        not_asked()
    }

    async fn delete(&self, _: &SourceKey, _: &str) -> Result<(), SourceError> {
        not_asked()
    }

    async fn enable(&self, _: &SourceKey, _: &str, _: &[&str]) -> Result<(), SourceError> {
        not_asked()
    }

    async fn notifiers(&self, _: &SourceKey) -> Result<Vec<Notifier>, SourceError> {
        Ok(Vec::new())
    }

    async fn create_webhook(&self, _: &SourceKey, _: &str, _: &str) -> Result<String, SourceError> {
        not_asked()
    }

    async fn delete_notifier(&self, _: &SourceKey, _: &str) -> Result<(), SourceError> {
        not_asked()
    }

    async fn attach(&self, _: &SourceKey, _: &str, _: &str) -> Result<(), SourceError> {
        not_asked()
    }

    async fn listen(&self, _: &SourceKey) -> Result<Box<dyn PushStream>, SourceError> {
        not_asked()
    }

    fn signed(&self, _: &SourceKey, _: &[u8], _: &str) -> bool {
        false
    }

    fn read_push(&self, _: &[u8]) -> Option<Push> {
        None
    }
}

#[async_trait]
impl Exploits for OneOfEach {
    async fn exploits(
        &self,
        _: &SourceKey,
        _: &str,
        _: u32,
        _: &[(ExploitProperty, u32)],
    ) -> Result<ExploitPage, SourceError> {
        let exploit = KnownExploit {
            id: "50441".into(),
            database: ExploitDatabase::ExploitDb,
            origin: ExploitOrigin::ShodanExploits,
            description: "Command injection".into(),
            cves: vec![cve()],
            authors: vec!["somebody".into()],
            platforms: vec!["hardware".into()],
            kind: Some("remote".into()),
            port: Some(80),
            date: Some(Timestamp::UNIX_EPOCH),
            rank: Some("excellent".into()),
            code: Some("#".into()),
            url: Some("https://exploits.example/50441".into()),
        };
        let facets = vec![(ExploitProperty::Type, vec![("remote".to_owned(), 1)])];
        Ok(ExploitPage { matches: vec![exploit], total: 1, fallback: false, facets })
    }
}
