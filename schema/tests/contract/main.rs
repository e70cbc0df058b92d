//! What clients were promised (`schema/contract.graphql`) held against what is served: nothing is lost or renamed
//! silently. What is promised and not built yet stands in `not_yet.txt`, a list that only shrinks.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod compare;

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::ServiceDocument;
use compare::{Shapes, differences};

const CONTRACT: &str = include_str!("../../contract.graphql");
const NOT_YET: &str = include_str!("not_yet.txt");

fn shapes(text: &str) -> Shapes {
    let document: ServiceDocument = parse_schema(text).unwrap();
    Shapes::of(&document)
}

fn not_yet() -> BTreeSet<String> {
    NOT_YET.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn the_served_schema_keeps_every_promise_but_those_that_are_listed() {
    let found: BTreeSet<String> = differences(&shapes(CONTRACT), &shapes(&schema::sdl())).into_iter().collect();
    let listed = not_yet();
    let broken: Vec<_> = found.difference(&listed).collect();
    assert!(broken.is_empty(), "these promises are broken: {broken:#?}");
    let kept: Vec<_> = listed.difference(&found).collect();
    assert!(kept.is_empty(), "these are kept now: take them off schema/tests/contract/not_yet.txt: {kept:#?}");
}

#[test]
fn every_way_to_break_a_promise_is_told() {
    let promised = "interface N { id: ID! } type A implements N { id: ID! f(x: Int = 1, y: [Int!]): B } \
                    type B { g: String! h: Int } enum E { ONE TWO } input I { a: Int! b: Int = 2 } scalar S type Gone { a: Int }";
    let served = "interface N { id: ID! } type A { id: ID! f(x: Int = 2, z: Int!): B! } type B { g: String h: Int more: Int } \
                  enum E { ONE THREE } input I { a: Int b: Int c: Int! } enum S { X }";
    let told = differences(&shapes(promised), &shapes(served));
    assert_eq!(
        told,
        [
            "type A does not implement N",
            "A.f is B! and not B",
            "A.f(x) is Int = 2 and not Int = 1",
            "A.f(y) is missing: [Int!]",
            "A.f(z) is asked for and was not promised: Int!",
            "B.g is String and not String!",
            "E.TWO is missing",
            "type Gone is missing",
            "I.a is Int and not Int!",
            "I.b is Int and not Int = 2",
            "I.c is asked for and was not promised: Int!",
            "S is of the kind enum and not scalar",
        ]
    );
    assert_eq!(differences(&shapes(promised), &shapes(promised)), [""; 0]);
}
