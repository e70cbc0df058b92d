use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use shodan_client::query::terms;

use super::World;
use super::facets::{FACETS, facets_of};
use super::fault::{Fault, Refused, error};
use super::query::{FILTERS, Query};
use super::request::Request;
use super::routes::{Answer, nowhere};

/// How many banners an unstable page repeats of the one before.
const REPEATED: usize = 10;

/// `/shodan/host/search`
pub(super) fn search(world: &World, request: &Request, fault: Option<Fault>) -> Answer {
    let query = asked(request)?;
    let page = request.number("page").unwrap_or(1).max(1);
    let offset = request.number("offset").unwrap_or(0);
    if query.has_filter() || page > 1 || offset > 0 {
        world.gate().pay()?;
    }
    let mut archive = world.archive();
    let found = archive.search(&query);
    // Who gives a limit pages by offset.
    let size = request.number("limit").map_or(world.page_size, |limit| limit.min(world.page_size));
    let first = (page - 1) * size + offset;
    let (first, length, total) = match fault {
        Some(Fault::ShortPage) => (first, size.div_ceil(2), found.len()),
        Some(Fault::UnstablePaging) => (first.saturating_sub(REPEATED), size, found.len() + (page - 1) * 7),
        _ => (first, size, found.len()),
    };
    let matches: Vec<&str> = found.iter().skip(first).take(length).map(|record| record.json.as_str()).collect();
    let facets = facets_of(request, &found).map(|facets| format!(r#","facets":{facets}"#)).unwrap_or_default();
    Ok(format!(r#"{{"matches":[{}],"total":{total}{facets}}}"#, matches.join(",")))
}

/// `/shodan/host/count`
pub(super) fn count(world: &World, request: &Request) -> Answer {
    let query = asked(request)?;
    let mut archive = world.archive();
    let found = archive.search(&query);
    let mut answer = json!({ "matches": [], "total": found.len() });
    if let Some(facets) = facets_of(request, &found) {
        answer["facets"] = facets;
    }
    Ok(answer.to_string())
}

/// `/shodan/host/search/tokens`
pub(super) fn tokens(request: &Request) -> String {
    let (mut attributes, mut filters, mut words, mut errors) = (Map::new(), Vec::new(), Vec::new(), Vec::new());
    for term in terms(request.parameter("query").unwrap_or_default()) {
        match term.filter {
            None => words.extend(term.values),
            Some(name) if FILTERS.contains(&name.as_str()) => {
                // Ports come under another name, and as numbers.
                let numbers = || term.values.iter().filter_map(|value| value.parse::<u16>().ok()).map(Value::from);
                let values = if name == "port" {
                    numbers().collect()
                } else {
                    term.values.iter().cloned().map(Value::from).collect()
                };
                attributes.insert(if name == "port" { "ports".into() } else { name.clone() }, Value::Array(values));
                filters.push(name);
            }
            Some(name) => errors.push(format!("Invalid filter: {name}")),
        }
    }
    filters.sort_unstable();
    filters.dedup();
    json!({ "attributes": attributes, "errors": errors, "string": words.join(" "), "filters": filters }).to_string()
}

/// `/shodan/host/search/facets`
pub(super) fn facets() -> String {
    json!(FACETS).to_string()
}

/// `/shodan/host/search/filters`
pub(super) fn filters() -> String {
    json!(FILTERS).to_string()
}

/// The trends service: everything was found this month.
pub(super) fn trend(world: &World, request: &Request, rest: &[&str]) -> Answer {
    match rest {
        ["facets"] => return Ok(facets()),
        ["filters"] => return Ok(filters()),
        [] => {}
        _ => return Err(nowhere()),
    }
    let query = asked(request)?;
    let mut archive = world.archive();
    let found = archive.search(&query);
    let month = found.first().map(|record| record.at.strftime("%Y-%m").to_string()).unwrap_or_default();
    let by_month = |values: &Value| json!([{ "key": month, "values": values }]);
    let facets = facets_of(request, &found).unwrap_or_default();
    let facets: Map<String, Value> =
        facets.as_object().into_iter().flatten().map(|(name, values)| (name.clone(), by_month(values))).collect();
    Ok(json!({ "total": found.len(), "matches": [{ "month": month, "count": found.len() }], "facets": facets })
        .to_string())
}

/// The query, which must not be missing.
fn asked(request: &Request) -> Result<Query, Refused> {
    let words = "The search query is missing: use the parameter \"query\".";
    let query = request.parameter("query").ok_or_else(|| Refused::new(error(StatusCode::BAD_REQUEST, words)))?;
    Ok(Query::read(query))
}
