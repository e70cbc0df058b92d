//! Slack's incoming webhooks: a message of blocks.
//!
//! Limits of Block Kit (docs.slack.dev, reference/block-kit): 50 blocks; 150 characters in a header, 3 000 in a
//! section's text, 10 fields of 2 000, 75 on a button, 3 000 in its URL. `plain_text` objects are shown as they are,
//! so foreign text goes into those only; the one text with markup is the notification's, where `&`, `<` and `>` are
//! escaped (docs.slack.dev, messaging/formatting-message-text).

use serde_json::{Value, json};

use super::plain::{escaped, plain, plain_line};
use super::reading::{self, Verdict};
use crate::egress::Answer;
use crate::letters::{Block, EventRow, Page};

const MAX_BLOCKS: usize = 50;
const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3000;
const MAX_FIELDS: usize = 10;
const MAX_FIELD: usize = 2000;
const MAX_URL: usize = 3000;
/// Of the notification's text, which has room for 40 000: it is a line.
const MAX_TEXT: usize = 300;
/// Of the whole message, far below what is read by anybody and above what one finding needs.
const MAX_BODY: usize = 40_000;
/// The notification's text and the last three blocks, of which one has a URL.
const FRAME: usize = 6_000;

/// The room or the webhook is no more.
const GONE: [&str; 7] = [
    "no_service",
    "no_team",
    "team_disabled",
    "invalid_token",
    "channel_not_found",
    "channel_is_archived",
    "user_not_found",
];

/// The body of a message.
pub(super) fn body(page: &Page) -> Value {
    let mut blocks: Vec<Value> = page.blocks.iter().flat_map(shown).collect();
    let fitting = fitting(&blocks);
    if fitting < blocks.len() {
        let cut = blocks.split_off(fitting);
        blocks.push(context("The rest is in the console."));
        blocks.extend(cut.into_iter().rfind(|block| block["type"] == "actions"));
    }
    blocks.extend(page.footer.as_ref().map(|footer| context(&format!("iotmonitor · channel “{}”", footer.channel))));
    json!({"text": escaped(&page.subject, MAX_TEXT, escape), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

/// How many of the blocks fit, with room for the three that may follow.
fn fitting(blocks: &[Value]) -> usize {
    let mut size = 0;
    let small = blocks.iter().take_while(|block| {
        size += block.to_string().len();
        size <= MAX_BODY - FRAME
    });
    match small.count() {
        all if all == blocks.len() && all < MAX_BLOCKS => all,
        some => some.min(MAX_BLOCKS - 3),
    }
}

/// What the answer means: `ok`, or an error by name (docs.slack.dev, messaging/sending-messages-using-incoming-webhooks).
pub(super) fn verdict(answer: &Answer) -> Verdict {
    let text = reading::text(answer);
    if answer.status.is_success() {
        // A workflow's webhook says it in JSON.
        let taken = text == "ok" || reading::json(answer)["ok"] == true;
        return if taken { Verdict::Taken } else { Verdict::Later };
    }
    match text.as_str() {
        text if GONE.iter().any(|gone| text.starts_with(gone)) => Verdict::Gone,
        // Somebody may allow it again.
        "action_prohibited" | "posting_to_general_channel_denied" => Verdict::Later,
        _ => Verdict::of_status(answer),
    }
}

fn shown(block: &Block) -> Vec<Value> {
    match block {
        Block::Heading { chip, text } => {
            let chip = chip.map_or_else(String::new, |chip| format!("{}: ", chip.word));
            vec![json!({"type": "header", "text": plain_text(&format!("{chip}{text}"), MAX_HEADER)})]
        }
        Block::Paragraph(text) => vec![section(text)],
        Block::Section(title) => vec![json!({"type": "section", "text": bold(title)})],
        Block::Facts(facts) => {
            let rows: Vec<[Value; 2]> =
                facts.iter().map(|(label, value)| [bold(label), plain_text(value, MAX_FIELD)]).collect();
            rows.chunks(MAX_FIELDS / 2)
                .map(|rows| json!({"type": "section", "fields": rows.iter().flatten().collect::<Vec<_>>()}))
                .collect()
        }
        Block::Bullets(items) => {
            let lines: Vec<String> = items.iter().map(|item| format!("• {item}")).collect();
            vec![section(&lines.join("\n"))]
        }
        Block::Quotes(quotes) => {
            quotes.iter().flat_map(|quote| [context(&quote.caption), section(&quote.value)]).collect()
        }
        Block::Events(rows) => rows.iter().map(row).collect(),
        Block::Counts(counts) => {
            let words: Vec<String> = counts.iter().map(|(chip, count)| format!("{count} {}", chip.word)).collect();
            vec![section(&words.join(" · "))]
        }
        Block::Code(code) => vec![section(code)],
        Block::Button { label, url } => {
            button(label, url).map(|button| json!({"type": "actions", "elements": [button]})).into_iter().collect()
        }
    }
}

fn row(row: &EventRow) -> Value {
    let chip = row.chip.map_or_else(String::new, |chip| format!("{}: ", chip.word));
    let mut block = section(&format!("{chip}{}\n{}", row.title, row.detail));
    if let Some(button) = row.url.as_deref().and_then(|url| button("Open", url)) {
        block["accessory"] = button;
    }
    block
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": plain_text(text, MAX_SECTION)})
}

fn context(text: &str) -> Value {
    json!({"type": "context", "elements": [plain_text(text, MAX_FIELD)]})
}

/// Empty texts are refused.
fn plain_text(text: &str, max: usize) -> Value {
    let text = plain(text, max);
    json!({"type": "plain_text", "text": if text.is_empty() { "–" } else { &text }, "emoji": false})
}

/// Words of ours.
fn bold(text: &'static str) -> Value {
    json!({"type": "mrkdwn", "text": format!("*{text}*"), "verbatim": true})
}

fn button(label: &str, url: &str) -> Option<Value> {
    let button = json!({"type": "button", "text": {"type": "plain_text", "text": plain_line(label, 75)}, "url": url});
    (url.len() <= MAX_URL).then_some(button)
}

fn escape(c: char) -> Option<&'static str> {
    Some(match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => return None,
    })
}
