use app::ports::{EpssScore, SourceError};
use domain::cve::CveId;
use jiff::civil::Date;
use reqwest::Client;
use shodan_client::lenient::{Object, decimal, list, object, repaired, string};
use url::Url;

use crate::fetch::{self, accepted, unreadable};

/// CVEs in one request: the list may have 2000 characters, and a page 100 entries.
const MOST_CVES: usize = 100;

/// The scores of these CVEs.
pub(in crate::intelligence) async fn of(
    http: &Client,
    base: &Url,
    cves: &[CveId],
) -> Result<Vec<EpssScore>, SourceError> {
    let mut scores = Vec::with_capacity(cves.len());
    for some in cves.chunks(MOST_CVES) {
        let names: Vec<&str> = some.iter().map(CveId::as_str).collect();
        let mut url = fetch::below(base, &["data", "v1", "epss"])?;
        url.query_pairs_mut().append_pair("cve", &names.join(",")).append_pair("limit", &MOST_CVES.to_string());
        let body = accepted(fetch::get(http, url).await?)?;
        // What was not asked for is not taken.
        scores.extend(read(&body)?.into_iter().filter(|score| some.contains(&score.cve)));
    }
    scores.sort_by(|a, b| a.cve.cmp(&b.cve));
    scores.dedup_by(|again, first| again.cve == first.cve);
    Ok(scores)
}

fn read(body: &[u8]) -> Result<Vec<EpssScore>, SourceError> {
    let text = repaired(body);
    let answer: Object<'_> = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let data = answer.read("data", list).ok_or_else(unreadable)?;
    Ok(data.into_iter().filter_map(object).filter_map(|entry| score(&entry)).collect())
}

fn score(entry: &Object<'_>) -> Option<EpssScore> {
    // Numbers come as strings here.
    let share = |name: &str| entry.read(name, decimal).filter(|share| (0.0..=1.0).contains(share));
    Some(EpssScore {
        cve: entry.read("cve", string).and_then(|id| CveId::parse(&id))?,
        probability: share("epss")?,
        percentile: share("percentile")?,
        date: entry.read("date", string).and_then(|day| day.parse::<Date>().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_strings_are_numbers_and_nonsense_is_left_out() {
        let scores = read(
            br#"{"status":"OK","data":[{"cve":"CVE-2021-40438","epss":"0.972240000","percentile":"1.000000000","date":"2022-02-28"},
                {"cve":"CVE-2021-0001","epss":7,"percentile":0},{"cve":"x","epss":0,"percentile":0}]}"#,
        )
        .unwrap();
        assert_eq!(scores.len(), 1);
        assert!((scores[0].probability - 0.97224).abs() < 1e-9);
        assert_eq!(scores[0].date.unwrap().to_string(), "2022-02-28");
        assert!(read(b"{}").is_err());
    }
}
