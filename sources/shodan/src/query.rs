//! Shodan's query language: `filter:value` without a blank, quotes around blanks, a comma for "or", a `-` for "not";
//! a plain word looks at the text of a banner.
//!
//! Here belong its parts and its making. Never here: what a filter finds.

use std::fmt::Display;

use ipnet::IpNet;
use jiff::civil::Date;

/// Shodan's own tools keep queries below this many characters.
const LONGEST_QUERY: usize = 1000;

/// One part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// A `-` stands before it.
    pub negated: bool,
    /// The filter's name; `None` for a plain word.
    pub filter: Option<String>,
    /// The values, of which one must hold. Quotes are taken off.
    pub values: Vec<String>,
}

/// The parts of a query, in its order. No text is wrong: what is no filter is a word.
pub fn terms(query: &str) -> Vec<Term> {
    split(query, char::is_whitespace).map(term).collect()
}

/// The names of the filters in a query, in its order.
pub fn filters(query: &str) -> Vec<String> {
    terms(query).into_iter().filter_map(|term| term.filter).collect()
}

/// `filter:value`, quoted where it must be.
pub fn filter(name: &str, value: &str) -> String {
    let value = value.replace('"', "");
    let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c == ',');
    if plain { format!("{name}:{value}") } else { format!("{name}:\"{value}\"") }
}

/// `after:DD/MM/YYYY`. Shodan finds next to nothing with any other spelling, and says no word about it.
pub fn after(day: Date) -> String {
    format!("after:{}", day.strftime("%d/%m/%Y"))
}

/// `before:DD/MM/YYYY`.
pub fn before(day: Date) -> String {
    format!("before:{}", day.strftime("%d/%m/%Y"))
}

/// Queries for all of these networks, as few as their length allows.
pub fn networks(networks: &[IpNet]) -> Vec<String> {
    packed("net:", networks.iter().map(IpNet::trunc))
}

fn packed(prefix: &str, values: impl Iterator<Item = impl Display>) -> Vec<String> {
    let mut queries: Vec<String> = Vec::new();
    for value in values {
        let value = value.to_string();
        match queries.last_mut().filter(|query| query.len() + 1 + value.len() <= LONGEST_QUERY) {
            Some(query) => {
                query.push(',');
                query.push_str(&value);
            }
            None => queries.push(format!("{prefix}{value}")),
        }
    }
    queries
}

fn term(text: &str) -> Term {
    let (negated, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let named = rest.split_once(':').filter(|(name, _)| is_name(name));
    let bare = |value: &str| value.replace('"', "");
    match named {
        Some((name, values)) => {
            let values = split(values, |c| c == ',').map(bare).collect();
            Term { negated, filter: Some(name.to_owned()), values }
        }
        None => Term { negated, filter: None, values: vec![bare(rest)] },
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b))
}

/// The parts between separators that are not between quotes; empty ones are left out.
fn split(text: &str, separates: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = text.split(move |c: char| {
        quoted ^= c == '"';
        separates(c) && !quoted
    });
    parts.filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_taken_apart_as_shodan_does() {
        let found = terms(r#"apache -port:80,443 org:"Acme, Inc." "connection code" http://x ssl.cert.expired:true"#);
        let shape: Vec<_> = found.iter().map(|t| (t.negated, t.filter.as_deref(), t.values.join("|"))).collect();
        let expected = [
            (false, None, "apache"),
            (true, Some("port"), "80|443"),
            (false, Some("org"), "Acme, Inc."),
            (false, None, "connection code"),
            (false, Some("http"), "//x"),
            (false, Some("ssl.cert.expired"), "true"),
        ];
        assert_eq!(shape, expected.map(|(negated, filter, values)| (negated, filter, values.to_owned())));
    }

    #[test]
    fn values_are_quoted_where_they_must_be() {
        assert_eq!(filter("org", "Acme Utilities"), "org:\"Acme Utilities\"");
        assert_eq!(filter("port", "80"), "port:80");
        assert_eq!(filter("title", "a\" port:1"), "title:\"a port:1\"", "nothing escapes its quotes");
        assert_eq!(after(jiff::civil::date(2026, 3, 4)), "after:04/03/2026");
    }

    #[test]
    fn many_networks_are_few_queries_and_none_is_too_long() {
        let all: Vec<IpNet> = (0..200).map(|n| format!("198.51.{n}.77/24").parse().unwrap()).collect();
        let queries = networks(&all);
        assert!(queries.iter().all(|query| query.starts_with("net:198.51.") && query.len() <= LONGEST_QUERY));
        assert_eq!(queries.iter().map(|query| query.split(',').count()).sum::<usize>(), 200);
        assert!(queries.len() < 5 && queries[0].starts_with("net:198.51.0.0/24,198.51.1.0/24"));
    }
}
