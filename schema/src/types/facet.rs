//! How often values are there.

use async_graphql::SimpleObject;

use super::overview::FacetValue;

/// A property with its most frequent values.
#[derive(SimpleObject)]
pub struct Facet {
    /// The property.
    name: String,
    /// Its values, the most frequent first.
    values: Vec<FacetValue>,
}

impl Facet {
    /// A property with values and how often they were found.
    pub(crate) fn of(name: impl Into<String>, values: Vec<(String, u64)>) -> Self {
        let value = |(value, count)| FacetValue { value, count: i32::try_from(count).unwrap_or(i32::MAX) };
        Self { name: name.into(), values: values.into_iter().map(value).collect() }
    }
}
