//! What the chat products document of the messages that they take, held against a body: shapes, limits, and what of it
//! is active (links, mentions, functions). Stricter than the products: what is not written down here is refused.

mod discord;
mod pagerduty;
mod slack;
mod teams;

use app::ports::ChatService;
use serde_json::Value;

/// Would the product take this body?
pub(crate) fn judge(service: ChatService, body: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    match service {
        ChatService::Slack => slack::judge(&value),
        ChatService::Teams => teams::judge(&value, body),
        ChatService::Discord => discord::judge(&value),
        ChatService::PagerDuty => pagerduty::judge(&value, body),
    }
}

/// Where a click leads, and whatever else the product would act upon.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Active {
    pub(crate) links: Vec<String>,
    pub(crate) others: Vec<String>,
}

/// What of the body is active.
pub(crate) fn active(service: ChatService, body: &Value) -> Active {
    let mut active = Active::default();
    visit(body, "", &mut |key, text| {
        let link = ["url", "href", "client_url"].contains(&key);
        if link {
            active.links.push(text.into());
        }
        let calls = ["@here", "@everyone", "@channel"].iter().any(|word| text.to_lowercase().contains(word));
        if calls && !link {
            active.others.push(format!("a mention: {text}"));
        }
    });
    match service {
        ChatService::Slack => slack::active(body, &mut active),
        ChatService::Teams => teams::active(body, &mut active),
        ChatService::Discord => discord::active(body, &mut active),
        ChatService::PagerDuty => pagerduty::active(body, &mut active),
    }
    active
}

/// Every text in a value, with the name that it stands under.
fn visit(value: &Value, key: &str, seen: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => seen(key, text),
        Value::Array(items) => items.iter().for_each(|item| visit(item, key, seen)),
        Value::Object(object) => object.iter().for_each(|(key, item)| visit(item, key, seen)),
        _ => {}
    }
}

/// In the unit in which the products count, where they say: UTF-16.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Only these names, and of those all that are marked with `!`.
fn only(value: &Value, names: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or_else(|| format!("no object: {value}"))?;
    let known = |key: &String| names.iter().any(|name| name.trim_end_matches('!') == key);
    if let Some(key) = object.keys().find(|key| !known(key)) {
        return Err(format!("unknown: {key}"));
    }
    match names.iter().find(|name| name.strip_suffix('!').is_some_and(|name| !object.contains_key(name))) {
        Some(name) => Err(format!("missing: {name}")),
        None => Ok(()),
    }
}

/// A text of 1 to `max` units.
fn text(value: &Value, max: usize) -> Result<usize, String> {
    let text = value.as_str().ok_or_else(|| format!("no text: {value}"))?;
    let length = length(text);
    if text.trim().is_empty() || length > max { Err(format!("{length} units, of 1 to {max}")) } else { Ok(length) }
}

/// An address of the web.
fn url(value: &Value, max: usize) -> Result<(), String> {
    text(value, max)?;
    let web = value.as_str().is_some_and(|url| url.starts_with("https://") || url.starts_with("http://"));
    if web { Ok(()) } else { Err(format!("no URL: {value}")) }
}

/// A list of so many at most.
fn list(value: &Value, max: usize) -> Result<&[Value], String> {
    let items = value.as_array().ok_or_else(|| format!("no list: {value}"))?;
    if items.is_empty() || items.len() > max { Err(format!("{} items, of 1 to {max}", items.len())) } else { Ok(items) }
}
