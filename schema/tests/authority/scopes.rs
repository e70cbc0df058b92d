//! A token does what its scope names, all of it, and sees of it what it changed: where that leads takes READ.

use app::access::{self, Caller, Credential, NewApiToken};
use domain::role::Scope;
use serde_json::{Value, json};

use crate::shape::text;
use crate::world::World;

const COMMENT: &str =
    "mutation($id: ID!, $text: String!) { commentOnFinding(input: {id: $id, text: $text}) { finding {";

async fn token(world: &World, scopes: &[Scope]) -> Option<Caller> {
    let owner = world.somebody("OWNER").unwrap();
    let wanted = NewApiToken { name: "of the test".into(), scopes: scopes.iter().copied().collect(), expires_at: None };
    let (_, secret) = access::create_api_token(&world.app, owner, wanted).await.unwrap();
    access::authenticate(&world.app, Credential::Bearer(&secret)).await.unwrap()
}

fn forbidden(answer: &Value, path: &Value) {
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{answer:#}");
    assert_eq!(&error["path"], path, "{answer:#}");
    assert!(text(&error["message"]).ends_with("it lacks the scope READ"), "{answer:#}");
}

#[tokio::test]
async fn who_may_write_sees_what_was_written() {
    let world = World::new().await;
    let triage = world.somebody("token TRIAGE");
    let finding = world.things.id("finding");
    let document =
        format!("{COMMENT} id title state comments {{ text author {{ name }} }} }} userErrors {{ message }} }} }}");
    let answer = world.ask(triage, &document, json!({"id": finding, "text": "seen again"})).await;
    assert!(answer.get("errors").is_none(), "{answer:#}");
    let told = &answer["data"]["commentOnFinding"]["finding"];
    assert_eq!(&told["id"], finding);
    let last = told["comments"].as_array().unwrap().last().unwrap();
    assert_eq!(last, &json!({"text": "seen again", "author": {"name": "TRIAGE"}}));
}

#[tokio::test]
async fn where_it_leads_takes_read_and_the_change_is_made_all_the_same() {
    let world = World::new().await;
    let triage = world.somebody("token TRIAGE");
    let finding = world.things.id("finding");
    for (number, way) in
        ["asset { name }", "rule { name }", "service { banner }", "history { nodes { id } }"].iter().enumerate()
    {
        let field = way.split(' ').next().unwrap();
        let document = format!("{COMMENT} id {way} }} }} }}");
        let answer = world.ask(triage, &document, json!({"id": finding, "text": format!("number {number}")})).await;
        forbidden(&answer, &json!(["commentOnFinding", "finding", field]));
    }
    let read = "query($id: ID!) { finding(id: $id) { comments { text } } }";
    let comments = world.ask(world.somebody("token READ"), read, json!({"id": finding})).await;
    let comments = comments["data"]["finding"]["comments"].as_array().unwrap().clone();
    assert_eq!(comments.last().unwrap()["text"], "number 3");
    // With both, all of it is one answer.
    let both = token(&world, &[Scope::Triage, Scope::Read]).await;
    let document = format!("{COMMENT} asset {{ name }} rule {{ name }} }} }} }}");
    let answer = world.ask(both.as_ref(), &document, json!({"id": finding, "text": "at last"})).await;
    assert_eq!(answer["data"]["commentOnFinding"]["finding"]["asset"]["name"], "8.8.8.8", "{answer:#}");
}

#[tokio::test]
async fn what_is_made_of_an_asset_is_shown_and_what_is_judged_of_it_is_not() {
    let world = World::new().await;
    let writer = world.somebody("token WRITE_ASSETS");
    let document = |fields: &str| {
        format!(
            "mutation($id: ID!) {{ updateAsset(input: {{id: $id, owner: \"Ops\"}}) {{ asset {{ {fields} }} userErrors {{ message }} }} }}"
        )
    };
    let variables = json!({"id": world.things.id("asset")});
    let answer = world.ask(writer, &document("name owner tags monitoring { status }"), variables.clone()).await;
    assert_eq!(answer["data"]["updateAsset"]["asset"]["owner"], "Ops", "{answer:#}");
    for field in ["findingCounts", "riskScore", "parent", "findings"] {
        let below = if field == "riskScore" { "" } else { " { __typename }" };
        let answer = world.ask(writer, &document(&format!("{field}{below}")), variables.clone()).await;
        forbidden(&answer, &json!(["updateAsset", "asset", field]));
    }
}

#[tokio::test]
async fn to_try_a_rule_is_to_read_what_it_finds() {
    let world = World::new().await;
    let document =
        "mutation { tryRule(input: {expression: \"true\"}) { matched services { port } userErrors { message } } }";
    let answer = world.ask(world.somebody("token MANAGE_RULES"), document, json!({})).await;
    forbidden(&answer, &json!(["tryRule"]));
    let both = token(&world, &[Scope::ManageRules, Scope::Read]).await;
    let answer = world.ask(both.as_ref(), document, json!({})).await;
    assert_eq!(answer["data"]["tryRule"]["matched"], 2, "{answer:#}");
}
