//! Requests that would crash or stall an engine without a guard: each is refused before it is executed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use async_graphql::Variables;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, TypeKind, TypeSystemDefinition};
use proptest::prelude::*;
use schema::guard::{LISTS, Limits, Refused, admit, check_json};
use serde_json::json;

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
fn strings_that_only_look_unfinished_hide_no_brackets() {
    // To the parser this is an empty string, `"x"`, and then thousands of lists; to a careless lexer all of it is one string.
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(refused(&format!("{{ a(b: [ \"\"\"x\" {deep} ]) }}")).code, "BAD_USER_INPUT");
}

#[test]
fn fragments_that_double_are_counted_where_they_lead_nowhere_and_where_nobody_uses_them() {
    let doubling: String = (0..24).map(|n| format!(" fragment f{n} on Query {{ ...f{0} ...f{0} }}", n + 1)).collect();
    for query in [
        format!("{{ ...f0 }} {doubling}"),
        format!("{{ a }} {doubling}"),
        format!("{{ a }} {doubling} fragment f24 on Query {{ a }}"),
        format!("{{ ...f0 }} {}", doubling.replace("...", "... @skip(if: true) { a } ...")),
    ] {
        assert_eq!(refused(&query).code, "QUERY_TOO_COMPLEX", "{query}");
    }
}

#[test]
fn a_chain_of_fragments_is_no_deeper_than_a_document_may_be() {
    let chain: String = (0..400).map(|n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1)).collect();
    let refused = refused(&format!("{{ ...f0 }} {}", &chain[..chain.len().min(32_000)]));
    assert!(refused.message.contains("at most"), "{}", refused.message);
}

#[test]
fn the_schema_is_not_asked_for_in_circles() {
    let deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    let hidden =
        "{ __type(name: \"Query\") { fields { type { ...t } } } } fragment t on __Type { ... { interfaces { name } } }";
    for query in [deep, hidden] {
        assert_eq!(refused(query).code, "QUERY_TOO_COMPLEX", "{query}");
    }
    let crowd: String = (0..6).map(|n| format!("s{n}: __schema {{ queryType {{ name }} }} ")).collect();
    assert!(refused(&format!("{{ {crowd} }}")).message.contains("at most 50000"));
}

#[test]
fn variables_that_need_a_value_have_one() {
    let query = "query Q($n: Int!, $m: Int! = 2, $o: Int) { a(n: $n, m: $m, o: $o) } query R { a }";
    let asked = |operation: &str, variables: serde_json::Value| {
        admit(query, Some(operation), &Variables::from_json(variables), &Limits::default()).err()
    };
    let missing = asked("Q", serde_json::json!({})).unwrap();
    assert_eq!(
        (missing.code, missing.message.as_str()),
        ("BAD_USER_INPUT", "the variable $n of type Int! has no value")
    );
    assert!(asked("Q", serde_json::json!({"n": null})).is_some());
    assert!(asked("Q", serde_json::json!({"n": 1, "m": null})).is_some());
    assert_eq!(asked("Q", serde_json::json!({"n": 1})), None);
    assert_eq!(asked("R", serde_json::json!({})), None);
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
fn pages_made_of_fragments_cost_as_much() {
    let cost = |query: &str| admit(query, None, &Variables::default(), &Limits::default()).unwrap().cost.requested;
    let plain = cost("{ a { nodes { b { edges { node { c } } } } } }");
    assert!(plain > 25 * 25);
    let fragments =
        "{ a { ...p } } fragment p on P { ... { nodes { b { ...q } } } } fragment q on Q { edges { node { c } } }";
    assert_eq!(cost(fragments), plain);
}

#[test]
fn what_is_asked_for_by_id_costs_for_each_wherever_the_ids_stand() {
    let cost = |query: &str, variables| {
        let limits = Limits { cost: u64::MAX, ..Limits::default() };
        admit(query, None, &Variables::from_json(variables), &limits).unwrap().cost.requested
    };
    let ids: Vec<String> = (0..100).map(|n| format!("finding_{n}")).collect();
    let none = json!({});
    assert_eq!(cost("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id } }", none.clone()), 4);
    assert_eq!(cost("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({"ids": ids})), 101);
    assert_eq!(cost("query($ids: [ID!] = [\"a\", \"b\"]) { nodes(ids: $ids) { id } }", none), 3);
    let mutation = "mutation($input: I!, $ids: [ID!]) { a: triageFindings(input: $input) { findings { id } }
        b: triageFindings(input: {ids: $ids, filter: {states: [OPEN, RESOLVED]}}) { findings { id } } }";
    let once = 1 + 100 * (1 + 10);
    assert_eq!(cost(mutation, json!({"input": {"ids": ids}, "ids": ids})), 2 * once);
}

#[test]
fn every_list_of_the_schema_that_is_no_page_is_known_to_the_cost() {
    let sdl = schema::sdl();
    let document = parse_schema(&sdl).unwrap();
    let mut objects = BTreeMap::new();
    let mut scalars = BTreeSet::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(found) = definition else { continue };
        let name = found.node.name.node.to_string();
        match &found.node.kind {
            TypeKind::Object(object) => drop(objects.insert(name, &object.fields)),
            TypeKind::Interface(interface) => drop(objects.insert(name, &interface.fields)),
            TypeKind::Union(_) => {}
            _ => drop(scalars.insert(name)),
        }
    }
    let built_in = ["String", "ID", "Int", "Float", "Boolean"];
    let mut lists = BTreeSet::new();
    for field in objects.values().flat_map(|fields| fields.iter()) {
        let BaseType::List(item) = &field.node.ty.node.base else { continue };
        let BaseType::Named(item) = &item.base else { continue };
        let name = field.node.name.node.as_str();
        let by_id = field.node.arguments.iter().any(|argument| argument.node.name.node == "ids");
        if !scalars.contains(item.as_str()) && !built_in.contains(&item.as_str()) && !by_id {
            lists.insert(name);
        }
    }
    for page in ["edges", "nodes", "userErrors"] {
        lists.remove(page);
    }
    assert_eq!(lists, LISTS.iter().copied().collect());
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
        INTROSPECTION,
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

/// What tools ask, graphical clients and code generators among them.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } \
    subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations \
    args(includeDeprecated: true) { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name description \
    args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { \
    kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";
