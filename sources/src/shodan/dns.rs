use std::net::IpAddr;

use app::ports::SourceError;

use super::Shodan;
use super::read::answer_object;
use super::request::without;
use crate::lenient::{repaired, texts};

impl Shodan {
    /// `GET /dns/resolve`: the addresses of one host name, sorted. Empty: it has none. Shodan tells IPv4 only.
    pub async fn resolve(&self, key: &str, hostname: &str) -> Result<Vec<IpAddr>, SourceError> {
        let body = self.get_body(key, &["dns", "resolve"], &[("hostnames", hostname)]).await?;
        let text = repaired(&body);
        let names = answer_object(&text).map_err(|error| without(error, key))?;
        // The name may come back in other letters; only one was asked for.
        let found = names.members().filter(|(name, _)| name.eq_ignore_ascii_case(hostname));
        let mut ips: Vec<IpAddr> = found.flat_map(|(_, ips)| texts(ips)).filter_map(|ip| ip.parse().ok()).collect();
        ips.sort_unstable();
        ips.dedup();
        Ok(ips)
    }
}
