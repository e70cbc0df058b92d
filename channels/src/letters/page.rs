use app::ports::Footer;
use domain::severity::Severity;

use super::words::{colour, line, written};

/// What a letter shows, from top to bottom. Every text in it is one clean line.
pub(crate) struct Page {
    pub(crate) subject: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) footer: Option<FooterLine>,
}

/// One part of a page.
pub(crate) enum Block {
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
pub(crate) struct Chip {
    pub(crate) word: &'static str,
    pub(crate) colour: &'static str,
}

impl From<Severity> for Chip {
    fn from(severity: Severity) -> Self {
        Self { word: severity.as_str(), colour: colour(severity) }
    }
}

/// Something that was seen, word for word.
pub(crate) struct Quote {
    pub(crate) caption: String,
    pub(crate) value: String,
}

/// One event of a list.
pub(crate) struct EventRow {
    pub(crate) chip: Option<Chip>,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) url: Option<String>,
}

/// Why the reader gets this, and how to make it stop.
pub(crate) struct FooterLine {
    pub(crate) channel: String,
    pub(crate) manage_url: Option<String>,
    pub(crate) unsubscribe_url: Option<String>,
}

impl Page {
    /// An empty page; the subject is cleaned and cut here.
    pub(crate) fn new(subject: &str) -> Self {
        Self { subject: format!("[iotmonitor] {}", line(subject, 170)), blocks: Vec::new(), footer: None }
    }

    pub(crate) fn push(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// A paragraph for each line of what the organization's own people wrote.
    pub(crate) fn paragraphs(mut self, text: &str) -> Self {
        let lines = text.lines().map(|l| written(l, 2000)).filter(|l| !l.is_empty());
        self.blocks.extend(lines.map(Block::Paragraph));
        self
    }

    /// A titled part, unless there is nothing in it.
    pub(crate) fn section(self, title: &'static str, block: Block) -> Self {
        let empty = match &block {
            Block::Bullets(items) => items.is_empty(),
            Block::Quotes(quotes) => quotes.is_empty(),
            Block::Events(rows) => rows.is_empty(),
            _ => false,
        };
        if empty { self } else { self.push(Block::Section(title)).push(block) }
    }

    /// Says how many of `total` are not among the `shown`.
    pub(crate) fn more(self, total: u32, shown: usize) -> Self {
        match total.saturating_sub(u32::try_from(shown).unwrap_or(u32::MAX)) {
            0 => self,
            more => self.push(Block::Paragraph(format!("And {more} more, not shown here."))),
        }
    }

    /// A button, if the URL is one that a person may click.
    pub(crate) fn button(self, label: &'static str, url: &str) -> Self {
        match link(url) {
            Some(url) => self.push(Block::Button { label, url }),
            None => self,
        }
    }

    pub(crate) fn footer(mut self, footer: &Footer) -> Self {
        self.footer = Some(FooterLine {
            channel: line(&footer.channel, 100),
            manage_url: link(&footer.manage_url),
            unsubscribe_url: footer.unsubscribe_url.as_deref().and_then(link),
        });
        self
    }
}

/// A URL that a person may click: nothing that a browser would execute, nothing that breaks a line.
pub(crate) fn link(url: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    (web && url.chars().all(|c| c.is_ascii_graphic())).then(|| url.to_owned())
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
