use std::collections::HashSet;

use crate::banner::{Banner, Identity, Refused};
use crate::{Cost, Error, Shodan};

/// How often a search that lost its place begins again before that is an error.
const MOST_RESTARTS: u32 = 2;
/// Pages in a row without anything new after which there is no more to expect.
const DRY_PAGES: u32 = 2;

/// All pages of a search. Shodan's pages are not steady: they overlap, run short, and disagree about the total.
/// A cursor drops what it gave before and goes on until there is nothing more.
///
/// After an error the place is kept: the next call asks for the same page. [`Cursor::page`] can be stored, and
/// [`Cursor::from_page`] goes on there.
#[derive(Debug)]
pub struct Cursor<'a> {
    shodan: &'a Shodan,
    query: String,
    page: u32,
    /// The page after the furthest that was read: before it, repeats are no sign of the end.
    furthest: u32,
    last_page: u32,
    most_total: u64,
    seen: HashSet<Identity>,
    dry: u32,
    restarts: u32,
    done: bool,
}

/// What is new on one page.
#[derive(Clone, Debug)]
pub struct NewBanners {
    /// The page.
    pub page: u32,
    /// Banners that no page before had.
    pub banners: Vec<Banner>,
    /// What could not be read.
    pub refused: Vec<Refused>,
    /// How many banners were given before.
    pub repeated: usize,
    /// How many match in all, as this page says.
    pub total: u64,
}

impl Shodan {
    /// All pages of a search, one request and mostly one query credit each.
    pub fn search_all(&self, query: impl Into<String>) -> Cursor<'_> {
        Cursor {
            shodan: self,
            query: query.into(),
            page: 1,
            furthest: 1,
            last_page: u32::MAX,
            most_total: 0,
            seen: HashSet::new(),
            dry: 0,
            restarts: 0,
            done: false,
        }
    }
}

impl Cursor<'_> {
    /// Goes on at this page. What earlier pages held is given again where it turns up.
    #[must_use]
    pub fn from_page(self, page: u32) -> Self {
        Self { page: page.max(1), ..self }
    }

    /// Asks for no page after this one.
    #[must_use]
    pub fn up_to_page(self, last_page: u32) -> Self {
        Self { last_page, ..self }
    }

    /// The page that is asked for next.
    pub fn page(&self) -> u32 {
        self.page
    }

    /// What the next page costs.
    pub fn cost(&self) -> Cost {
        if self.done { Cost::FREE } else { Cost::search(&self.query, self.page) }
    }

    /// What is new on the next page. `None`: there is no more.
    ///
    /// # Errors
    /// Those of [`Shodan::search`]. A search that lost its place begins again at page 1 by itself, twice at most.
    pub async fn next(&mut self) -> Result<Option<NewBanners>, Error> {
        while !self.done && self.page <= self.last_page {
            let page = match self.shodan.search(&self.query, self.page, &[]).await {
                Ok(page) => page,
                Err(Error::CursorExpired) if self.restarts < MOST_RESTARTS => {
                    self.restarts += 1;
                    self.page = 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if page.is_empty() {
                break;
            }
            let number = self.page;
            let held = page.banners.len();
            let banners: Vec<Banner> =
                page.banners.into_iter().filter(|banner| self.seen.insert(banner.identity())).collect();
            self.page += 1;
            self.most_total = self.most_total.max(page.total);
            self.dry = match banners.is_empty() {
                false => 0,
                true if number < self.furthest => self.dry,
                true => self.dry + 1,
            };
            self.furthest = self.furthest.max(self.page);
            self.done = self.dry >= DRY_PAGES || self.seen.len() as u64 >= self.most_total;
            let repeated = held - banners.len();
            let (refused, total) = (page.refused, page.total);
            return Ok(Some(NewBanners { page: number, banners, refused, repeated, total }));
        }
        self.done = true;
        Ok(None)
    }
}
