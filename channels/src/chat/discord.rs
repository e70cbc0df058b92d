//! Discord's webhooks: a message with one embed.
//!
//! Limits (docs.discord.com, resources/message, embed limits): title 256, description 4 096, 25 fields of 256 and
//! 1 024, footer 2 048, all texts together 6 000 characters. An embed is Markdown, so foreign text has a back slash
//! before every character that means something; quotes stand in code blocks. `allowed_mentions` lets nobody be called.

use serde_json::{Value, json};

use super::plain::{escaped, plain, unpinged};
use super::reading::{self, Verdict};
use crate::egress::{Answer, MAX_WAIT};
use crate::letters::{Block, EventRow, Page};

const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 4096;
const MAX_FIELDS: usize = 25;
const MAX_VALUE: usize = 1024;
const MAX_FOOTER: usize = 300;
/// All texts together, with some room.
const MAX_ALL: usize = 5900;
const MAX_URL: usize = 1000;
const MAX_PARAGRAPH: usize = 1500;
const MAX_QUOTE: usize = 600;
/// Less is not worth a field.
const LEAST_ROOM: usize = 200;

/// The body of a message.
pub(super) fn body(page: &Page) -> Value {
    let title = escaped(&heading(page), MAX_TITLE, escape);
    let footer =
        page.footer.as_ref().map(|footer| plain(&format!("iotmonitor · channel “{}”", footer.channel), MAX_FOOTER));
    let mut room = MAX_ALL - title.len() - footer.as_ref().map_or(0, String::len);
    let fields = fields(page, &mut room);
    let description = description(page, room.min(MAX_DESCRIPTION));
    let mut embed = json!({"title": title, "color": colour(page), "fields": fields});
    if !description.is_empty() {
        embed["description"] = json!(description);
    }
    if let Some(url) = page.blocks.iter().find_map(link) {
        embed["url"] = json!(url);
    }
    if let Some(footer) = footer {
        embed["footer"] = json!({"text": footer});
    }
    json!({"embeds": [embed], "allowed_mentions": {"parse": []}})
}

/// What the answer means: 204, or an error by number (docs.discord.com, topics/opcodes-and-status-codes).
pub(super) fn verdict(answer: &Answer) -> Verdict {
    const UNKNOWN_CHANNEL: u64 = 10_003;
    const UNKNOWN_WEBHOOK: u64 = 10_015;
    const INVALID_WEBHOOK_TOKEN: u64 = 50_027;
    match reading::json(answer)["code"].as_u64() {
        Some(UNKNOWN_CHANNEL | UNKNOWN_WEBHOOK | INVALID_WEBHOOK_TOKEN) if !answer.status.is_success() => Verdict::Gone,
        _ => Verdict::of_status(answer),
    }
}

/// The wait that a 429 states in its body, in seconds with a fraction.
pub(super) fn wait(answer: &Answer) -> Option<u32> {
    let seconds = reading::json(answer)["retry_after"].as_f64().filter(|_| answer.status.as_u16() == 429)?;
    let longest = f64::from(MAX_WAIT);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 86 400")]
    Some(seconds.ceil().clamp(0.0, longest) as u32)
}

fn heading(page: &Page) -> String {
    let found = page.blocks.iter().find_map(|block| match block {
        Block::Heading { chip, text } => {
            Some(chip.map_or_else(|| text.clone(), |chip| format!("{}: {text}", chip.word)))
        }
        _ => None,
    });
    found.unwrap_or_else(|| page.subject.clone())
}

/// The worst severity's colour; otherwise that of the house.
fn colour(page: &Page) -> u32 {
    let chip = page.blocks.iter().find_map(|block| match block {
        Block::Heading { chip, .. } => *chip,
        Block::Counts(counts) => counts.first().map(|(chip, _)| *chip),
        Block::Events(rows) => rows.first().and_then(|row| row.chip),
        _ => None,
    });
    chip.and_then(|chip| u32::from_str_radix(chip.colour.trim_start_matches('#'), 16).ok()).unwrap_or(0x0017_5cd3)
}

fn link(block: &Block) -> Option<&str> {
    match block {
        Block::Button { url, .. } if url.len() <= MAX_URL => Some(url),
        _ => None,
    }
}

/// Facts are fields: as many as fit.
fn fields(page: &Page, room: &mut usize) -> Vec<Value> {
    let facts = page.blocks.iter().filter_map(|block| if let Block::Facts(facts) = block { Some(facts) } else { None });
    let mut fields = Vec::new();
    for (label, value) in facts.flatten().take(MAX_FIELDS) {
        if *room < LEAST_ROOM {
            break;
        }
        // Half of what is left stays for the description.
        let value = escaped(value, MAX_VALUE.min(*room / 2), escape);
        if value.trim().is_empty() {
            continue;
        }
        *room = room.saturating_sub(label.len() + value.len());
        fields.push(json!({"name": label, "value": value, "inline": true}));
    }
    fields
}

fn description(page: &Page, room: usize) -> String {
    const REST: &str = "The rest is in the console.";
    let mut text = String::new();
    for piece in page.blocks.iter().flat_map(pieces) {
        if text.len() + piece.len() + 1 + REST.len() > room {
            text.push_str(REST);
            break;
        }
        text.push_str(&piece);
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// Each piece is whole by itself: markup that opens in it closes in it.
fn pieces(block: &Block) -> Vec<String> {
    match block {
        Block::Heading { .. } | Block::Facts(_) | Block::Button { .. } => Vec::new(),
        Block::Paragraph(text) => vec![escaped(text, MAX_PARAGRAPH, escape)],
        Block::Section(title) => vec![format!("**{title}**")],
        Block::Bullets(items) => {
            items.iter().map(|item| format!("• {}", escaped(item, MAX_PARAGRAPH, escape))).collect()
        }
        Block::Quotes(quotes) => quotes
            .iter()
            .map(|quote| format!("{}\n```\n{}\n```", escaped(&quote.caption, 300, escape), code(&quote.value)))
            .collect(),
        Block::Events(rows) => rows.iter().map(row).collect(),
        Block::Counts(counts) => {
            vec![counts.iter().map(|(chip, count)| format!("{count} {}", chip.word)).collect::<Vec<_>>().join(" · ")]
        }
        Block::Code(text) => vec![format!("```\n{}\n```", code(text))],
    }
}

fn row(row: &EventRow) -> String {
    let chip = row.chip.map_or_else(String::new, |chip| format!("**{}** ", chip.word));
    let title = escaped(&row.title, 500, escape);
    let title = match row.url.as_deref().filter(|url| url.len() <= MAX_URL && !url.contains([')', '(', '>', '<'])) {
        Some(url) => format!("[{title}](<{url}>)"),
        None => title,
    };
    format!("{chip}{title} · {}", escaped(&row.detail, 200, escape))
}

/// Inside a code block nothing means anything but its end.
fn code(text: &str) -> String {
    super::plain::cut(&unpinged(&text.replace('`', "\u{2cb}")), MAX_QUOTE)
}

/// A back slash before what means something. Angle brackets too: they begin mentions, channels, dates.
fn escape(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\\\",
        '*' => "\\*",
        '_' => "\\_",
        '~' => "\\~",
        '`' => "\\`",
        '|' => "\\|",
        '>' => "\\>",
        '<' => "\\<",
        '#' => "\\#",
        '[' => "\\[",
        ']' => "\\]",
        '(' => "\\(",
        ')' => "\\)",
        _ => return None,
    })
}
