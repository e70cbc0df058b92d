//! Relay's connections, as this API answers them. Unlike the library's, a page says itself where it ends: a page that
//! looked at many things and showed few (or none) still leads on.

use std::borrow::Cow;

use async_graphql::connection::{Edge, EmptyFields, PageInfo};
use async_graphql::{Object, ObjectType, OutputType, TypeName};

use crate::paging::Page;

/// A page of things, with what else is said of the whole list.
pub struct Listing<T: OutputType, Totals: ObjectType = EmptyFields> {
    edges: Vec<Edge<String, T, EmptyFields>>,
    page_info: PageInfo,
    totals: Totals,
}

impl<T: OutputType, Totals: ObjectType> Listing<T, Totals> {
    /// The items of a page in the order of the list, each with its cursor. `more`: there may be more in the direction of
    /// reading, and `end` is from where to go on; where that is not said it is the last item in that direction.
    pub fn new(
        page: &Page,
        items: impl IntoIterator<Item = (String, T)>,
        more: bool,
        end: Option<String>,
        totals: Totals,
    ) -> Self {
        let edges: Vec<_> = items.into_iter().map(|(cursor, item)| Edge::new(cursor, item)).collect();
        let (has_previous_page, has_next_page) = page.neighbours(more);
        let (first, last) = (edges.first().map(|e| e.cursor.clone()), edges.last().map(|e| e.cursor.clone()));
        let (start_cursor, end_cursor) = if page.backward { (end.or(first), last) } else { (first, end.or(last)) };
        let page_info = PageInfo { has_previous_page, has_next_page, start_cursor, end_cursor };
        Self { edges, page_info, totals }
    }
}

/// A page of things, with what else is said of the whole list.
#[Object(name_type)]
impl<T: OutputType, Totals: ObjectType> Listing<T, Totals> {
    /// Where the page lies.
    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }
    /// The items with their cursors.
    async fn edges(&self) -> &[Edge<String, T, EmptyFields>] {
        &self.edges
    }
    /// The items.
    async fn nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }
    #[graphql(flatten)]
    async fn totals(&self) -> &Totals {
        &self.totals
    }
}

impl<T: OutputType, Totals: ObjectType> TypeName for Listing<T, Totals> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}
