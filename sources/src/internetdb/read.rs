use std::net::IpAddr;

use app::ports::SourceError;
use domain::cve::CveId;
use domain::observation::{DataSource, HostObservation};

use shodan_client::lenient::{Object, integer, line, list, string, texts};

/// Reads an answer about `ip`.
pub(super) fn host(text: &str, ip: IpAddr) -> Result<HostObservation, SourceError> {
    let unreadable = || SourceError::Unavailable("its answer is cut off or no JSON".into());
    let object: Object<'_> = serde_json::from_str(text).map_err(|_| unreadable())?;
    let ports = object.read("ports", list).ok_or_else(unreadable)?;
    if object.read("ip", string).and_then(|ip| ip.parse::<IpAddr>().ok()) != Some(ip) {
        return Err(SourceError::Unavailable("it answered about another address".into()));
    }
    let lines =
        |name: &str, max| sorted(object.get(name).map(texts).unwrap_or_default().iter().filter_map(|t| line(t, max)));
    let vulns = object.get("vulns").map(texts).unwrap_or_default();
    Ok(HostObservation {
        ip,
        source: DataSource::InternetDb,
        observed_at: None,
        hostnames: lines("hostnames", 253),
        asn: None,
        organization: None,
        isp: None,
        operating_system: None,
        location: None,
        tags: lines("tags", 64),
        ports: sorted(ports.into_iter().filter_map(integer::<u16>).filter(|port| *port > 0)),
        vulnerabilities: sorted(vulns.iter().filter_map(|vuln| CveId::parse(vuln))),
        not_vulnerable: sorted(vulns.iter().filter_map(|vuln| CveId::parse(vuln.strip_prefix('!')?))),
        cpes: lines("cpes", 256),
        banners: Vec::new(),
    })
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = items.collect();
    list.sort_unstable();
    list.dedup();
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"cpes":["cpe:/a:php:php:7.4.8"],"hostnames":["b.example","a.example"],"ip":"192.0.2.7",
        "ports":[443,22,443,0,"80"],"tags":["eol-product","database"],"vulns":["CVE-2019-9516","!CVE-2014-0160","x"]}"#;

    #[test]
    fn everything_is_sorted_and_nothing_has_a_date() {
        let host = host(ANSWER, "192.0.2.7".parse().unwrap()).unwrap();
        assert_eq!(host.ports, [22, 80, 443]);
        assert_eq!(host.hostnames, ["a.example", "b.example"]);
        assert_eq!(host.tags, ["database", "eol-product"]);
        assert_eq!(host.vulnerabilities, [CveId::parse("CVE-2019-9516").unwrap()]);
        assert_eq!(host.not_vulnerable, [CveId::parse("CVE-2014-0160").unwrap()]);
        assert_eq!((host.observed_at, host.banners.len()), (None, 0));
    }

    #[test]
    fn an_answer_about_another_address_is_none() {
        assert!(matches!(host(ANSWER, "192.0.2.8".parse().unwrap()), Err(SourceError::Unavailable(_))));
        assert!(matches!(host("{}", "192.0.2.8".parse().unwrap()), Err(SourceError::Unavailable(_))));
    }
}
