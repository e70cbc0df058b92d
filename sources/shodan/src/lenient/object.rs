use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object, each still unread: what nobody asks for is never built.
#[derive(Debug, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// The member of that name; of several the last, as everywhere in JSON.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, raw)| *raw)
    }

    /// The member of that name as an object; an empty one if it is something else.
    #[must_use]
    pub fn object(&self, name: &str) -> Self {
        self.get(name).and_then(object).unwrap_or_default()
    }

    /// What `read` makes of the member of that name.
    pub fn read<T>(&self, name: &str, read: impl FnOnce(&'a RawValue) -> Option<T>) -> Option<T> {
        self.get(name).and_then(read)
    }

    /// All members, in the order in which they stand.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }

    /// Does it have no members?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The value as an object, if it is one.
pub fn object(raw: &RawValue) -> Option<Object<'_>> {
    raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok())?
}

/// The value as a list, if it is one.
pub fn list(raw: &RawValue) -> Option<Vec<&RawValue>> {
    raw.get().starts_with('[').then(|| serde_json::from_str(raw.get()).ok())?
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(24);
        while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            members.push((name, raw));
        }
        Ok(Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::Object;

    #[test]
    fn members_are_found_by_name_and_the_last_one_counts() {
        let object: Object<'_> = serde_json::from_str(r#"{"a":1,"\u0062":{"c":[2]},"a":3}"#).unwrap();
        assert_eq!(object.get("a").unwrap().get(), "3");
        assert_eq!(object.object("b").get("c").unwrap().get(), "[2]");
        assert!(object.object("a").is_empty());
        assert_eq!(object.members().count(), 3);
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let object: Object<'_> = serde_json::from_str(&deep).unwrap();
        assert!(object.get("a").is_some());
    }
}
