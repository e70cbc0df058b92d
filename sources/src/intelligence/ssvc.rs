use app::ports::{Exploitation, SourceError, SsvcRecord};
use domain::cve::CveId;
use http::StatusCode;
use reqwest::Client;
use shodan_client::lenient::{Object, instant, list, object, repaired, string};
use url::Url;

use crate::fetch::{self, accepted, unreadable};

/// Weaknesses that are kept of one CVE.
const MOST_WEAKNESSES: usize = 10;

/// CISA's record of one CVE in Vulnrichment. `None`: there is none, or it says nothing.
pub(super) async fn of(http: &Client, base: &Url, cve: &CveId) -> Result<Option<SsvcRecord>, SourceError> {
    let (year, thousand) = folder(cve).ok_or_else(|| SourceError::Rejected("no such CVE".into()))?;
    let url = fetch::below(base, &[&year, &thousand, &format!("{cve}.json")])?;
    let answer = fetch::get(http, url).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    read(&accepted(answer)?, cve)
}

/// `CVE-2021-36260` lies in `2021/36xxx`.
fn folder(cve: &CveId) -> Option<(String, String)> {
    let (year, number) = cve.as_str().strip_prefix("CVE-")?.split_once('-')?;
    let thousands = number.len().checked_sub(3).and_then(|end| number.get(..end))?;
    Some((year.to_owned(), format!("{thousands}xxx")))
}

fn read(body: &[u8], cve: &CveId) -> Result<Option<SsvcRecord>, SourceError> {
    let text = repaired(body);
    let record: Object<'_> = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let about = record.object("cveMetadata").read("cveId", string).and_then(|id| CveId::parse(&id));
    if about.as_ref() != Some(cve) {
        return Err(unreadable());
    }
    let containers = record.object("containers");
    let added = || containers.read("adp", list).unwrap_or_default().into_iter().filter_map(object);
    let metrics = added().filter_map(|adp| adp.read("metrics", list)).flatten();
    let content = metrics.filter_map(object).map(|metric| metric.object("other")).find(is_ssvc);
    let mut cwes: Vec<String> =
        std::iter::once(containers.object("cna")).chain(added()).flat_map(|c| weaknesses(&c)).collect();
    cwes.sort();
    cwes.dedup();
    cwes.truncate(MOST_WEAKNESSES);
    let judged = content.map(|other| judgement(cve, &other.object("content")));
    let silent = SsvcRecord {
        cve: cve.clone(),
        exploitation: None,
        automatable: None,
        total_impact: None,
        decided_at: None,
        cwes: Vec::new(),
    };
    let says = judged.is_some() || !cwes.is_empty();
    Ok(says.then(|| SsvcRecord { cwes, ..judged.unwrap_or(silent) }))
}

/// The weaknesses that one part of a record names, such as `CWE-78`.
fn weaknesses(container: &Object<'_>) -> Vec<String> {
    let types = container.read("problemTypes", list).unwrap_or_default().into_iter().filter_map(object);
    let described = types.filter_map(|kind| kind.read("descriptions", list)).flatten().filter_map(object);
    let ids = described.filter_map(|words| words.read("cweId", string));
    ids.map(|id| id.trim().to_ascii_uppercase()).filter(|id| is_weakness(id)).collect()
}

fn is_weakness(id: &str) -> bool {
    id.strip_prefix("CWE-").is_some_and(|n| (1..=6).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

fn is_ssvc(other: &Object<'_>) -> bool {
    other.read("type", string).is_some_and(|kind| kind.eq_ignore_ascii_case("ssvc"))
}

fn judgement(cve: &CveId, content: &Object<'_>) -> SsvcRecord {
    let options: Vec<Object<'_>> =
        content.read("options", list).unwrap_or_default().into_iter().filter_map(object).collect();
    let said = |name: &str| {
        let word = options.iter().find_map(|option| option.read(name, string));
        word.map(|word| word.trim().to_ascii_lowercase())
    };
    SsvcRecord {
        cve: cve.clone(),
        exploitation: said("Exploitation").and_then(|word| match word.as_str() {
            "none" => Some(Exploitation::None),
            "poc" => Some(Exploitation::Poc),
            "active" => Some(Exploitation::Active),
            _ => None,
        }),
        automatable: said("Automatable").and_then(|word| either(&word, "yes", "no")),
        total_impact: said("Technical Impact").and_then(|word| either(&word, "total", "partial")),
        decided_at: content.read("timestamp", string).and_then(|at| instant(&at)),
        cwes: Vec::new(),
    }
}

fn either(word: &str, yes: &str, no: &str) -> Option<bool> {
    if word == yes { Some(true) } else { (word == no).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cve(id: &str) -> CveId {
        CveId::parse(id).unwrap()
    }

    #[test]
    fn records_lie_in_folders_of_a_thousand() {
        let place = |id| folder(&cve(id)).map(|(year, thousand)| format!("{year}/{thousand}"));
        assert_eq!(place("CVE-2021-36260").as_deref(), Some("2021/36xxx"));
        assert_eq!(place("CVE-2014-0160").as_deref(), Some("2014/0xxx"));
    }

    #[test]
    fn the_judgement_is_found_among_what_was_added() {
        let record = br#"{"cveMetadata":{"cveId":"CVE-2024-1234"},"containers":{
            "cna":{"problemTypes":[{"descriptions":[{"cweId":"cwe-78"},{"description":"n/a"},{"cweId":"NVD-CWE-Other"}]}]},
            "adp":[{"title":"CVE Program","problemTypes":[{"descriptions":[{"cweId":"CWE-20"}]}]},
            {"metrics":[{"other":{"type":"kev","content":{}}},{"other":{"type":"ssvc","content":{"timestamp":"2024-05-01T10:00:00.1Z",
            "options":[{"Exploitation":"poc"},{"Automatable":"YES"},{"Technical Impact":"partial"}]}}}]}]}}"#;
        let found = read(record, &cve("CVE-2024-1234")).unwrap().unwrap();
        assert_eq!(
            (found.exploitation, found.automatable, found.total_impact),
            (Some(Exploitation::Poc), Some(true), Some(false))
        );
        assert_eq!(found.cwes, ["CWE-20", "CWE-78"]);
        assert!(read(record, &cve("CVE-2024-9999")).is_err(), "a record of another CVE is none");
        let without = br#"{"cveMetadata":{"cveId":"CVE-2024-1234"},"containers":{}}"#;
        assert_eq!(read(without, &cve("CVE-2024-1234")).unwrap(), None);
    }
}
