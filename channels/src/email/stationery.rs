use app::ports::{Composed, Letter, Letters};
use askama::Template;

use super::headers::headers;
use crate::letters::{Block, Page, page};

/// Writes every letter in the house's style.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stationery;

impl Letters for Stationery {
    #[expect(
        clippy::expect_used,
        reason = "writing to a String fails only if what is written does, and these are strings and numbers"
    )]
    fn compose(&self, letter: &Letter) -> Composed {
        let page = page(letter);
        let html = Html { page: &page }.render().expect("strings can be written");
        let text = Text { page: &page }.render().expect("strings can be written");
        Composed { text: format!("{}\n", text.trim()), html, subject: page.subject, headers: headers(letter) }
    }
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
