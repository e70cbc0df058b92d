//! Requests that would crash or stall an engine without a guard: each is refused before it is executed.

use std::time::{Duration, Instant};

use async_graphql::Variables;
use proptest::prelude::*;
use schema::guard::{Limits, Refused, admit, check_json};

/// Refused, and at once: a guard that takes long is a weapon itself. A second is a hundred times what it needs.
fn refused(query: &str) -> Refused {
    let began = Instant::now();
    let answer = admit(query, None, &Variables::default(), &Limits::default());
    assert!(began.elapsed() < Duration::from_secs(1));
    answer.err().unwrap_or_else(|| panic!("taken: {}", &query[..query.len().min(80)]))
}

#[test]
fn nested_values_do_not_reach_the_recursive_parser() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        let value = format!("{}1{}", open.repeat(3_000), close.repeat(3_000));
        for query in [
            format!("{{ a(b: {value}) }}"),
            format!("query($x: Int = {value}) {{ a }}"),
            format!("{{ a @skip(if: {value}) }}"),
        ] {
            assert_eq!(refused(&query).code, "QUERY_TOO_COMPLEX");
        }
    }
}

#[test]
fn fragments_that_double_are_measured_once_each() {
    let doubling: String = (0..24).map(|n| format!(" fragment f{n} on Query {{ ...f{0} ...f{0} }}", n + 1)).collect();
    let query = format!("{{ ...f0 }} {doubling} fragment f24 on Query {{ a }}");
    assert_eq!(refused(&query).code, "QUERY_TOO_COMPLEX");
}

#[test]
fn circles_of_fragments_are_named() {
    let refused = refused("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }");
    assert!(refused.message.contains("contains itself"), "{}", refused.message);
}

#[test]
fn crowds_are_counted() {
    let fragments: String = (0..20_000).map(|n| format!("fragment f{n} on Query {{ a }} ")).collect();
    let operations: String = (0..11).map(|n| format!("query q{n} {{ a }} ")).collect();
    let aliases: String = (0..31).map(|n| format!("a{n}: a ")).collect();
    let levels = format!("{}a{}", "{ a ".repeat(20), " }".repeat(20));
    for query in [
        format!("{{ a }} {fragments}"),
        format!("{{ {} }}", "a ".repeat(100_000)),
        operations,
        format!("{{ {aliases} }}"),
        levels,
    ] {
        assert_eq!(refused(&query).code, "QUERY_TOO_COMPLEX");
    }
}

#[test]
fn pages_of_pages_cost_what_they_multiply_to() {
    let query =
        "query($n: Int = 100) { a(first: $n) { nodes { b(first: 100) { nodes { c(first: 100) { nodes { d } } } } } } }";
    let refused = refused(query);
    assert!(refused.message.contains("at most 50000"), "{}", refused.message);
    let small = admit(
        query,
        None,
        &Variables::from_json(serde_json::json!({"n": 1})),
        &Limits { cost: 3_000_000, ..Limits::default() },
    );
    let large = admit(query, None, &Variables::default(), &Limits { cost: 3_000_000, ..Limits::default() });
    assert!(small.is_ok_and(|s| large.is_ok_and(|l| s.cost.requested < l.cost.requested)));
}

#[test]
fn variables_have_bounds_too() {
    let mut deep = serde_json::json!(1);
    for _ in 0..60 {
        deep = serde_json::json!([deep]);
    }
    assert!(check_json(&deep, &Limits::default()).is_err());
    assert!(check_json(&serde_json::json!(vec![0; 1_001]), &Limits::default()).is_err());
    assert!(check_json(&serde_json::json!(vec![0; 1_000]), &Limits::default()).is_ok());
}

#[test]
fn what_people_ask_is_taken() {
    for query in [
        "{ viewer { role } }",
        "query Q($after: String) { findings(first: 100, after: $after) { pageInfo { endCursor } nodes { id title asset { name tags } } } }",
        "mutation { createAsset(input: { target: \"8.8.8.8\", tags: [\"a\", \"b\"] }) { asset { id } userErrors { message } } }",
        "subscription { events { cursor node { type } } }",
        "{ node(id: \"x\") { __typename ... on Finding { title } ...a } } fragment a on Asset { name }",
    ] {
        assert!(admit(query, None, &Variables::default(), &Limits::default()).is_ok(), "{query}");
    }
}

proptest! {
    #[test]
    fn no_text_brings_it_down(parts in proptest::collection::vec(prop_oneof![
        Just("{"), Just("}"), Just("("), Just(")"), Just("["), Just("]"), Just("$a"), Just(":"), Just("..."), Just("on"), Just("a"),
        Just("query"), Just("fragment"), Just("\"x\""), Just("\"\"\""), Just("1"), Just("-1.5e9"), Just("@include"), Just("!"), Just("=")
    ], 0..120)) {
        let _ = admit(&parts.join(" "), None, &Variables::default(), &Limits::default());
    }
}
