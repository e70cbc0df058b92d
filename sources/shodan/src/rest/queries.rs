use std::borrow::Cow;

use jiff::Timestamp;

use crate::call::Call;
use crate::facet::{self, FacetValue};
use crate::lenient::{Object, digits, instant, integer, list, object, string};
use crate::search::strings;
use crate::{Error, Shodan, answer};

/// A query that somebody shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedQuery {
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The query.
    pub query: String,
    /// What people tagged it with.
    pub tags: Vec<String>,
    /// How many like it.
    pub votes: Option<u64>,
    /// Since when.
    pub timestamp: Option<Timestamp>,
}

/// One page of shared queries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedQueries {
    /// At most 10.
    pub queries: Vec<SavedQuery>,
    /// How many there are.
    pub total: u64,
}

/// In which order to list them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryOrder {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The most liked first.
    MostVotes,
    /// The least liked first.
    FewestVotes,
}

impl Shodan {
    /// `GET /shodan/query`: shared queries, 10 on a page (from 1). Free.
    pub async fn saved_queries(&self, page: u32, order: QueryOrder) -> Result<SavedQueries, Error> {
        let (sort, order) = match order {
            QueryOrder::Newest => ("timestamp", "desc"),
            QueryOrder::Oldest => ("timestamp", "asc"),
            QueryOrder::MostVotes => ("votes", "desc"),
            QueryOrder::FewestVotes => ("votes", "asc"),
        };
        self.listed(self.get(&["shodan", "query"]).with("page", page.max(1)).with("sort", sort).with("order", order))
            .await
    }

    /// `GET /shodan/query/search`: shared queries about something, 10 on a page (from 1). Free.
    pub async fn search_saved_queries(&self, about: &str, page: u32) -> Result<SavedQueries, Error> {
        self.listed(self.get(&["shodan", "query", "search"]).with("query", about).with("page", page.max(1))).await
    }

    /// `GET /shodan/query/tags`: the most frequent tags of shared queries. Free.
    pub async fn query_tags(&self, size: u32) -> Result<Vec<FacetValue>, Error> {
        self.ask(self.get(&["shodan", "query", "tags"]).with("size", size), |text| {
            let answer = answer::object(text)?;
            answer.get("matches").map(facet::values).ok_or_else(Error::unreadable)
        })
        .await
    }

    async fn listed(&self, call: Call<'_>) -> Result<SavedQueries, Error> {
        self.ask(call, |text| {
            let answer = answer::object(text)?;
            let matches = answer.read("matches", list).ok_or_else(Error::unreadable)?;
            let queries: Vec<_> = matches.into_iter().filter_map(object).filter_map(|one| saved(&one)).collect();
            Ok(SavedQueries { total: answer.read("total", integer).unwrap_or(queries.len() as u64), queries })
        })
        .await
    }
}

fn saved(one: &Object<'_>) -> Option<SavedQuery> {
    let text = |name| one.read(name, digits).map(Cow::into_owned);
    Some(SavedQuery {
        query: text("query")?,
        title: text("title").unwrap_or_default(),
        description: text("description").unwrap_or_default(),
        tags: strings(one, "tags").into_iter().filter(|tag| !tag.is_empty()).collect(),
        votes: one.read("votes", integer),
        timestamp: one.read("timestamp", string).and_then(|at| instant(&at)),
    })
}
