use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use super::data::Data;
use super::query::Query;
use super::record::Record;
use shodan_client::banner::fields;
use shodan_client::lenient::{list, object, repaired};

/// All banners, the newest first. Read from the data when somebody asks.
#[derive(Debug)]
pub(super) struct Archive {
    unread: Option<Data>,
    shift_to: Option<Timestamp>,
    records: Vec<Record>,
}

impl Archive {
    pub(super) fn new(data: Data, shift_to: Option<Timestamp>) -> Self {
        Self { unread: Some(data), shift_to, records: Vec::new() }
    }

    /// All banners.
    pub(super) fn all(&mut self) -> &[Record] {
        self.records()
    }

    /// When the newest was seen, as Shodan writes it: what time it is here.
    pub(super) fn newest(&mut self) -> String {
        let newest = self.records().first().map(|record| record.at).unwrap_or_default();
        newest.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
    }

    /// The banners of these addresses.
    pub(super) fn of(&mut self, ips: &[IpAddr]) -> Vec<&Record> {
        self.records().iter().filter(|record| ips.contains(&record.ip)).collect()
    }

    /// The banners that match a query.
    pub(super) fn search(&mut self, query: &Query) -> Vec<&Record> {
        self.records().iter().filter(|record| query.matches(record)).collect()
    }

    /// The addresses of a host name, as its banners tell.
    pub(super) fn resolve(&mut self, hostname: &str) -> Option<IpAddr> {
        let named = |record: &&Record| record.hostnames.iter().any(|name| name.eq_ignore_ascii_case(hostname));
        self.records().iter().find(named).map(|record| record.ip)
    }

    /// Replaces everything known of an address.
    pub(super) fn replace(&mut self, ip: IpAddr, banners: &[Value]) {
        self.load();
        self.records.retain(|record| record.ip != ip);
        self.records.extend(banners.iter().filter_map(|banner| Record::of(banner, ip)));
        self.sort();
    }

    /// A scan has seen what is there at these addresses: their banners bear its mark.
    pub(super) fn scanned(&mut self, scan: &str, wanted: &[ipnet::IpNet]) {
        self.load();
        for record in self.records.iter_mut().filter(|record| wanted.iter().any(|net| net.contains(&record.ip))) {
            // Member by member: not every number in a banner fits one of ours.
            type Members = std::collections::BTreeMap<String, Box<RawValue>>;
            let Ok(mut banner) = serde_json::from_str::<Members>(&record.json) else { continue };
            let mut about: Value =
                banner.get("_shodan").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
            about["options"]["scan"] = scan.into();
            let Ok(about) = serde_json::value::to_raw_value(&about) else { continue };
            banner.insert("_shodan".into(), about);
            record.json = serde_json::to_string(&banner).unwrap_or_default();
        }
    }

    fn records(&mut self) -> &[Record] {
        self.load();
        &self.records
    }

    fn load(&mut self) {
        let Some(data) = self.unread.take() else { return };
        for text in &data.texts {
            let text = repaired(text.as_bytes());
            if let Ok(raw) = serde_json::from_str(&text) {
                collect(raw, None, &mut self.records);
            }
        }
        let newest = self.records.iter().map(|record| record.at).max();
        let by = self.shift_to.zip(newest).map_or(SignedDuration::ZERO, |(to, newest)| to.duration_since(newest));
        self.records = self.records.iter().filter_map(|record| record.moved(by)).collect();
        self.sort();
    }

    fn sort(&mut self) {
        self.records.sort_by(|a, b| b.at.cmp(&a.at).then(a.ip.cmp(&b.ip)).then(a.port.cmp(&b.port)));
    }
}

/// Finds the banners in whatever shape of an answer.
fn collect(raw: &RawValue, host: Option<IpAddr>, into: &mut Vec<Record>) {
    if let Some(items) = list(raw) {
        for item in items {
            collect(item, host, into);
        }
    } else if let Some(members) = object(raw) {
        let inner = members.read("matches", list).or_else(|| members.read("data", list));
        match inner {
            Some(items) => items.into_iter().for_each(|item| collect(item, fields::address(&members), into)),
            None => into.extend(Record::read(raw, host)),
        }
    }
}
