use app::ports::{CvssScore, EpssScore, SourceError, VulnerabilityFacts};
use domain::cve::CveId;
use http::StatusCode;
use reqwest::Client;
use shodan_client::lenient::{
    Object, block, decimal, digits, instant, line, list, object, repaired, string, texts, truth,
};
use url::Url;

use crate::fetch::{self, accepted, unreadable};

const LONGEST_SUMMARY: usize = 4 * 1024;
const MOST_REFERENCES: usize = 50;
const MOST_CPES: usize = 500;

/// Shodan's database of vulnerabilities. Free for non-commercial use. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Cvedb {
    http: Client,
    base: Url,
}

impl Cvedb {
    pub(crate) fn new(http: Client, base: Url) -> Self {
        Self { http, base }
    }

    /// `GET /cve/{id}`: one CVE. `None`: it knows nothing of it.
    pub(crate) async fn vulnerability(&self, cve: &CveId) -> Result<Option<VulnerabilityFacts>, SourceError> {
        let answer = fetch::get(&self.http, fetch::below(&self.base, &["cve", cve.as_str()])?).await?;
        // A 404 that is a page of HTML comes from something in between.
        if answer.status == StatusCode::NOT_FOUND {
            let text = repaired(&answer.body);
            let said = serde_json::from_str::<Object<'_>>(&text).is_ok_and(|words| words.get("detail").is_some());
            return if said { Ok(None) } else { Err(SourceError::Unavailable("status 404".into())) };
        }
        let body = accepted(answer)?;
        let text = repaired(&body);
        let facts = serde_json::from_str(&text).ok().and_then(|answer| facts(&answer)).ok_or_else(unreadable)?;
        if facts.cve == *cve { Ok(Some(facts)) } else { Err(unreadable()) }
    }

    /// `GET /cves?product=…`: at most `most` CVEs of a product, the likeliest first.
    pub(crate) async fn of_product(&self, product: &str, most: usize) -> Result<Vec<VulnerabilityFacts>, SourceError> {
        let mut url = fetch::below(&self.base, &["cves"])?;
        url.query_pairs_mut()
            .append_pair("product", product)
            .append_pair("sort_by_epss", "true")
            .append_pair("limit", &most.to_string());
        let answer = fetch::get(&self.http, url).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let body = accepted(answer)?;
        let text = repaired(&body);
        let answer: Object<'_> = serde_json::from_str(&text).map_err(|_| unreadable())?;
        let cves = answer.read("cves", list).ok_or_else(unreadable)?;
        Ok(cves.into_iter().filter_map(object).filter_map(|one| facts(&one)).take(most).collect())
    }
}

fn facts(answer: &Object<'_>) -> Option<VulnerabilityFacts> {
    let cve = answer.read("cve_id", string).and_then(|id| CveId::parse(&id))?;
    let share = |name: &str| answer.read(name, decimal).filter(|share| (0.0..=1.0).contains(share));
    let list = |name: &str, most: usize, longest: usize| -> Vec<String> {
        let texts = answer.get(name).map(texts).unwrap_or_default();
        texts.iter().filter(|text| text.len() <= longest).filter_map(|text| line(text, longest)).take(most).collect()
    };
    let is_link = |link: &String| link.starts_with("https://") || link.starts_with("http://");
    Some(VulnerabilityFacts {
        summary: answer
            .read("summary", string)
            .map(|text| block(&text, LONGEST_SUMMARY))
            .filter(|text| !text.is_empty()),
        cvss: scores(answer),
        epss: share("epss").map(|probability| EpssScore {
            cve: cve.clone(),
            probability,
            percentile: share("ranking_epss").unwrap_or(0.0),
            date: None,
        }),
        known_exploited: answer.read("kev", truth).unwrap_or(false),
        ransomware: answer.read("ransomware_campaign", string).is_some_and(|word| word.eq_ignore_ascii_case("known")),
        proposed_action: answer.read("propose_action", string).and_then(|text| line(&text, 512)),
        references: list("references", usize::MAX, 2048).into_iter().filter(is_link).take(MOST_REFERENCES).collect(),
        cpes: list("cpes", MOST_CPES, 256),
        published_at: answer.read("published_time", string).and_then(|at| instant(&at)),
        cve,
    })
}

/// All scores that it tells, the newest version first. `cvss` repeats one of the others under its version.
fn scores(answer: &Object<'_>) -> Vec<CvssScore> {
    let score = |name: &str| answer.read(name, decimal).filter(|score| (0.0..=10.0).contains(score));
    let named = answer
        .read("cvss_version", digits)
        .and_then(|version| line(&version, 8))
        .map(|version| if version.contains('.') { version } else { format!("{version}.0") });
    let of_generation = |generation: char, otherwise: &str| {
        named.clone().filter(|version| version.starts_with(generation)).unwrap_or_else(|| otherwise.to_owned())
    };
    let each = [("cvss_v4", '4', "4.0"), ("cvss_v3", '3', "3"), ("cvss_v2", '2', "2.0")];
    let mut scores: Vec<CvssScore> = each
        .into_iter()
        .filter_map(|(name, generation, otherwise)| {
            Some(CvssScore { version: of_generation(generation, otherwise), score: score(name)? })
        })
        .collect();
    if let (true, Some(score)) = (scores.is_empty(), score("cvss")) {
        scores.push(CvssScore { version: named.unwrap_or_else(|| "2.0".into()), score });
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<VulnerabilityFacts> {
        facts(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn scores_are_told_by_their_version_however_it_is_written() {
        for (json, expected) in [
            (r#""cvss":9.8,"cvss_version":3.1,"cvss_v3":9.8,"cvss_v2":"7.5""#, vec![("3.1", 9.8), ("2.0", 7.5)]),
            (r#""cvss":9.3,"cvss_version":"4.0","cvss_v4":9.3,"cvss_v3":8"#, vec![("4.0", 9.3), ("3", 8.0)]),
            (r#""cvss":5,"cvss_version":2"#, vec![("2.0", 5.0)]),
            (r#""cvss":11,"cvss_v3":null"#, vec![]),
        ] {
            let facts = read(&format!(r#"{{"cve_id":"CVE-2021-36260",{json}}}"#)).unwrap();
            let scores: Vec<_> = facts.cvss.iter().map(|score| (score.version.as_str(), score.score)).collect();
            assert_eq!(scores, expected, "{json}");
        }
    }

    #[test]
    fn a_cve_is_read_with_links_only() {
        let facts = read(
            r#"{"cve_id":"CVE-2021-44228","summary":"a\u0000b","epss":0.97,"ranking_epss":"0.999","kev":true,
                "ransomware_campaign":"Known","references":["https://a.example","javascript:alert(1)"],
                "published_time":"2021-12-10T10:15:09","cpes":["cpe:2.3:a:x:y"]}"#,
        )
        .unwrap();
        assert_eq!((facts.summary.as_deref(), facts.references.len()), (Some("a.b"), 1));
        assert!(facts.known_exploited && facts.ransomware && facts.epss.is_some());
        assert_eq!(facts.published_at.unwrap().to_string(), "2021-12-10T10:15:09Z");
        assert_eq!(read("{}"), None);
    }
}
