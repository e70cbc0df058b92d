use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::observation::HostObservation;
use ipnet::IpNet;
use jiff::Timestamp;

use super::Silent;
use crate::ports::{
    AcceptedScan, Alert, Alerts, DomainFacts, ExploitPage, ExploitProperty, Exploits, Found, Notifier, PastScan, Push,
    PushStream, QueryPlan, RawHost, Research, ScanOrder, ScanProgress, Scans, SourceError, SourceKey,
};

fn down<T>() -> Result<T, SourceError> {
    Err(SourceError::Unavailable("silent".into()))
}

#[async_trait]
impl Research for Silent {
    fn search_cost(&self, _: &str, _: u32) -> u32 {
        1
    }

    async fn look_up(&self, _: &SourceKey, _: IpAddr, _: bool) -> Result<Option<RawHost>, SourceError> {
        down()
    }

    async fn find(&self, _: &SourceKey, _: &str, _: u32, _: &[String]) -> Result<Found, SourceError> {
        down()
    }

    async fn count(&self, _: &SourceKey, _: &str, _: &[String]) -> Result<Found, SourceError> {
        down()
    }

    async fn parse(&self, _: &SourceKey, _: &str) -> Result<QueryPlan, SourceError> {
        down()
    }

    async fn addresses(&self, _: &SourceKey, _: &[String]) -> Result<BTreeMap<String, Vec<IpAddr>>, SourceError> {
        down()
    }

    async fn names(&self, _: &SourceKey, _: &[IpAddr]) -> Result<BTreeMap<IpAddr, Vec<String>>, SourceError> {
        down()
    }

    async fn domain(&self, _: &SourceKey, _: &str, _: u32) -> Result<Option<DomainFacts>, SourceError> {
        down()
    }

    async fn ports(&self, _: &SourceKey) -> Result<Vec<u16>, SourceError> {
        down()
    }

    async fn protocols(&self, _: &SourceKey) -> Result<Vec<(String, String)>, SourceError> {
        down()
    }

    async fn facets(&self, _: &SourceKey) -> Result<Vec<String>, SourceError> {
        down()
    }

    async fn filters(&self, _: &SourceKey) -> Result<Vec<String>, SourceError> {
        down()
    }
}

#[async_trait]
impl Scans for Silent {
    async fn order(&self, _: &SourceKey, _: &ScanOrder) -> Result<AcceptedScan, SourceError> {
        down()
    }

    async fn crawled(&self, _: &SourceKey) -> Result<Vec<u16>, SourceError> {
        down()
    }

    async fn progress(&self, _: &SourceKey, _: &str) -> Result<ScanProgress, SourceError> {
        down()
    }

    async fn newest(&self, _: &SourceKey) -> Result<Vec<PastScan>, SourceError> {
        down()
    }

    async fn result(
        &self,
        _: &SourceKey,
        _: &str,
        _: IpAddr,
        _: Timestamp,
    ) -> Result<Option<HostObservation>, SourceError> {
        down()
    }
}

#[async_trait]
impl Alerts for Silent {
    async fn alerts(&self, _: &SourceKey) -> Result<Vec<Alert>, SourceError> {
        down()
    }

    async fn triggers(&self, _: &SourceKey) -> Result<Vec<String>, SourceError> {
        down()
    }

    async fn create(&self, _: &SourceKey, _: &str, _: &[IpNet]) -> Result<Alert, SourceError> {
        down()
    }

    async fn edit(&self, _: &SourceKey, _: &str, _: &[IpNet]) -> Result<(), SourceError> {
        down()
    }

    async fn delete(&self, _: &SourceKey, _: &str) -> Result<(), SourceError> {
        down()
    }

    async fn enable(&self, _: &SourceKey, _: &str, _: &[&str]) -> Result<(), SourceError> {
        down()
    }

    async fn notifiers(&self, _: &SourceKey) -> Result<Vec<Notifier>, SourceError> {
        down()
    }

    async fn create_webhook(&self, _: &SourceKey, _: &str, _: &str) -> Result<String, SourceError> {
        down()
    }

    async fn delete_notifier(&self, _: &SourceKey, _: &str) -> Result<(), SourceError> {
        down()
    }

    async fn attach(&self, _: &SourceKey, _: &str, _: &str) -> Result<(), SourceError> {
        down()
    }

    async fn listen(&self, _: &SourceKey) -> Result<Box<dyn PushStream>, SourceError> {
        down()
    }

    fn signed(&self, _: &SourceKey, _: &[u8], _: &str) -> bool {
        false
    }

    fn read_push(&self, _: &[u8]) -> Option<Push> {
        None
    }
}

#[async_trait]
impl Exploits for Silent {
    async fn exploits(
        &self,
        _: &SourceKey,
        _: &str,
        _: u32,
        _: &[(ExploitProperty, u32)],
    ) -> Result<ExploitPage, SourceError> {
        down()
    }
}
