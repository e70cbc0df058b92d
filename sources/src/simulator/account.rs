use axum::http::HeaderName;
use serde_json::{Value, json};

use super::World;
use super::request::Request;

/// `/api-info`
pub(super) fn api_info(world: &World) -> String {
    let credits = world.gate().credits;
    let state = world.state();
    let left = |credits: Option<u32>| credits.map_or(json!(-1), Value::from);
    let limit = |credits: Option<u32>, limit: u32| if credits.is_none() { json!(-1) } else { limit.into() };
    json!({
        "plan": "simulator", "https": true, "unlocked": true, "telnet": true, "unlocked_left": left(credits),
        "query_credits": left(credits), "scan_credits": left(state.scan_credits), "monitored_ips": state.monitored_ips(),
        "usage_limits": { "query_credits": limit(credits, 10_000), "scan_credits": limit(state.scan_credits, 5_120),
            "monitored_ips": state.monitored_ips_limit },
    })
    .to_string()
}

/// `/account/profile`
pub(super) fn profile(world: &World) -> String {
    let credits = world.gate().credits;
    json!({ "member": true, "credits": credits, "display_name": null, "created": "2020-06-15T10:44:43.148000" })
        .to_string()
}

/// `/tools/httpheaders`
pub(super) fn http_headers(request: &Request) -> String {
    let name = |name: &HeaderName| name.as_str().to_owned();
    let headers = request.headers.iter().filter_map(|(n, value)| Some((name(n), value.to_str().ok()?)));
    json!(headers.collect::<std::collections::BTreeMap<_, _>>()).to_string()
}
