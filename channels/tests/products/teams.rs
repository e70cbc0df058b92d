//! adaptivecards.io, schema 1.4, and the size that learn.microsoft.com states of a Teams message: 28 KB.

use serde_json::Value;

use super::{Active, length, list, only, text, url, visit};

const MAX_BYTES: usize = 28 * 1024;

pub(super) fn judge(value: &Value, body: &str) -> Result<(), String> {
    let size = body.len().max(2 * length(body));
    if size > MAX_BYTES {
        return Err(format!("{size} bytes"));
    }
    only(value, &["type!", "attachments!"])?;
    let [attachment] = list(&value["attachments"], 1)? else { return Err("attachments".into()) };
    only(attachment, &["contentType!", "contentUrl!", "content!"])?;
    if value["type"] != "message" || attachment["contentType"] != "application/vnd.microsoft.card.adaptive" {
        return Err("no card".into());
    }
    let card = &attachment["content"];
    only(card, &["$schema", "type!", "version!", "fallbackText", "msteams", "body!", "actions"])?;
    if card["type"] != "AdaptiveCard" || card["version"] != "1.4" {
        return Err("no card of version 1.4".into());
    }
    list(&card["body"], 1000)?.iter().try_for_each(element)?;
    card["actions"].as_array().into_iter().flatten().try_for_each(action)
}

fn element(element: &Value) -> Result<(), String> {
    only(element, &["type!", "inlines!"])?;
    if element["type"] != "RichTextBlock" {
        return Err(format!("an element of type {}", element["type"]));
    }
    list(&element["inlines"], 10)?.iter().try_for_each(|run| {
        only(run, &["type!", "text!", "weight", "size", "color", "isSubtle", "fontType", "selectAction"])?;
        let one_of = |name: &str, words: &[&str]| match run[name].as_str() {
            Some(word) if !words.contains(&word) => Err(format!("{name} {word}")),
            _ => Ok(()),
        };
        one_of("weight", &["Bolder", "Lighter", "Default"])?;
        one_of("size", &["Default", "Small", "Medium", "Large", "ExtraLarge"])?;
        one_of("color", &["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"])?;
        one_of("fontType", &["Default", "Monospace"])?;
        run.get("selectAction").map_or(Ok(()), |action| {
            only(action, &["type!", "url!"])?;
            url(&action["url"], 2000)
        })?;
        // A run of blanks parts two others.
        if run["text"] == "  " { Ok(()) } else { text(&run["text"], 4096).map(drop) }
    })
}

fn action(action: &Value) -> Result<(), String> {
    only(action, &["type!", "title!", "url!"])?;
    text(&action["title"], 75)?;
    url(&action["url"], 2000)
}

/// A text run knows no markup; double braces begin a function.
pub(super) fn active(body: &Value, active: &mut Active) {
    visit(body, "", &mut |key, text| {
        if text.contains("{{") || (text.contains("://") && key != "url" && key != "$schema") {
            active.others.push(text.into());
        }
    });
}
