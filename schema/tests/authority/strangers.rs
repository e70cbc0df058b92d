//! Whatever somebody tries with the ids of another organization, in whatever order: it is answered word for word as if
//! the ids were of nothing at all, and nothing of the other organization changes.

use std::collections::BTreeSet;

use app::access::Caller;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::matrix::document;
use crate::samples::Things;
use crate::shape::{Shape, text};
use crate::world::World;

/// One thing to try: a document, and its variables with the ids of these things.
struct Try {
    name: String,
    document: String,
    variables: Box<dyn Fn(&Things) -> Value + Send + Sync>,
}

#[test]
fn the_ids_of_others_are_worth_no_more_than_those_of_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (world, tries) = runtime.block_on(async {
        let world = World::new().await;
        let tries = tries(&world).await;
        (world, tries)
    });
    // As many as take some seconds: passwords are hashed on the way.
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let order = vec(0..tries.len(), 1..8);
    let held = runner.run(&order, |order| {
        let chosen: Vec<&Try> = order.iter().map(|index| &tries[*index]).collect();
        runtime.block_on(nothing_is_told(&world, &chosen));
        Ok(())
    });
    held.unwrap();
}

#[tokio::test]
async fn each_of_them_alone_too() {
    let world = World::new().await;
    for one in tries(&world).await {
        nothing_is_told(&world, &[&one]).await;
    }
}

async fn nothing_is_told(world: &World, order: &[&Try]) {
    let stranger = world.somebody("stranger");
    let (theirs, nowhere) = (world.things.clone(), world.things.nowhere());
    let (here, there) = (world.copy(), world.copy());
    for one in order {
        let told = veiled(&here.ask(stranger, &one.document, (one.variables)(&theirs)).await, &theirs);
        let untold = veiled(&there.ask(stranger, &one.document, (one.variables)(&nowhere)).await, &nowhere);
        assert_eq!(told, untold, "{} tells apart what is somebody's and what is nobody's", one.name);
        for marker in ["Plant", "8.8.8.8", "plant.example", "SIEM"] {
            assert!(!told.contains(marker), "{} tells of {marker}: {told}", one.name);
        }
    }
    let (before, after) = (of_others(world, stranger), of_others(&here, stranger));
    let partitions: BTreeSet<&String> = before.iter().map(|(partition, _)| partition).collect();
    // What is new lies in partitions of the stranger's own making.
    let after: BTreeSet<_> = after.iter().filter(|(partition, _)| partitions.contains(partition)).collect();
    let changed: Vec<_> = before.iter().collect::<BTreeSet<_>>().symmetric_difference(&after).copied().collect();
    assert!(changed.is_empty(), "{:?} changed {changed:#?}", names(order));
}

/// The answer with a placeholder for each id that was sent.
fn veiled(answer: &Value, sent: &Things) -> String {
    let mut text = answer.to_string();
    for (number, id) in sent.ids().enumerate() {
        text = text.replace(id, &format!("<{number}>"));
    }
    text
}

fn names(order: &[&Try]) -> Vec<String> {
    order.iter().map(|one| one.name.clone()).collect()
}

/// All rows, with their partitions, that are of an organization or a person other than the stranger.
fn of_others(world: &World, stranger: Option<&Caller>) -> BTreeSet<(String, String)> {
    let stranger = stranger.unwrap();
    let own = [stranger.org.to_string(), stranger.user.as_ref().unwrap().to_string()];
    let rows = world.tables.everything().into_iter().filter(|(_, partition, row)| {
        let of_somebody = partition.contains("org_") || partition.contains("user_");
        of_somebody && !own.iter().any(|id| partition.contains(id) || row.key.contains(id))
    });
    rows.map(|(table, partition, row)| (format!("{table:?} {partition}"), format!("{row:?}"))).collect()
}

/// Every change, every look-up by an id, and every list that is filtered by one.
async fn tries(world: &World) -> Vec<Try> {
    let shape = Shape::of(world).await;
    let mut all = Vec::new();
    for mutation in shape.fields("Mutation") {
        // These are about whom an address belongs to, not about ids; the first two are for who is not signed in.
        let name = text(&mutation["name"]).to_owned();
        if ["register", "login", "logout", "resendConfirmation"].contains(&name.as_str()) {
            continue;
        }
        let (document, mutation) = (document(mutation), mutation.clone());
        let shape = Shape::of(world).await;
        let variables = Box::new(move |things: &Things| json!({"input": things.input(&shape, &mutation)}));
        all.push(Try { name, document, variables });
    }
    for (number, _) in world.things.ids().enumerate() {
        for document in [
            "query($id: ID!) { node(id: $id) { id __typename } nodes(ids: [$id]) { id } }",
            "query($id: ID!) { asset(id: $id) { name } finding(id: $id) { title } notificationChannel(id: $id) { __typename } \
             delivery(id: $id) { state } rule(id: $id) { name } }",
            "query($id: ID!) { findings(first: 5, filter: {assetId: $id}) { totalCount nodes { id } } \
             events(first: 5, filter: {assetId: $id, findingId: $id}) { nodes { id } } \
             deliveries(first: 5, filter: {channelId: $id}) { nodes { id } } }",
        ] {
            let variables = Box::new(move |things: &Things| json!({"id": things.ids().nth(number).unwrap()}));
            all.push(Try { name: format!("{} {number}", &document[..30]), document: document.to_owned(), variables });
        }
    }
    assert!(all.len() > 60, "only {} ways to try", all.len());
    all
}
