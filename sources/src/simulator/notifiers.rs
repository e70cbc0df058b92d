use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::World;
use super::fault::{Refused, error};
use super::request::Request;
use super::routes::{Answer, nowhere};
use super::state::Notifier;

/// Providers with what they cannot do without.
const PROVIDERS: [(&str, &[&str]); 7] = [
    ("email", &["to"]),
    ("gitter", &["room_id", "token"]),
    ("pagerduty", &["routing_key"]),
    ("phone", &["to"]),
    ("slack", &["webhook_url"]),
    ("telegram", &["chat_id", "token"]),
    ("webhook", &["url"]),
];

/// Everything below `/notifier`.
pub(super) fn answer(world: &World, request: &Request, rest: &[&str]) -> Answer {
    let mut state = world.state();
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let all: Vec<Value> = state.notifiers.iter().map(|(id, one)| one.json(id)).collect();
            Ok(json!({ "total": all.len(), "matches": all }).to_string())
        }
        ("GET", ["provider"]) => {
            let each = PROVIDERS.into_iter().map(|(name, required)| (name.to_owned(), json!({ "required": required })));
            Ok(Value::Object(each.collect()).to_string())
        }
        ("POST", []) => {
            let provider = request.parameter("provider").unwrap_or_default().to_owned();
            let notifier = made(provider, request)?;
            let id = state.next_id('N');
            state.notifiers.insert(id.clone(), notifier);
            Ok(json!({ "id": id, "success": true }).to_string())
        }
        ("GET", [id]) => state.notifiers.get(*id).map(|one| one.json(id).to_string()).ok_or_else(unknown),
        ("PUT", [id]) => {
            let provider = state.notifiers.get(*id).ok_or_else(unknown)?.provider.clone();
            let notifier = made(provider, request)?;
            state.notifiers.insert((*id).to_owned(), notifier);
            Ok(json!({ "id": id, "success": true }).to_string())
        }
        ("DELETE", [id]) => state.notifiers.remove(*id).map(|_| r#"{"success":true}"#.into()).ok_or_else(unknown),
        _ => Err(nowhere()),
    }
}

fn made(provider: String, request: &Request) -> Result<Notifier, Refused> {
    let invalid = |words: &str| Refused::new(error(StatusCode::BAD_REQUEST, words));
    let known = PROVIDERS.into_iter().find(|(name, _)| *name == provider);
    let (_, required) = known.ok_or_else(|| invalid("Invalid provider"))?;
    let given = request.parameters().filter(|(name, _)| !["provider", "description"].contains(name));
    let args: Map<String, Value> = given.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    if required.iter().any(|name| !args.contains_key(*name)) {
        return Err(invalid("Invalid arguments for the provider"));
    }
    Ok(Notifier { provider, description: request.parameter("description").map(str::to_owned), args })
}

fn unknown() -> Refused {
    Refused::new(error(StatusCode::NOT_FOUND, "Invalid notifier"))
}
