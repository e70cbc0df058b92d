//! docs.discord.com, resources/message: embed limits and structure; the Markdown that its clients know.

use serde_json::Value;

use super::{Active, list, only, text, url};

pub(super) fn judge(body: &Value) -> Result<(), String> {
    only(body, &["embeds!", "allowed_mentions!"])?;
    if body["allowed_mentions"] != serde_json::json!({"parse": []}) {
        return Err("somebody may be called".into());
    }
    let mut all = 0;
    for embed in list(&body["embeds"], 10)? {
        only(embed, &["title!", "description", "url", "color!", "fields", "footer"])?;
        all += text(&embed["title"], 256)?;
        all += embed.get("description").map_or(Ok(0), |description| text(description, 4096))?;
        embed.get("url").map_or(Ok(()), |address| url(address, 2048))?;
        let fields = embed["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        if fields.len() > 25 || embed["color"].as_u64().is_none_or(|colour| colour > 0x00ff_ffff) {
            return Err("fields or colour".into());
        }
        for field in fields {
            only(field, &["name!", "value!", "inline"])?;
            all += text(&field["name"], 256)? + text(&field["value"], 1024)?;
        }
        if let Some(footer) = embed.get("footer") {
            only(footer, &["text!"])?;
            all += text(&footer["text"], 2048)?;
        }
    }
    if all > 6000 { Err(format!("{all} units in all")) } else { Ok(()) }
}

/// Where a client would see a link, a mention, an emoji or a date.
pub(super) fn active(body: &Value, active: &mut Active) {
    for embed in body["embeds"].as_array().into_iter().flatten() {
        let fields = embed["fields"].as_array().into_iter().flatten().map(|field| &field["value"]);
        let texts = [&embed["title"], &embed["description"]].into_iter().chain(fields);
        texts.filter_map(Value::as_str).for_each(|text| scan(text, active));
    }
}

fn scan(text: &str, active: &mut Active) {
    let fences = text.split("```").count();
    if fences.is_multiple_of(2) {
        active.others.push(format!("a code block that does not end: {text}"));
    }
    for outside in text.split("```").step_by(2) {
        let bare = without_escapes(outside);
        let mut rest = bare.as_str();
        // A link of ours: [words](<address>).
        while let Some((head, tail)) = rest.split_once("](<") {
            let (before, words) = head.rsplit_once('[').unwrap_or((head, ""));
            let (address, after) = tail.split_once(">)").unwrap_or((tail, ""));
            check(before, active);
            check(words, active);
            active.links.push(address.into());
            rest = after;
        }
        check(rest, active);
    }
}

fn check(text: &str, active: &mut Active) {
    // `**` is ours.
    let text = text.replace("**", "");
    if text.contains(['<', '>', '[', ']', '(', ')', '*', '_', '~', '`', '|', '#']) || text.contains("://") {
        active.others.push(text);
    }
}

/// What stands behind a back slash means nothing.
fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    out
}
