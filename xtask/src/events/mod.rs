//! `docs/events.md`, made of the published schemas of events (`schema/events`) and of what the API says of each type.
//!
//! Here belongs how schemas are told to people. Never here: what an event is; a text that the schemas do not say.

mod fields;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

use fields::fields;

/// Where the page lies.
pub const PAGE: &str = "docs/events.md";
const SCHEMAS: &str = "schema/events";
const SDL: &str = "schema/schema.graphql";
const PUBLISHED: &str = "https://github.com/iotmonitor/iotmonitor/blob/main/schema/events/";

/// The heading of the table of those that have no keys of their own.
const SINGLE: &str = "Single values";

const BEGINNING: &str = "\
# Events

Everything that happens is an event: it stands in the log (`events`), and [webhooks](webhooks.md) carry it. This page is made by
`cargo xtask schema` of the JSON Schemas in [schema/events](https://github.com/iotmonitor/iotmonitor/tree/main/schema/events), one for each
type, with which receivers can check what they get.

A webhook's body has three keys: `type`, `timestamp` (when it happened), and `data`. Every key of `data` that is named here is always there;
where nothing is known it is `null` or empty. Keys are added and never taken away: ignore what you do not know.
";

/// One type of event.
struct Event {
    /// As webhooks name it: `finding.opened`.
    wire: String,
    /// The schema of each key of `data`.
    data: Map<String, Value>,
}

/// Writes the page.
///
/// # Errors
/// A schema that cannot be read, or a type of which the API says nothing.
pub fn page(root: &Path) -> Result<String> {
    let events = read(&root.join(SCHEMAS))?;
    let sdl = fs::read_to_string(root.join(SDL)).context(SDL)?;
    ensure!(!events.is_empty(), "{SCHEMAS} is empty");
    let framed: Vec<&String> = events[0].data.keys().filter(|key| in_all(&events, key)).collect();
    let parts = parts(&events, &framed);
    let mut page = BEGINNING.to_owned();
    page.push_str(
        "\n## Types\n\n| type | in the API | happens when | carries, beside what all do |\n| --- | --- | --- | --- |\n",
    );
    for event in &events {
        let api = api_name(&event.wire);
        let meaning = meaning(&sdl, &api).with_context(|| format!("{SDL} says nothing of {api}"))?;
        let own: Vec<String> = parts.iter().filter(|part| part.is_of(event)).map(Part::link).collect();
        let Event { wire, .. } = event;
        writeln!(page, "| [`{wire}`]({PUBLISHED}{wire}.schema.json) | `{api}` | {meaning} | {} |", own.join(", "))?;
    }
    page.push_str("\n## What all carry\n\n");
    let frame: Map<String, Value> =
        framed.iter().map(|key| ((*key).clone(), events[0].data[key.as_str()].clone())).collect();
    table(&mut page, &fields("data", &Value::Object(Map::from_iter([("properties".to_owned(), frame.into())]))))?;
    let (single, composed): (Vec<&Part<'_>>, Vec<&Part<'_>>) = parts.iter().partition(|part| part.is_single());
    for part in composed {
        write!(page, "\n## {}\n\n", part.heading)?;
        table(&mut page, &part.fields())?;
    }
    write!(page, "\n## {SINGLE}\n\n")?;
    table(&mut page, &single.iter().flat_map(|part| part.fields()).collect::<Vec<_>>())?;
    Ok(page)
}

/// A key of `data` that some types have, with one schema.
struct Part<'a> {
    key: &'a str,
    schema: &'a Value,
    heading: String,
}

impl Part<'_> {
    fn is_of(&self, event: &Event) -> bool {
        event.data.get(self.key) == Some(self.schema)
    }

    fn fields(&self) -> Vec<(String, String)> {
        fields(&format!("data.{}", self.key), self.schema)
    }

    /// Has it no keys of its own? Such parts share a table.
    fn is_single(&self) -> bool {
        self.fields().len() == 1
    }

    fn link(&self) -> String {
        let heading = if self.is_single() { SINGLE } else { &self.heading };
        format!("[`{}`](#{})", self.key, heading.to_lowercase().replace(' ', "-"))
    }
}

/// What is not in every event, by key; a key that means different things in different families is told for each.
fn parts<'a>(events: &'a [Event], framed: &[&String]) -> Vec<Part<'a>> {
    let mut schemas: BTreeMap<&str, Vec<(&Value, &str)>> = BTreeMap::new();
    for event in events {
        let family = event.wire.split('.').next().unwrap_or_default();
        for (key, schema) in event.data.iter().filter(|(key, _)| !framed.contains(key)) {
            let known = schemas.entry(key).or_default();
            if known.iter().all(|(other, _)| *other != schema) {
                known.push((schema, family));
            }
        }
    }
    let told = schemas.into_iter().flat_map(|(key, schemas)| {
        let several = schemas.len() > 1;
        schemas.into_iter().map(move |(schema, family)| {
            let heading = if several { format!("{key} of {family} events") } else { key.to_owned() };
            Part { key, schema, heading }
        })
    });
    told.collect()
}

fn in_all(events: &[Event], key: &str) -> bool {
    let first = events.first().and_then(|event| event.data.get(key));
    events.iter().all(|event| event.data.get(key) == first)
}

fn read(folder: &Path) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let schema: Value = serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())?;
        let wire = schema["title"].as_str().with_context(|| format!("{} has no title", path.display()))?;
        let data = schema.pointer("/properties/data/properties").and_then(Value::as_object);
        let data = data.with_context(|| format!("{wire} has no data"))?;
        events.push(Event { wire: wire.to_owned(), data: data.clone() });
    }
    events.sort_by(|one, other| one.wire.cmp(&other.wire));
    Ok(events)
}

fn api_name(wire: &str) -> String {
    if wire == "test.ping" { "TEST".to_owned() } else { wire.replace('.', "_").to_uppercase() }
}

/// What the API says of a type: the description before its name in `enum EventType`.
fn meaning<'a>(sdl: &'a str, name: &str) -> Option<&'a str> {
    let words = sdl.split_once("enum EventType {")?.1.split_once('}')?.0;
    let lines: Vec<&str> = words.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| *line == name)?;
    lines.get(at.checked_sub(1)?)?.strip_prefix('"')?.strip_suffix('"')
}

fn table(page: &mut String, fields: &[(String, String)]) -> Result<()> {
    page.push_str("| key | holds |\n| --- | --- |\n");
    for (key, holds) in fields {
        writeln!(page, "| `{key}` | {holds} |")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_says_of_a_type_stands_before_it() {
        let sdl = "enum Other {\n\t\"x\"\n\tTEST\n}\nenum EventType {\n\t\"One.\"\n\tA_B\n\t\"Two.\"\n\tTEST\n}";
        assert_eq!((meaning(sdl, "A_B"), meaning(sdl, "TEST"), meaning(sdl, "A")), (Some("One."), Some("Two."), None));
        assert_eq!((api_name("a.b_c"), api_name("test.ping")), ("A_B_C".to_owned(), "TEST".to_owned()));
    }

    #[test]
    fn a_key_that_means_two_things_is_told_twice_and_what_all_have_once() {
        let event = |wire: &str, data: Value| Event { wire: wire.into(), data: data.as_object().unwrap().clone() };
        let text = serde_json::json!({"type": "string"});
        let number = serde_json::json!({"type": "integer"});
        let object = serde_json::json!({"type": "object", "properties": {"a": text, "b": text}});
        let events = [
            event("a.x", serde_json::json!({"id": text, "p": text, "q": text})),
            event("a.y", serde_json::json!({"id": text, "p": text, "q": text})),
            event("b.x", serde_json::json!({"id": text, "p": number, "q": text, "o": object})),
            event("c.x", serde_json::json!({"id": text})),
        ];
        let framed: Vec<&String> = events[0].data.keys().filter(|key| in_all(&events, key)).collect();
        assert_eq!(framed, ["id"]);
        let parts = parts(&events, &framed);
        let headings: Vec<&str> = parts.iter().map(|part| part.heading.as_str()).collect();
        assert_eq!(headings, ["o", "p of a events", "p of b events", "q"]);
        assert_eq!(parts[0].link(), "[`o`](#o)");
        assert_eq!(parts[2].link(), "[`p`](#single-values)");
        assert!(parts[2].is_of(&events[2]) && !parts[2].is_of(&events[0]));
    }
}
