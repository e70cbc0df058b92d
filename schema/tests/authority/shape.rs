//! The schema as it tells itself: types, fields and arguments, and the least value that an argument takes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::world::World;

const QUESTION: &str =
    "{ __schema { types { name kind fields { name args { name defaultValue type { ...T } } type { ...T } }
    inputFields { name defaultValue type { ...T } } enumValues { name } possibleTypes { name } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// The types by name.
pub(crate) struct Shape(BTreeMap<String, Value>);

impl Shape {
    pub(crate) async fn of(world: &World) -> Self {
        let told = world.ask(None, QUESTION, json!({})).await;
        let all = told["data"]["__schema"]["types"].as_array().unwrap().clone();
        Self(all.into_iter().map(|t| (text(&t["name"]).to_owned(), t)).collect())
    }

    /// Types that queries and subscriptions lead to, these two included: the others only come with what was changed.
    pub(crate) fn readable(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::from(["Query", "Subscription"]);
        let mut next = vec!["Query", "Subscription"];
        while let Some(of) = next.pop() {
            let to = self.fields(of).iter().flat_map(|field| self.possible(bare(&field["type"])));
            next.extend(to.filter(|to| found.insert(to)));
        }
        found
    }

    pub(crate) fn fields(&self, of: &str) -> &[Value] {
        self.0[of]["fields"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The types that a value may be of; empty: it has no fields.
    pub(crate) fn possible(&self, of: &str) -> Vec<&str> {
        match text(&self.0[of]["kind"]) {
            "OBJECT" => vec![text(&self.0[of]["name"])],
            "INTERFACE" | "UNION" => {
                self.0[of]["possibleTypes"].as_array().unwrap().iter().map(|t| text(&t["name"])).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The least value of a type; null where that is enough.
    pub(crate) fn least(&self, of: &Value) -> Value {
        if of["kind"] == "NON_NULL" { self.required(&of["ofType"]) } else { Value::Null }
    }

    fn required(&self, of: &Value) -> Value {
        let name = of["name"].as_str().unwrap_or_default();
        match text(&of["kind"]) {
            "LIST" => json!([]),
            "ENUM" => self.0[name]["enumValues"][0]["name"].clone(),
            "INPUT_OBJECT" => {
                let fields = self.0[name]["inputFields"].as_array().unwrap();
                let must = fields.iter().filter(|f| f["type"]["kind"] == "NON_NULL" && f["defaultValue"].is_null());
                must.map(|f| (text(&f["name"]).to_owned(), self.least(&f["type"]))).collect()
            }
            _ => match name {
                "Int" => json!(1),
                "Float" => json!(1.0),
                "Boolean" => json!(true),
                "DateTime" => json!("2020-01-01T00:00:00Z"),
                "EmailAddress" => json!("x@example.com"),
                "Url" => json!("https://x.example/"),
                "Cidr" => json!("198.51.100.0/24"),
                "IpAddress" => json!("198.51.100.1"),
                "Hostname" => json!("plant.example.com"),
                "Json" => json!({}),
                _ => json!("x"),
            },
        }
    }
}

/// The name of a type without lists and exclamation marks.
pub(crate) fn bare(of: &Value) -> &str {
    of["name"].as_str().unwrap_or_else(|| bare(&of["ofType"]))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
