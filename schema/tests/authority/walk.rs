//! Ways through the schema to something that is there: for each type one document that leads to a value of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use crate::samples::Things;
use crate::shape::{Shape, bare, text};
use crate::world::World;

/// Fields one in the other, from the root on, as they are written.
#[derive(Clone, Default)]
pub(crate) struct Way(Vec<String>);

impl Way {
    pub(crate) fn on(&self, step: impl Into<String>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }

    /// The document that asks for `last` at the end of the way.
    pub(crate) fn document(&self, last: &str) -> String {
        let braces = "}".repeat(self.0.len() + 1);
        let steps: Vec<String> = self.0.iter().map(|step| format!("{step} {{ ")).collect();
        format!("{{ {}{last} {braces}", steps.concat())
    }

    /// What an answer has at the end of the way.
    pub(crate) fn ends<'a>(&self, data: &'a Value, last: &str) -> Vec<&'a Value> {
        let names = self.0.iter().map(String::as_str).filter(|step| !step.starts_with("...")).chain([last]);
        let mut here = vec![data];
        for name in names {
            let name = name.split('(').next().unwrap_or(name);
            here = here.into_iter().flat_map(|value| flat(&value[name])).filter(|value| !value.is_null()).collect();
        }
        here
    }
}

fn flat(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().flat_map(flat).collect())
}

/// So many values of a type are looked at for what lies behind them: an event may have changes, and most have none.
const VALUES: usize = 3;

/// For each type that can be reached the first way to a value of it, as the OWNER goes.
pub(crate) async fn ways(world: &World, shape: &Shape, things: &Things) -> BTreeMap<String, Way> {
    let owner = world.somebody("OWNER");
    let mut found = BTreeMap::from([("Query".to_owned(), Way::default())]);
    let mut next: VecDeque<(String, Way)> = found.clone().into_iter().collect();
    let mut looked_at: BTreeMap<String, usize> = BTreeMap::new();
    for id in things.ids() {
        // Some are reached by their id alone.
        let way = Way::default().on(format!("node(id: \"{id}\")"));
        let answer = world.ask(owner, &way.document("__typename"), json!({})).await;
        for kind in way.ends(&answer["data"], "__typename") {
            next.push_back((text(kind).to_owned(), way.on(format!("... on {}", text(kind)))));
        }
    }
    while let Some((of, way)) = next.pop_front() {
        found.entry(of.clone()).or_insert_with(|| way.clone());
        let values = looked_at.entry(of.clone()).or_default();
        *values += 1;
        if *values > VALUES {
            continue;
        }
        for field in shape.fields(&of) {
            let to = shape.possible(bare(&field["type"]));
            if to.iter().all(|name| looked_at.get(*name).is_some_and(|values| *values >= VALUES)) {
                continue;
            }
            let step = format!("{}{}", text(&field["name"]), things.arguments(shape, &of, field));
            let way = way.on(&step);
            let answer = world.ask(owner, &way.document("__typename"), json!({})).await;
            let kinds: BTreeSet<&str> = way.ends(&answer["data"], "__typename").into_iter().map(text).collect();
            for kind in kinds {
                let way = if to.len() > 1 { way.on(format!("... on {kind}")) } else { way.clone() };
                found.entry(kind.to_owned()).or_insert_with(|| way.clone());
                next.push_back((kind.to_owned(), way));
            }
        }
    }
    found
}
