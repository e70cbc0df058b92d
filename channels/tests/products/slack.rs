//! docs.slack.dev, reference/block-kit: blocks and composition objects.

use serde_json::Value;

use super::{Active, list, only, text, url, visit};

pub(super) fn judge(body: &Value) -> Result<(), String> {
    only(body, &["text!", "blocks!", "unfurl_links", "unfurl_media"])?;
    text(&body["text"], 4000)?;
    list(&body["blocks"], 50)?.iter().try_for_each(block)
}

fn block(block: &Value) -> Result<(), String> {
    match block["type"].as_str() {
        Some("header") => {
            only(block, &["type", "text!"])?;
            object(&block["text"], 150, false)
        }
        Some("section") if block.get("fields").is_some() => {
            only(block, &["type", "fields!"])?;
            list(&block["fields"], 10)?.iter().try_for_each(|field| object(field, 2000, true))
        }
        Some("section") => {
            only(block, &["type", "text!", "accessory"])?;
            object(&block["text"], 3000, true)?;
            block.get("accessory").map_or(Ok(()), button)
        }
        Some("context") => {
            only(block, &["type", "elements!"])?;
            list(&block["elements"], 10)?.iter().try_for_each(|element| object(element, 3000, true))
        }
        Some("actions") => {
            only(block, &["type", "elements!"])?;
            list(&block["elements"], 25)?.iter().try_for_each(button)
        }
        other => Err(format!("a block of type {other:?}")),
    }
}

fn object(object: &Value, max: usize, markup: bool) -> Result<(), String> {
    match object["type"].as_str() {
        Some("plain_text") => only(object, &["type", "text!", "emoji"])?,
        Some("mrkdwn") if markup => only(object, &["type", "text!", "verbatim"])?,
        other => return Err(format!("a text of type {other:?}")),
    }
    text(&object["text"], max).map(drop)
}

fn button(button: &Value) -> Result<(), String> {
    only(button, &["type!", "text!", "url!"])?;
    object(&button["text"], 75, false)?;
    url(&button["url"], 3000)
}

/// Markup is in `mrkdwn` objects and in the notification's text; `<` begins a link or a mention.
pub(super) fn active(body: &Value, active: &mut Active) {
    let mut markup = vec![body["text"].as_str().unwrap_or_default().to_owned()];
    collect(body, &mut markup);
    let begun = |text: &String| {
        text.contains(['<', '>']) || text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").contains('&')
    };
    active.others.extend(markup.into_iter().filter(begun));
    visit(body, "", &mut |key, text| {
        if key != "url" && text.contains("://") {
            active.others.push(format!("a link: {text}"));
        }
    });
}

fn collect(value: &Value, markup: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, markup)),
        Value::Object(object) => {
            if object.get("type").is_some_and(|kind| kind == "mrkdwn") {
                markup.extend(object.get("text").and_then(Value::as_str).map(str::to_owned));
            }
            object.values().for_each(|item| collect(item, markup));
        }
        _ => {}
    }
}
