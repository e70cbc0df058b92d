//! Microsoft Teams, a workflow that begins with a webhook request: an adaptive card.
//!
//! Version 1.4 is what Teams shows of a workflow's card. A message has at most 28 KB (learn.microsoft.com, Teams,
//! webhooks and connectors), which is counted in UTF-16 on some ways, so half of that in characters is used. Text stands
//! in text runs, which know no Markdown (adaptivecards.io, `TextRun`), so foreign text needs no escapes.

use serde_json::{Value, json};

use super::plain::plain;
use super::reading::{self, Verdict};
use crate::egress::Answer;
use crate::letters::{Block, EventRow, Page};

/// In UTF-16 units of two bytes each: below 28 000 bytes, with room for what a gateway puts around it.
const MAX_UNITS: usize = 13_000;
/// One run, in bytes.
const MAX_RUN: usize = 2_000;
/// The card's own frame, its buttons and the last line.
const FRAME: usize = 3_000;
const MAX_URL: usize = 1_000;

/// The body of a message.
pub(super) fn body(page: &Page) -> Value {
    let mut room = MAX_UNITS - FRAME;
    let (mut body, mut whole) = (Vec::new(), true);
    for element in page.blocks.iter().flat_map(shown) {
        let size = units(&element) + 1;
        whole = whole && size <= room;
        if !whole {
            break;
        }
        room -= size;
        body.push(element);
    }
    if !whole {
        body.push(line("The rest is in the console.", true));
    }
    body.extend(page.footer.as_ref().map(|footer| line(&format!("iotmonitor · channel “{}”", footer.channel), true)));
    let content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": clean(&page.subject, 300),
        "msteams": {"width": "Full"},
        "body": body,
        "actions": page.blocks.iter().filter_map(action).collect::<Vec<_>>(),
    });
    let card =
        json!({"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": content});
    json!({"type": "message", "attachments": [card]})
}

/// What the answer means: 202 of a workflow, 200 of what stands in for one; errors have a code in JSON. What used to
/// stand in Teams' place answered 200 and said in the text that it had failed.
pub(super) fn verdict(answer: &Answer) -> Verdict {
    let (text, json) = (reading::text(answer), reading::json(answer));
    let hidden = text.starts_with("Webhook message delivery failed") || text.starts_with("Webhook Bad Request");
    match json["error"]["code"].as_str() {
        Some("WorkflowNotFound") => Verdict::Gone,
        // It can be switched on again.
        Some("WorkflowTriggerIsNotEnabled") => Verdict::Later,
        Some("InvalidRequestContent" | "TriggerInputSchemaMismatch" | "RequestEntityTooLarge") => Verdict::Never,
        _ if answer.status.is_success() && hidden => {
            let never = ["HTTP error 413", "HTTP error 400"].iter().any(|error| text.contains(error));
            if never { Verdict::Never } else { Verdict::Later }
        }
        _ => Verdict::of_status(answer),
    }
}

/// In UTF-16 units, as it goes over the wire.
fn units(value: &Value) -> usize {
    value.to_string().encode_utf16().count()
}

fn shown(block: &Block) -> Vec<Value> {
    match block {
        Block::Heading { chip, text } => {
            let chip = chip.map(|chip| run(chip.word, &json!({"weight": "Bolder", "color": tone(chip.word)})));
            let gap = chip.is_some().then(|| run("  ", &json!({})));
            let text = run(text, &json!({"weight": "Bolder", "size": "Large"}));
            vec![rich(&chip.into_iter().chain(gap).chain([text]).collect::<Vec<_>>())]
        }
        Block::Paragraph(text) => vec![line(text, false)],
        Block::Section(title) => vec![rich(&[run(title, &json!({"weight": "Bolder"}))])],
        Block::Facts(facts) => facts
            .iter()
            .map(|(label, value)| {
                rich(&[run(&format!("{label}: "), &json!({"isSubtle": true})), run(value, &json!({}))])
            })
            .collect(),
        Block::Bullets(items) => items.iter().map(|item| line(&format!("• {item}"), false)).collect(),
        Block::Quotes(quotes) => quotes
            .iter()
            .flat_map(|quote| {
                [line(&quote.caption, true), rich(&[run(&quote.value, &json!({"fontType": "Monospace"}))])]
            })
            .collect(),
        Block::Events(rows) => rows.iter().map(row).collect(),
        Block::Counts(counts) => {
            let words: Vec<String> = counts.iter().map(|(chip, count)| format!("{count} {}", chip.word)).collect();
            vec![line(&words.join(" · "), false)]
        }
        Block::Code(code) => vec![rich(&[run(code, &json!({"fontType": "Monospace", "size": "Large"}))])],
        Block::Button { .. } => Vec::new(),
    }
}

fn row(row: &EventRow) -> Value {
    let chip = row.chip.map(|chip| run(chip.word, &json!({"weight": "Bolder", "color": tone(chip.word)})));
    let gap = chip.is_some().then(|| run("  ", &json!({})));
    let mut title = run(&row.title, &json!({}));
    if let Some(url) = row.url.as_ref().filter(|url| url.len() <= MAX_URL) {
        title["selectAction"] = json!({"type": "Action.OpenUrl", "url": url});
    }
    let detail = run(&format!("  {}", row.detail), &json!({"isSubtle": true}));
    rich(&chip.into_iter().chain(gap).chain([title, detail]).collect::<Vec<_>>())
}

fn action(block: &Block) -> Option<Value> {
    match block {
        Block::Button { label, url } if url.len() <= MAX_URL => {
            Some(json!({"type": "Action.OpenUrl", "title": label, "url": url}))
        }
        _ => None,
    }
}

fn line(text: &str, subtle: bool) -> Value {
    rich(&[run(text, &if subtle { json!({"isSubtle": true}) } else { json!({}) })])
}

fn rich(inlines: &[Value]) -> Value {
    json!({"type": "RichTextBlock", "inlines": inlines})
}

fn run(text: &str, style: &Value) -> Value {
    let mut run = json!({"type": "TextRun", "text": clean(text, MAX_RUN)});
    for (name, value) in style.as_object().into_iter().flatten() {
        run[name] = value.clone();
    }
    run
}

/// Cards know functions between double braces: a blank parts every two. A text must not be empty.
fn clean(text: &str, max: usize) -> String {
    let mut parted = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '{' && parted.ends_with('{') {
            parted.push(' ');
        }
        parted.push(c);
    }
    if parted.is_empty() { "–".into() } else { plain(&parted, max) }
}

/// The colours that a card has, by a severity's word.
fn tone(word: &str) -> &'static str {
    match word {
        "CRITICAL" | "HIGH" => "Attention",
        "MEDIUM" => "Warning",
        "LOW" => "Accent",
        _ => "Default",
    }
}
