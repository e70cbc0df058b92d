use std::collections::BTreeMap;

use domain::cve::CveId;
use domain::observation::VulnerabilityClaim;
use serde_json::value::RawValue;

use shodan_client::lenient::{Object, decimal, digits, line, object, string, texts, truth};

/// More CVEs on one service tell nothing more.
const MOST_CLAIMS: usize = 1000;
const LONGEST_SUMMARY: usize = 512;
const MOST_REFERENCES: usize = 5;
const LONGEST_REFERENCE: usize = 256;

/// What a banner says of CVEs. No CVE is in both.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Claims {
    pub(super) vulnerable: BTreeMap<CveId, VulnerabilityClaim>,
    pub(super) not_vulnerable: Vec<CveId>,
}

/// Reads `vulns`, `opts.vulns` and `opts.heartbleed` of a banner.
pub(super) fn read(banner: &Object<'_>) -> Claims {
    let mut claims = Claims::default();
    if let Some(vulns) = banner.get("vulns") {
        claims.take_concluded(vulns);
    }
    let opts = banner.object("opts");
    if let Some(tested) = opts.get("vulns") {
        claims.take_tested(tested);
    }
    match opts.read("heartbleed", string).and_then(|said| heartbleed(&said)) {
        Some(Heartbleed::Vulnerable) => claims.verify(Heartbleed::CVE),
        Some(Heartbleed::Safe) => claims.refute(Heartbleed::CVE),
        None => {}
    }
    claims.settled()
}

/// A list of CVEs, or an object with CVEs for names: those that apply, and those that were found absent (`!CVE-…`).
pub(super) fn split(raw: &RawValue) -> (Vec<CveId>, Vec<CveId>) {
    let mut claims = Claims::default();
    claims.take_concluded(raw);
    let claims = claims.settled();
    (claims.vulnerable.into_keys().collect(), claims.not_vulnerable)
}

/// What the test for Heartbleed came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heartbleed {
    Vulnerable,
    Safe,
}

impl Heartbleed {
    const CVE: &str = "CVE-2014-0160";

    /// The word of Shodan.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Vulnerable => "VULNERABLE",
            Self::Safe => "SAFE",
        }
    }
}

/// Reads `2020/12/16 20:00:12 192.0.2.1:993 - SAFE`; the date in it would make each look at the same thing differ.
pub(super) fn heartbleed(said: &str) -> Option<Heartbleed> {
    let verdict = said.trim_end().rsplit(['-', ' ']).next()?;
    match verdict {
        "VULNERABLE" => Some(Heartbleed::Vulnerable),
        "SAFE" => Some(Heartbleed::Safe),
        _ => None,
    }
}

impl Claims {
    fn take_concluded(&mut self, raw: &RawValue) {
        if let Some(named) = object(raw) {
            for (name, details) in named.members() {
                match (name.strip_prefix('!'), CveId::parse(name)) {
                    (Some(absent), _) => self.refute(absent),
                    (None, Some(cve)) => {
                        self.vulnerable.insert(cve, object(details).map(|d| claim(&d)).unwrap_or_default());
                    }
                    (None, None) => {}
                }
            }
            return;
        }
        for name in texts(raw) {
            match (name.strip_prefix('!'), CveId::parse(&name)) {
                (Some(absent), _) => self.refute(absent),
                (None, Some(cve)) => {
                    self.vulnerable.entry(cve).or_default();
                }
                (None, None) => {}
            }
        }
    }

    fn take_tested(&mut self, raw: &RawValue) {
        for name in texts(raw) {
            match name.strip_prefix('!') {
                Some(absent) => self.refute(absent),
                None => self.verify(&name),
            }
        }
    }

    fn verify(&mut self, name: &str) {
        if let Some(cve) = CveId::parse(name) {
            self.vulnerable.entry(cve).or_default().verified = true;
        }
    }

    fn refute(&mut self, name: &str) {
        self.not_vulnerable.extend(CveId::parse(name));
    }

    /// Of two words about one CVE the test that found it counts, then the test that did not, then the version.
    fn settled(mut self) -> Self {
        self.not_vulnerable.sort_unstable();
        self.not_vulnerable.dedup();
        self.not_vulnerable.retain(|cve| !self.vulnerable.get(cve).is_some_and(|claim| claim.verified));
        self.vulnerable.retain(|cve, _| self.not_vulnerable.binary_search(cve).is_err());
        self.not_vulnerable.truncate(MOST_CLAIMS);
        while self.vulnerable.len() > MOST_CLAIMS {
            // The oldest go first, and what was tested stays.
            let Some(oldest) = self.vulnerable.iter().find(|(_, c)| !c.verified).map(|(cve, _)| cve.clone()) else {
                break;
            };
            self.vulnerable.remove(&oldest);
        }
        self
    }
}

fn claim(details: &Object<'_>) -> VulnerabilityClaim {
    let within = |name: &str, most: f64| details.read(name, decimal).filter(|n| (0.0..=most).contains(n));
    let mut references: Vec<String> = details
        .get("references")
        .map(texts)
        .unwrap_or_default()
        .iter()
        .filter(|link| link.len() <= LONGEST_REFERENCE)
        .filter_map(|link| line(link, LONGEST_REFERENCE))
        .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
        .collect();
    references.sort_unstable();
    references.dedup();
    references.truncate(MOST_REFERENCES);
    VulnerabilityClaim {
        verified: details.read("verified", truth).unwrap_or(false),
        cvss: within("cvss", 10.0),
        cvss_version: details.read("cvss_version", digits).and_then(|version| cvss_version(&version)),
        epss: within("epss", 1.0),
        epss_percentile: within("ranking_epss", 1.0),
        known_exploited: details.read("kev", truth).unwrap_or(false),
        ransomware: ransomware(details),
        summary: details.read("summary", string).and_then(|summary| line(&summary, LONGEST_SUMMARY)),
        references,
    }
}

fn ransomware(details: &Object<'_>) -> bool {
    let flagged = details.read("ransomware", truth).unwrap_or(false);
    flagged || details.read("ransomware_campaign", string).is_some_and(|known| known.eq_ignore_ascii_case("known"))
}

/// `2`, `2.0` and `"2.0"` are one version.
fn cvss_version(written: &str) -> Option<String> {
    let written = line(written, 8)?;
    Some(if written.contains('.') { written } else { format!("{written}.0") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Claims {
        read(&serde_json::from_str(json).unwrap())
    }

    fn cve(id: &str) -> CveId {
        CveId::parse(id).unwrap()
    }

    #[test]
    fn cvss_is_a_number_however_it_is_written() {
        let claims = claims(
            r#"{"vulns":{
            "CVE-2020-0001":{"cvss":"5.0","verified":false,"cvss_version":2},
            "CVE-2020-0002":{"cvss":7.5,"verified":true,"cvss_version":"3.1","epss":"0.97","kev":true},
            "CVE-2020-0003":{"cvss":"high","verified":null},
            "CVE-2020-0004":null,
            "not a cve":{}}}"#,
        );
        assert_eq!(claims.vulnerable.len(), 4);
        let first = &claims.vulnerable[&cve("CVE-2020-0001")];
        assert_eq!((first.cvss, first.cvss_version.as_deref(), first.verified), (Some(5.0), Some("2.0"), false));
        let second = &claims.vulnerable[&cve("CVE-2020-0002")];
        assert_eq!(
            (second.cvss, second.epss, second.verified, second.known_exploited),
            (Some(7.5), Some(0.97), true, true)
        );
        assert_eq!(claims.vulnerable[&cve("CVE-2020-0003")].cvss, None);
    }

    #[test]
    fn what_was_tested_absent_is_no_claim() {
        let claims = claims(
            r#"{"vulns":["CVE-2020-0001","!CVE-2020-0002","CVE-2020-0003"],
            "opts":{"vulns":["!CVE-2020-0003","CVE-2020-0004"]}}"#,
        );
        assert_eq!(claims.vulnerable.keys().map(CveId::as_str).collect::<Vec<_>>(), ["CVE-2020-0001", "CVE-2020-0004"]);
        assert!(claims.vulnerable[&cve("CVE-2020-0004")].verified);
        assert_eq!(claims.not_vulnerable, [cve("CVE-2020-0002"), cve("CVE-2020-0003")]);
    }

    #[test]
    fn a_test_that_found_it_outweighs_one_that_did_not() {
        let claims = claims(
            r#"{"opts":{"vulns":["!CVE-2014-0160"],"heartbleed":"2026/03/14 08:24:11 203.0.113.24:443 - VULNERABLE\n"}}"#,
        );
        assert!(claims.vulnerable[&cve("CVE-2014-0160")].verified);
        assert!(claims.not_vulnerable.is_empty());
    }

    #[test]
    fn heartbleed_is_told_by_its_last_word() {
        assert_eq!(heartbleed("2020/12/16 20:00:12 192.0.2.1:993 - SAFE\n"), Some(Heartbleed::Safe));
        assert_eq!(heartbleed("2020/12/16 20:00:12 192.0.2.1:993 - VULNERABLE"), Some(Heartbleed::Vulnerable));
        assert_eq!(heartbleed("2020/12/16 20:00:12 192.0.2.1:993 - NOT VULNERABLE?"), None);
        assert_eq!(heartbleed("2020/12/16 20:00:12 ERROR: i/o timeout"), None);
        assert_eq!(heartbleed(""), None);
    }
}
