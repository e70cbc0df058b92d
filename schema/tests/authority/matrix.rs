//! One row per field of the schema, one column per somebody, in a table that is committed: a new field without a row
//! fails, and so does a right that was given or taken by accident.

use std::fmt::Write;

use app::access::Caller;
use serde_json::{Value, json};

use crate::samples::Things;
use crate::shape::{Shape, text};
use crate::walk::{Way, ways};
use crate::world::World;

const LEGEND: &str = "\
+ answered, or done
. nothing there: null, an empty list, not found
- FORBIDDEN
! UNAUTHENTICATED
~ refused for what is in the input, after it was clear that they may
x BAD_USER_INPUT
Payloads are shown to whoever may do what they are the payload of.
";

/// What no single scope suffices for: what is a person's own, and what reads as well.
const NOT_IN_A_SCOPE: &[&str] = &[
    "Mutation.acceptInvitation",
    "Mutation.changePassword",
    "Mutation.createOrganization",
    "Mutation.deleteAccount",
    "Mutation.revokeSession",
    "Mutation.switchOrganization",
    "Mutation.tryRule",
    "Mutation.updateProfile",
];

#[tokio::test]
async fn who_may_do_what_is_what_the_table_says() {
    let world = World::new().await;
    let shape = Shape::of(&world).await;
    let mut table = String::from(LEGEND);
    for (column, (name, _)) in world.everybody.iter().enumerate() {
        writeln!(table, "{}{name}", "| ".repeat(column)).unwrap();
    }
    let mut rows = reads(&world, &shape).await;
    let mut changes = changes(&world, &shape).await;
    changes.sort();
    assert_eq!(in_no_scope(&world, &changes), NOT_IN_A_SCOPE);
    rows.extend(changes);
    rows.sort();
    for (name, cells) in rows {
        let cells: Vec<String> = cells.chars().map(String::from).collect();
        writeln!(table, "{} {name}", cells.join(" ")).unwrap();
    }
    insta::assert_snapshot!("matrix", table);
}

/// The changes that every token with one scope is forbidden.
fn in_no_scope<'a>(world: &World, changes: &'a [(String, String)]) -> Vec<&'a str> {
    let tokens: Vec<bool> = world.everybody.iter().map(|(name, _)| name.starts_with("token ")).collect();
    let none = |cells: &str| cells.chars().zip(&tokens).all(|(cell, token)| !token || cell == '-');
    changes.iter().filter(|(_, cells)| none(cells)).map(|(name, _)| name.as_str()).collect()
}

/// What is read, and followed.
async fn reads(world: &World, shape: &Shape) -> Vec<(String, String)> {
    let things = &world.things;
    let ways = ways(world, shape, things).await;
    let mut rows = Vec::new();
    for of in shape.readable() {
        for field in shape.fields(of) {
            let mut cells = String::new();
            for (_, caller) in &world.everybody {
                let step = step(shape, things, of, field);
                cells.push(match (of, ways.get(of)) {
                    ("Subscription", _) => followed(world, caller.as_ref(), &step).await,
                    (_, Some(way)) => read(world, caller.as_ref(), way, &step).await,
                    (_, None) => panic!("the example has no value of the type {of}: add one to the world"),
                });
            }
            rows.push((format!("{of}.{}", text(&field["name"])), cells));
        }
    }
    rows
}

fn step(shape: &Shape, things: &Things, of: &str, field: &Value) -> String {
    let below = if shape.possible(crate::shape::bare(&field["type"])).is_empty() { "" } else { " { __typename }" };
    format!("{}{}{below}", text(&field["name"]), things.arguments(shape, of, field))
}

async fn read(world: &World, caller: Option<&Caller>, way: &Way, step: &str) -> char {
    let answer = world.ask(caller, &way.document(step), json!({})).await;
    let name = step.split(['(', ' ']).next().unwrap();
    if way.ends(&answer["data"], name).is_empty() { refused(&answer).unwrap_or('.') } else { '+' }
}

async fn followed(world: &World, caller: Option<&Caller>, step: &str) -> char {
    let document = format!("subscription {{ {step} }}");
    match world.follow(caller, &document).await {
        Some(answer) => refused(&answer).unwrap_or('+'),
        None => '.',
    }
}

/// What is changed, each time in a copy.
async fn changes(world: &World, shape: &Shape) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for mutation in shape.fields("Mutation") {
        let input = world.things.input(shape, mutation);
        let document = document(mutation);
        let mut cells = String::new();
        for (_, caller) in &world.everybody {
            let answer = world.copy().ask(caller.as_ref(), &document, json!({"input": input})).await;
            let payload = &answer["data"][text(&mutation["name"])];
            cells.push(match text(&payload["userErrors"][0]["code"]) {
                "NOT_FOUND" => '.',
                "" => refused(&answer).unwrap_or('+'),
                _ => '~',
            });
        }
        rows.push((format!("Mutation.{}", text(&mutation["name"])), cells));
    }
    rows
}

/// A mutation with all that its payload says of faults.
pub(crate) fn document(mutation: &Value) -> String {
    let name = text(&mutation["name"]);
    match mutation["args"].as_array().unwrap().first() {
        Some(arg) => {
            let input = crate::shape::bare(&arg["type"]);
            format!("mutation($input: {input}!) {{ {name}(input: $input) {{ userErrors {{ code message field }} }} }}")
        }
        None => format!("mutation {{ {name} {{ userErrors {{ code message field }} }} }}"),
    }
}

fn refused(answer: &Value) -> Option<char> {
    Some(match answer["errors"][0]["extensions"]["code"].as_str() {
        Some("FORBIDDEN") => '-',
        Some("UNAUTHENTICATED") => '!',
        Some("BAD_USER_INPUT") => 'x',
        // Let through as far as the source, which says nothing here.
        Some("UPSTREAM_UNAVAILABLE") => '+',
        Some(other) => panic!("{other}: {answer:#}"),
        None if answer.get("errors").is_some() => panic!("an error without a code: {answer:#}"),
        None => return None,
    })
}
