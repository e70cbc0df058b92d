use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

use crate::lenient::{Object, digits, integer, list, object};

/// A wish: the most frequent values of a property among all that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The property, such as `port` or `org`.
    pub name: String,
    /// How many values; `None` leaves it to Shodan (10).
    pub count: Option<u32>,
}

impl Facet {
    /// So many values of a property.
    pub fn top(count: u32, name: impl Into<String>) -> Self {
        Self { name: name.into(), count: Some(count) }
    }
}

impl From<&str> for Facet {
    /// Reads `port` and `port:20`.
    fn from(text: &str) -> Self {
        match text.split_once(':') {
            Some((name, count)) => Self { name: name.to_owned(), count: count.parse().ok() },
            None => Self { name: text.to_owned(), count: None },
        }
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Some(count) => write!(f, "{}:{count}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A value and how often it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetValue {
    /// The value; numbers and truth values as they are written.
    pub value: String,
    /// How often.
    pub count: u64,
}

/// The facets of an answer, by name.
pub type Facets = BTreeMap<String, Vec<FacetValue>>;

/// The parameter that asks for these. `None` where none are wanted.
pub(crate) fn wanted(facets: &[Facet]) -> Option<String> {
    (!facets.is_empty()).then(|| facets.iter().map(Facet::to_string).collect::<Vec<_>>().join(","))
}

/// Reads the member `facets` of an answer.
pub(crate) fn read(answer: &Object<'_>) -> Facets {
    let named = answer.object("facets");
    named.members().map(|(name, raw)| (name.to_owned(), values(raw))).collect()
}

/// Reads a list of values with their counts; what is neither is left out.
pub(crate) fn values(raw: &RawValue) -> Vec<FacetValue> {
    let items = list(raw).unwrap_or_default();
    items.into_iter().filter_map(object).filter_map(|item| value(&item)).collect()
}

fn value(item: &Object<'_>) -> Option<FacetValue> {
    let written = item.get("value").or_else(|| item.get("key"))?;
    let value = digits(written).map_or_else(|| written.get().to_owned(), std::borrow::Cow::into_owned);
    Some(FacetValue { value, count: item.read("count", integer)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_written_as_shodan_reads_them() {
        assert_eq!(wanted(&["port".into(), Facet::top(20, "org"), "asn:5".into()]).unwrap(), "port,org:20,asn:5");
        assert_eq!(wanted(&[]), None);
    }

    #[test]
    fn values_of_every_type_are_read() {
        let answer = serde_json::from_str(
            r#"{"facets":{"port":[{"count":3,"value":80},{"value":443}],"ssl":[{"count":"2","value":true}],"x":1}}"#,
        )
        .unwrap();
        let facets = read(&answer);
        assert_eq!(facets["port"], [FacetValue { value: "80".into(), count: 3 }]);
        assert_eq!(facets["ssl"][0].value, "true");
        assert!(facets["x"].is_empty());
    }
}
