use app::ports::{Composed, Footer};
use askama::Template;
use domain::severity::Severity;

use super::words::{colour, line};

/// What a letter shows, from top to bottom. Every text in it is one clean line.
pub(super) struct Page {
    subject: String,
    blocks: Vec<Block>,
    footer: Option<FooterLine>,
}

/// One part of a page.
pub(super) enum Block {
    Heading { chip: Option<Chip>, text: String },
    Paragraph(String),
    Section(&'static str),
    Facts(Vec<(&'static str, String)>),
    Bullets(Vec<String>),
    Quotes(Vec<Quote>),
    Events(Vec<EventRow>),
    Counts(Vec<(Chip, u32)>),
    Code(String),
    Button { label: &'static str, url: String },
}

/// A severity in its colour.
#[derive(Clone, Copy)]
pub(super) struct Chip {
    pub(super) word: &'static str,
    pub(super) colour: &'static str,
}

impl From<Severity> for Chip {
    fn from(severity: Severity) -> Self {
        Self { word: severity.as_str(), colour: colour(severity) }
    }
}

/// Something that was seen, word for word.
pub(super) struct Quote {
    pub(super) caption: String,
    pub(super) value: String,
}

/// One event of a list.
pub(super) struct EventRow {
    pub(super) chip: Option<Chip>,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) url: Option<String>,
}

struct FooterLine {
    channel: String,
    manage_url: Option<String>,
    unsubscribe_url: Option<String>,
}

impl Page {
    /// An empty page; the subject is cleaned and cut here.
    pub(super) fn new(subject: &str) -> Self {
        Self { subject: format!("[iotmonitor] {}", line(subject, 170)), blocks: Vec::new(), footer: None }
    }

    pub(super) fn push(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// A paragraph for each line of the text that says something.
    pub(super) fn paragraphs(mut self, text: &str) -> Self {
        let lines = text.lines().map(|l| line(l, 2000)).filter(|l| !l.is_empty());
        self.blocks.extend(lines.map(Block::Paragraph));
        self
    }

    /// A titled part, unless there is nothing in it.
    pub(super) fn section(self, title: &'static str, block: Block) -> Self {
        let empty = match &block {
            Block::Bullets(items) => items.is_empty(),
            Block::Quotes(quotes) => quotes.is_empty(),
            Block::Events(rows) => rows.is_empty(),
            _ => false,
        };
        if empty { self } else { self.push(Block::Section(title)).push(block) }
    }

    /// Says how many of `total` are not among the `shown`.
    pub(super) fn more(self, total: u32, shown: usize) -> Self {
        match total.saturating_sub(u32::try_from(shown).unwrap_or(u32::MAX)) {
            0 => self,
            more => self.push(Block::Paragraph(format!("And {more} more, not shown here."))),
        }
    }

    /// A button, if the URL is one that a person may click.
    pub(super) fn button(self, label: &'static str, url: &str) -> Self {
        match link(url) {
            Some(url) => self.push(Block::Button { label, url }),
            None => self,
        }
    }

    pub(super) fn footer(mut self, footer: &Footer) -> Self {
        self.footer = Some(FooterLine {
            channel: line(&footer.channel, 100),
            manage_url: link(&footer.manage_url),
            unsubscribe_url: footer.unsubscribe_url.as_deref().and_then(link),
        });
        self
    }

    /// The words, the same in both parts.
    #[expect(
        clippy::expect_used,
        reason = "writing to a String fails only if what is written does, and these are strings and numbers"
    )]
    pub(super) fn render(self, headers: Vec<(String, String)>) -> Composed {
        let html = Html { page: &self }.render().expect("strings can be written");
        let text = Text { page: &self }.render().expect("strings can be written");
        Composed { text: format!("{}\n", text.trim()), html, subject: self.subject, headers }
    }
}

/// A URL that a person may click: nothing that a browser would execute, nothing that breaks a line.
pub(super) fn link(url: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    (web && url.chars().all(|c| c.is_ascii_graphic())).then(|| url.to_owned())
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "page.txt")]
struct Text<'a> {
    page: &'a Page,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        for bad in ["javascript:alert(1)", "data:text/html,x", "", "/app", "https://a.example/\r\nb", "https://a b"] {
            assert_eq!(link(bad), None, "{bad}");
        }
        assert!(link("https://iot.example/app/findings/1?a=b#c").is_some());
    }
}
