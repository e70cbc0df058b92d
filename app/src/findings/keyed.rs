//! Pages of what lies in the order of its keys, hosts and services: stores read forward only, people page both ways.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::asset::Asset;

use crate::assets::{Register, bad_cursor};
use crate::ports::{Row, RowRange, StoreError, Table};
use crate::{App, Error};

/// The rows of one kind, of one asset or of all.
pub(super) struct Keyed<'a> {
    pub(super) app: &'a App,
    pub(super) partition: &'a str,
    /// `h` or `s`.
    pub(super) letter: char,
    /// Only of this asset.
    pub(super) asset: Option<&'a Asset>,
    pub(super) register: &'a Register,
}

/// A page of things with their keys.
pub(super) struct KeyedPage<T> {
    pub(super) items: Vec<(String, T)>,
    /// May there be more, in the direction of reading?
    pub(super) more: bool,
    /// The key behind (or before) which to go on.
    pub(super) end: Option<String>,
}

/// A page that shows little looks at about so many rows; then it says where to go on.
const MOST_ROWS: usize = 1000;
/// Counting looks at so many.
const MOST_COUNTED: usize = 10_000;
const STEP: usize = 200;
const RANGE: usize = 1000;

/// The cursor of a key.
pub(super) fn cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

impl Keyed<'_> {
    /// A page of at most `limit` things: behind the cursor, or before it when `backward`.
    pub(super) async fn page<T>(
        &self,
        (at, limit, backward): (Option<&str>, usize, bool),
        takes: impl Fn(&Row) -> Result<Option<T>, StoreError>,
    ) -> Result<KeyedPage<T>, Error> {
        let key = at.map(|text| self.read_cursor(text).ok_or_else(bad_cursor)).transpose()?;
        let mut page =
            if backward { self.before(key, limit, takes).await? } else { self.behind(key, limit, takes).await? };
        page.end = page.end.map(|key| cursor(&key));
        Ok(page)
    }

    /// How many there are. `None`: more than 10 000, or that many rows do not suffice to tell.
    pub(super) async fn count(
        &self,
        takes: impl Fn(&Row) -> Result<bool, StoreError>,
    ) -> Result<Option<usize>, StoreError> {
        let mut range = RowRange::prefix(&self.prefix(), RANGE);
        let (mut count, mut read) = (0, 0);
        loop {
            let page = self.app.tables.range(Table::Exposure, self.partition, range.clone()).await?;
            read += page.rows.len();
            for row in &page.rows {
                count += usize::from(takes(row)?);
            }
            match page.next {
                None => return Ok(Some(count)),
                Some(_) if read >= MOST_COUNTED => return Ok(None),
                Some(next) => range.from = next,
            }
        }
    }

    fn prefix(&self) -> String {
        match self.asset {
            Some(asset) => format!("{}|{}|", self.letter, asset.id.ulid),
            None => format!("{}|", self.letter),
        }
    }

    fn read_cursor(&self, text: &str) -> Option<String> {
        let key = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b"|.:-".contains(&b));
        (plain && key.starts_with(&self.prefix()) && key.len() < 200).then_some(key)
    }

    async fn behind<T>(
        &self,
        after: Option<String>,
        limit: usize,
        takes: impl Fn(&Row) -> Result<Option<T>, StoreError>,
    ) -> Result<KeyedPage<T>, Error> {
        let mut range = RowRange::prefix(&self.prefix(), STEP);
        if let Some(after) = after {
            // Nothing sorts between a key and itself with this behind it.
            range.from = format!("{after}!");
        }
        let mut page = KeyedPage { items: Vec::new(), more: false, end: None };
        let mut read = 0;
        loop {
            let found = self.app.tables.range(Table::Exposure, self.partition, range.clone()).await?;
            read += found.rows.len();
            for row in &found.rows {
                let Some(thing) = takes(row)? else { continue };
                if page.items.len() == limit {
                    page.more = true;
                    page.end = page.items.last().map(|(key, _)| key.clone());
                    return Ok(page);
                }
                page.items.push((row.key.clone(), thing));
            }
            match found.next {
                None => return Ok(page),
                Some(_) if read >= MOST_ROWS => {
                    page.more = true;
                    page.end = found.rows.last().map(|row| row.key.clone());
                    return Ok(page);
                }
                Some(next) => range.from = next,
            }
        }
    }

    /// Reads towards the start in windows of assets, each twice as wide as the one before. One asset's rows are a window
    /// at least.
    async fn before<T>(
        &self,
        before: Option<String>,
        limit: usize,
        takes: impl Fn(&Row) -> Result<Option<T>, StoreError>,
    ) -> Result<KeyedPage<T>, Error> {
        let whole = RowRange::prefix(&self.prefix(), RANGE);
        let mut starts: Vec<String> = match self.asset {
            Some(_) => vec![whole.from.clone()],
            None => self.register.assets().map(|a| format!("{}|{}|", self.letter, a.id.ulid)).collect(),
        };
        starts.sort_unstable();
        let mut end = before.or(whole.to);
        let mut left = end.as_ref().map_or(starts.len(), |end| starts.partition_point(|start| start < end));
        let mut items: VecDeque<(String, T)> = VecDeque::new();
        let (mut read, mut width) = (0, limit + 1);
        while left > 0 {
            left = left.saturating_sub(width);
            width *= 2;
            let from = starts[left].clone();
            let mut window: VecDeque<(String, T)> = VecDeque::new();
            let mut range = RowRange { from: from.clone(), to: end, limit: RANGE };
            loop {
                let found = self.app.tables.range(Table::Exposure, self.partition, range.clone()).await?;
                read += found.rows.len();
                for row in &found.rows {
                    if let Some(thing) = takes(row)? {
                        window.push_back((row.key.clone(), thing));
                        if window.len() + items.len() > limit + 1 {
                            window.pop_front();
                        }
                    }
                }
                match found.next {
                    Some(next) => range.from = next,
                    None => break,
                }
            }
            window.append(&mut items);
            items = window;
            let more = items.len() > limit;
            if more {
                items.pop_front();
            }
            if more || (read >= MOST_ROWS && left > 0) {
                let end = if more { items.front().map(|(key, _)| key.clone()) } else { Some(from) };
                return Ok(KeyedPage { items: items.into(), more: true, end });
            }
            end = Some(from);
        }
        Ok(KeyedPage { items: items.into(), more: false, end: None })
    }
}
