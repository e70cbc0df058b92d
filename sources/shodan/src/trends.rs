use http::Method;
use std::borrow::Cow;

use crate::call::Call;
use crate::facet::{self, Facet, FacetValue};
use crate::lenient::{digits, integer, list, object};
use crate::{Error, Shodan, answer};

/// A month (`2023-06`) with its most frequent values.
pub type MonthlyValues = (String, Vec<FacetValue>);

/// How many matched in each month. Enterprise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// Matches over all months.
    pub total: u64,
    /// Month (`2023-06`) and matches.
    pub months: Vec<(String, u64)>,
    /// Of each facet, the months with their most frequent values.
    pub facets: Vec<(String, Vec<MonthlyValues>)>,
}

impl Shodan {
    /// `GET /api/v1/search` of the trends service. Enterprise.
    pub async fn trend(&self, query: &str, facets: &[Facet]) -> Result<Trend, Error> {
        let call = self.trends(&["api", "v1", "search"]).with("query", query);
        self.ask(call.with_some("facets", facet::wanted(facets)), read).await
    }

    /// `GET /api/v1/search/facets` of the trends service.
    pub async fn trend_facets(&self) -> Result<Vec<String>, Error> {
        self.names(self.trends(&["api", "v1", "search", "facets"])).await
    }

    /// `GET /api/v1/search/filters` of the trends service.
    pub async fn trend_filters(&self) -> Result<Vec<String>, Error> {
        self.names(self.trends(&["api", "v1", "search", "filters"])).await
    }

    fn trends<'a>(&'a self, path: &[&'a str]) -> Call<'a> {
        Call::new(Method::GET, &self.endpoints.trends, path)
    }
}

fn read(text: &str) -> Result<Trend, Error> {
    let answer = answer::object(text)?;
    let matches = answer.read("matches", list).ok_or_else(Error::unreadable)?;
    let months = matches
        .into_iter()
        .filter_map(object)
        .filter_map(|month| Some((month.read("month", digits).map(Cow::into_owned)?, month.read("count", integer)?)));
    let named = answer.object("facets");
    let facets = named.members().map(|(name, months)| {
        let months = list(months).unwrap_or_default().into_iter().filter_map(object).filter_map(|month| {
            Some((month.read("key", digits).map(Cow::into_owned)?, month.get("values").map(facet::values)?))
        });
        (name.to_owned(), months.collect())
    });
    Ok(Trend { total: answer.read("total", integer).unwrap_or(0), months: months.collect(), facets: facets.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_months_and_their_facets() {
        let trend = read(
            r#"{"total":7,"matches":[{"month":"2023-06","count":7}],
                "facets":{"port":[{"key":"2023-06","values":[{"count":5,"value":80}]}]}}"#,
        )
        .unwrap();
        assert_eq!(trend.months, [("2023-06".to_owned(), 7)]);
        assert_eq!(trend.facets[0].1[0].1[0], FacetValue { value: "80".into(), count: 5 });
    }
}
