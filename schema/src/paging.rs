//! Relay's arguments: `first`/`after` or `last`/`before`, 1 to 100, 25 where nothing is said.

use async_graphql::Result;

use crate::context::bad_input;

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// From behind, or before, this cursor.
    pub cursor: Option<String>,
    /// So many.
    pub limit: usize,
    /// Towards the start.
    pub backward: bool,
}

const DEFAULT: i32 = 25;
const MOST: i32 = 100;

/// Reads the arguments.
pub fn page(first: Option<i32>, after: Option<String>, last: Option<i32>, before: Option<String>) -> Result<Page> {
    if first.is_some() && last.is_some() {
        return Err(bad_input("give first or last, not both"));
    }
    let backward = last.is_some();
    if (backward && after.is_some()) || (!backward && before.is_some()) {
        return Err(bad_input("after goes with first, before goes with last"));
    }
    let wanted = first.or(last).unwrap_or(DEFAULT);
    if !(1..=MOST).contains(&wanted) {
        return Err(bad_input(format!("first and last lie between 1 and {MOST}")));
    }
    let cursor = if backward { before } else { after };
    Ok(Page { cursor, limit: usize::try_from(wanted).unwrap_or(1), backward })
}

impl Page {
    /// The page out of a list that is at hand, each item with its cursor; and whether there is more in the direction of
    /// reading.
    pub fn of<T>(&self, mut all: Vec<T>, cursor: impl Fn(&T) -> String) -> Result<(Vec<(String, T)>, bool)> {
        if self.backward {
            all.reverse();
        }
        let start = match &self.cursor {
            None => 0,
            Some(wanted) => {
                let place = all.iter().position(|item| cursor(item) == *wanted);
                1 + place.ok_or_else(|| bad_input("not a cursor of this list"))?
            }
        };
        let more = all.len() > start + self.limit;
        let mut shown: Vec<(String, T)> =
            all.into_iter().skip(start).take(self.limit).map(|item| (cursor(&item), item)).collect();
        if self.backward {
            shown.reverse();
        }
        Ok((shown, more))
    }

    /// Has the page neighbours: (before, behind)?
    pub fn neighbours(&self, more: bool) -> (bool, bool) {
        if self.backward { (more, self.cursor.is_some()) } else { (self.cursor.is_some(), more) }
    }
}
