use crate::banner::{Banner, Context, Refused};
use crate::facet::{self, Facet, Facets};
use crate::lenient::{Object, digits, integer, list, repaired, texts};
use crate::{Error, Shodan, answer, client};

/// Banners on a full page.
pub const PAGE: usize = 100;

/// One page of a search.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// The banners of the page.
    pub banners: Vec<Banner>,
    /// What could not be read of them.
    pub refused: Vec<Refused>,
    /// How many match in all, as this page says: other pages may say otherwise.
    pub total: u64,
    /// The facets that were asked for.
    pub facets: Facets,
}

impl SearchPage {
    /// Does it hold nothing at all? Then it is the one after the last.
    pub fn is_empty(&self) -> bool {
        self.banners.is_empty() && self.refused.is_empty()
    }
}

/// How many match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub total: u64,
    /// The facets that were asked for.
    pub facets: Facets,
}

/// How Shodan reads a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The filters in it.
    pub filters: Vec<String>,
    /// What is left of plain words.
    pub text: String,
    /// What Shodan did not understand.
    pub errors: Vec<String>,
    /// The values of the filters, as JSON.
    pub attributes: String,
}

impl Shodan {
    /// `GET /shodan/host/search`: page `page` (from 1) of at most [`PAGE`] banners; [`crate::Cost::search`] says what
    /// it costs. Pages overlap and are short at times: [`Shodan::search_all`] copes with that.
    pub async fn search(&self, query: &str, page: u32, facets: &[Facet]) -> Result<SearchPage, Error> {
        self.search_with(query, page, facets, |body| read_page(&repaired(body))).await
    }

    /// Like [`Shodan::search`], for readers of types of their own: `read` gets the body as it came, and what it
    /// refuses as [`Error::Unavailable`] is asked for again.
    pub async fn search_with<T>(
        &self,
        query: &str,
        page: u32,
        facets: &[Facet],
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Shodan's own default leaves members out.
        let call = self.get(&["shodan", "host", "search"]).with("query", query).with("minify", false);
        let call = call.with("page", page.max(1)).with_some("facets", facet::wanted(facets));
        self.ask_with(call, |answer| client::accepted(answer).and_then(|body| read(&body))).await
    }

    /// `GET /shodan/host/count`: how many match. Free.
    pub async fn count(&self, query: &str, facets: &[Facet]) -> Result<Count, Error> {
        let call = self.get(&["shodan", "host", "count"]).with("query", query);
        self.ask(call.with_some("facets", facet::wanted(facets)), |text| {
            let answer = answer::object(text)?;
            let total = answer.read("total", integer).ok_or_else(Error::unreadable)?;
            Ok(Count { total, facets: facet::read(&answer) })
        })
        .await
    }

    /// `GET /shodan/host/search/tokens`: how Shodan reads a query. Free.
    pub async fn tokens(&self, query: &str) -> Result<Tokens, Error> {
        let call = self.get(&["shodan", "host", "search", "tokens"]).with("query", query);
        self.ask(call, |text| Ok(tokens(&answer::object(text)?))).await
    }

    /// `GET /shodan/host/search/facets`: what can be a facet. Free.
    pub async fn search_facets(&self) -> Result<Vec<String>, Error> {
        self.ask(self.get(&["shodan", "host", "search", "facets"]), names).await
    }

    /// `GET /shodan/host/search/filters`: what can be a filter. Free.
    pub async fn search_filters(&self) -> Result<Vec<String>, Error> {
        self.ask(self.get(&["shodan", "host", "search", "filters"]), names).await
    }
}

fn read_page(text: &str) -> Result<SearchPage, Error> {
    let page = answer::object(text)?;
    let matches = page.read("matches", list).ok_or_else(Error::unreadable)?;
    let (banners, refused) = Banner::read_all(&matches, &Context::default());
    let total = page.read("total", integer).unwrap_or(matches.len() as u64);
    Ok(SearchPage { banners, refused, total, facets: facet::read(&page) })
}

fn tokens(answer: &Object<'_>) -> Tokens {
    let list = |name| strings(answer, name);
    Tokens {
        filters: list("filters"),
        text: answer.read("string", digits).unwrap_or_default().into_owned(),
        errors: list("errors"),
        attributes: answer.get("attributes").map_or("{}", |raw| raw.get()).to_owned(),
    }
}

/// A list of names.
pub(crate) fn names(text: &str) -> Result<Vec<String>, Error> {
    let raw = answer::value(text)?;
    list(raw).ok_or_else(Error::unreadable)?;
    Ok(texts(raw).into_iter().map(Into::into).collect())
}

/// The texts of a member.
pub(crate) fn strings(object: &Object<'_>, name: &str) -> Vec<String> {
    object.get(name).map(texts).unwrap_or_default().into_iter().map(Into::into).collect()
}
