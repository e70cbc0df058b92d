//! `CVEdb`, CISA's list, EPSS and SSVC: what the banners themselves claim, in the words of these services.

use std::collections::BTreeMap;
use std::io::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use shodan_client::lenient::{Object, decimal, digits, object, string, texts, truth};

use super::World;
use super::fault::{Refused, as_json};
use super::request::Request;
use super::routes::nowhere;

/// The day of all dates here.
const DAY: &str = "2026-03-14";
/// Entries on a page of EPSS.
const EPSS_PAGE: usize = 100;

/// What the banners claim of one CVE.
#[derive(Debug, Default)]
struct Claim {
    summary: String,
    cvss: Option<f64>,
    epss: f64,
    percentile: f64,
    exploited: bool,
    ransomware: bool,
    references: Vec<String>,
    cpes: Vec<String>,
}

/// Everything below `/cvedb`, `/kev`, `/epss` and `/ssvc`.
pub(super) fn answer(world: &World, request: &Request, path: &[&str]) -> Result<Response, Refused> {
    let claims = claims(world);
    match path {
        ["cvedb", "cve", cve] => match claims.get(*cve) {
            Some(claim) => Ok(as_json(cvedb(cve, claim, true).to_string())),
            None => Err(missing()),
        },
        ["cvedb", "cves"] => Ok(as_json(cvedb_list(&claims, request).to_string())),
        ["kev"] => Ok(validated(request, as_json(kev(&claims).to_string()))),
        ["epss", "data", "v1", "epss"] => Ok(as_json(epss(&claims, request).to_string())),
        // As the publisher does: to the file of the day.
        ["epss", "epss_scores-current.csv.gz"] => {
            let day = format!("/epss/epss_scores-{DAY}.csv.gz");
            Ok((StatusCode::FOUND, [(header::LOCATION, day)]).into_response())
        }
        ["epss", file] if file.ends_with(".csv.gz") => {
            let packed = packed(&csv(&claims)).ok_or_else(nowhere)?;
            Ok(validated(request, ([(header::CONTENT_TYPE, "application/gzip")], packed).into_response()))
        }
        ["ssvc", _, _, file] => {
            let cve = file.strip_suffix(".json").ok_or_else(nowhere)?;
            let claim = claims.get(cve).ok_or_else(nowhere)?;
            Ok(as_json(vulnrichment(cve, claim).to_string()))
        }
        _ => Err(nowhere()),
    }
}

/// What the banners claim, by CVE.
fn claims(world: &World) -> BTreeMap<String, Claim> {
    let mut archive = world.archive();
    let mut claims: BTreeMap<String, Claim> = BTreeMap::new();
    for record in archive.all() {
        let members = record.members();
        let vulns = members.object("vulns");
        for (name, details) in vulns.members().filter(|(name, _)| name.starts_with("CVE-")) {
            let claim = claims.entry(name.to_owned()).or_default();
            if let Some(details) = object(details) {
                claim.take(&details);
            }
            claim.cpes.extend(record.cpes.iter().filter(|cpe| cpe.starts_with("cpe:2.3")).cloned());
            claim.cpes.sort_unstable();
            claim.cpes.dedup();
        }
    }
    claims
}

impl Claim {
    fn take(&mut self, details: &Object<'_>) {
        let number = |name: &str| details.read(name, decimal);
        self.summary = details.read("summary", string).unwrap_or_default().into_owned();
        self.cvss = number("cvss");
        self.epss = number("epss").unwrap_or(0.0);
        self.percentile = number("ranking_epss").unwrap_or(0.0);
        self.exploited = details.read("kev", truth).unwrap_or(false);
        self.ransomware = details.read("ransomware_campaign", digits).is_some_and(|word| word == "Known");
        self.references =
            details.get("references").map(texts).unwrap_or_default().into_iter().map(Into::into).collect();
    }
}

fn cvedb(cve: &str, claim: &Claim, whole: bool) -> Value {
    let mut answer = json!({ "cve_id": cve, "summary": claim.summary, "cvss": claim.cvss, "cvss_version": 3.1,
        "cvss_v2": null, "cvss_v3": claim.cvss, "cvss_v4": null, "epss": claim.epss,
        "ranking_epss": claim.percentile, "kev": claim.exploited, "propose_action": null,
        "ransomware_campaign": claim.ransomware.then_some("Known"), "references": claim.references,
        "published_time": format!("{}-06-01T10:15:09", year(cve)) });
    if whole {
        answer["cpes"] = json!(claim.cpes);
    }
    answer
}

fn cvedb_list(claims: &BTreeMap<String, Claim>, request: &Request) -> Value {
    let wanted = |claim: &Claim, name: &str, found: &dyn Fn(&Claim, &str) -> bool| {
        request.parameter(name).is_none_or(|value| found(claim, &value.to_lowercase()))
    };
    let in_cpes = |claim: &Claim, value: &str| claim.cpes.iter().any(|cpe| cpe.to_lowercase().contains(value));
    let mut found: Vec<_> = claims
        .iter()
        .filter(|(_, claim)| wanted(claim, "product", &in_cpes) && wanted(claim, "cpe23", &in_cpes))
        .filter(|(_, claim)| !request.flag("is_kev") || claim.exploited)
        .collect();
    if request.flag("sort_by_epss") {
        found.sort_by(|(_, a), (_, b)| b.epss.total_cmp(&a.epss));
    }
    if request.flag("count") {
        return json!({ "total": found.len() });
    }
    let (skip, limit) = (request.number("skip").unwrap_or(0), request.number("limit").unwrap_or(1000));
    let cves = found.into_iter().skip(skip).take(limit).map(|(cve, claim)| cvedb(cve, claim, false));
    json!({ "cves": cves.collect::<Vec<_>>() })
}

fn kev(claims: &BTreeMap<String, Claim>) -> Value {
    let entry = |(cve, claim): (&String, &Claim)| {
        json!({ "cveID": cve, "vendorProject": "Acme", "product": "Device", "vulnerabilityName": claim.summary,
            "dateAdded": "2026-01-10", "shortDescription": claim.summary, "requiredAction": "Apply updates per vendor instructions.",
            "dueDate": "2026-01-31", "knownRansomwareCampaignUse": if claim.ransomware { "Known" } else { "Unknown" },
            "notes": "", "cwes": [] })
    };
    let listed: Vec<Value> = claims.iter().filter(|(_, claim)| claim.exploited).map(entry).collect();
    json!({ "title": "Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.03.14",
        "dateReleased": format!("{DAY}T08:00:00.0000Z"), "count": listed.len(), "vulnerabilities": listed })
}

fn epss(claims: &BTreeMap<String, Claim>, request: &Request) -> Value {
    let names: Option<Vec<&str>> = request.parameter("cve").map(|list| list.split(',').collect());
    let wanted = claims.iter().filter(|(cve, _)| names.as_ref().is_none_or(|names| names.contains(&cve.as_str())));
    // Numbers come as strings there.
    let all: Vec<Value> = wanted
        .map(|(cve, claim)| {
            json!({ "cve": cve, "epss": format!("{:.9}", claim.epss), "percentile": format!("{:.9}", claim.percentile), "date": DAY })
        })
        .collect();
    let (offset, limit) =
        (request.number("offset").unwrap_or(0), request.number("limit").unwrap_or(EPSS_PAGE).min(EPSS_PAGE));
    let total = all.len();
    let data: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    json!({ "status": "OK", "status-code": 200, "version": "1.0", "access": "private, no-cache", "total": total,
        "offset": offset, "limit": limit, "data": data })
}

fn csv(claims: &BTreeMap<String, Claim>) -> String {
    let lines: String =
        claims.iter().map(|(cve, claim)| format!("{cve},{:.5},{:.5}\n", claim.epss, claim.percentile)).collect();
    format!("#model_version:v2025.03.14,score_date:{DAY}T12:55:00Z\ncve,epss,percentile\n{lines}")
}

fn packed(text: &str) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).ok()?;
    encoder.finish().ok()
}

/// A record of CVE with what CISA added to it.
fn vulnrichment(cve: &str, claim: &Claim) -> Value {
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let exploitation = if claim.exploited { "active" } else { "none" };
    let impact = if claim.cvss.is_some_and(|score| score >= 9.0) { "total" } else { "partial" };
    let options = json!([{ "Exploitation": exploitation }, { "Automatable": yes(claim.epss >= 0.1) }, { "Technical Impact": impact }]);
    let content = json!({ "id": cve, "role": "CISA Coordinator", "options": options, "version": "2.0.3",
        "timestamp": format!("{DAY}T08:00:00.000000Z") });
    json!({ "dataType": "CVE_RECORD", "dataVersion": "5.1", "cveMetadata": { "cveId": cve },
        "containers": { "cna": {}, "adp": [{ "title": "CISA ADP Vulnrichment", "providerMetadata": { "shortName": "CISA-ADP" },
            "metrics": [{ "other": { "type": "ssvc", "content": content } }] }] } })
}

/// With validators, and 304 for who has it already.
fn validated(request: &Request, mut response: Response) -> Response {
    const ETAG: HeaderValue = HeaderValue::from_static("\"2026-03-14\"");
    const MODIFIED: HeaderValue = HeaderValue::from_static("Sat, 14 Mar 2026 08:00:00 GMT");
    let has = |name: header::HeaderName, value: &HeaderValue| request.headers.get(name) == Some(value);
    if has(header::IF_NONE_MATCH, &ETAG) || has(header::IF_MODIFIED_SINCE, &MODIFIED) {
        response = StatusCode::NOT_MODIFIED.into_response();
    }
    response.headers_mut().insert(header::ETAG, ETAG);
    response.headers_mut().insert(header::LAST_MODIFIED, MODIFIED);
    response
}

fn missing() -> Refused {
    Refused::new(
        (StatusCode::NOT_FOUND, as_json(json!({ "detail": "No information available" }).to_string())).into_response(),
    )
}

fn year(cve: &str) -> &str {
    cve.split('-').nth(1).unwrap_or("1999")
}
