//! One fact as a rule sees it: borrowed from what is known, turned into a value of `cel` or into text for evidence.

use std::borrow::Cow;
use std::collections::HashMap;

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt, Type};
use cel::common::value::Val;
use serde_json::Value;

use super::guard::MAX_LIST;
use crate::observation::is_cut;

/// Levels of JSON that an expression can reach.
const MAX_DEPTH: usize = 16;

/// A fact, where it lies.
#[derive(Debug)]
pub(super) enum Fact<'a> {
    Text(Cow<'a, str>),
    Number(i64),
    Flag(bool),
    Texts(&'a [String]),
    Ports(&'a [u16]),
    Json(&'a Value),
    Group(Vec<(&'a str, Fact<'a>)>),
}

impl<'a> Fact<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The value that expressions work with.
    pub(super) fn value(&self) -> Box<dyn Val + 'a> {
        match self {
            Self::Text(Cow::Borrowed(text)) => Box::new(CelString::from(*text)),
            Self::Text(Cow::Owned(text)) => Box::new(CelString::from(text.clone())),
            Self::Number(number) => Box::new(CelInt::from(*number)),
            Self::Flag(flag) => Box::new(CelBool::from(*flag)),
            Self::Texts(texts) => list(texts.len(), texts.iter().map(|t| boxed(CelString::from(t.as_str())))),
            Self::Ports(ports) => list(ports.len(), ports.iter().map(|p| boxed(CelInt::from(i64::from(*p))))),
            Self::Json(json) => json_value(json, MAX_DEPTH),
            Self::Group(fields) => map(fields.iter().map(|(name, fact)| (*name, fact.value()))),
        }
    }

    /// What lies at a path below it, as text, word for word: texts as they are, lists with commas, blocks as JSON.
    pub(super) fn at(&self, path: &[&str]) -> Option<String> {
        match (self, path) {
            (Self::Group(fields), [first, rest @ ..]) => fields.iter().find(|(name, _)| name == first)?.1.at(rest),
            (Self::Json(json), path) => path.iter().try_fold(*json, |json, name| json.get(name)).and_then(json_text),
            (_, [_, ..]) | (Self::Group(_), []) => None,
            (Self::Text(text), []) => Some(text.clone().into_owned()),
            (Self::Number(number), []) => Some(number.to_string()),
            (Self::Flag(flag), []) => Some(flag.to_string()),
            (Self::Texts(texts), []) => Some(texts.join(", ")),
            (Self::Ports(ports), []) => Some(ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")),
        }
    }
}

fn json_text(json: &Value) -> Option<String> {
    match json {
        Value::Null => None,
        cut if is_cut(cut) => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn boxed<'a>(value: impl Val + 'a) -> Box<dyn Val + 'a> {
    Box::new(value)
}

fn list<'a>(length: usize, items: impl Iterator<Item = Box<dyn Val + 'a>>) -> Box<dyn Val + 'a> {
    if length > MAX_LIST { boxed(Unusable::TooLong) } else { boxed(CelList::from(items.collect::<Vec<_>>())) }
}

fn map<'a>(fields: impl Iterator<Item = (&'a str, Box<dyn Val + 'a>)>) -> Box<dyn Val + 'a> {
    let fields: HashMap<CelMapKey<'a>, Box<dyn Val + 'a>> =
        fields.map(|(name, value)| (CelMapKey::from(name), value)).collect();
    boxed(CelMap::from(fields))
}

/// Members that are `null` are absent: Shodan writes `null` for what it does not know.
fn json_value(json: &Value, depth: usize) -> Box<dyn Val + '_> {
    match json {
        Value::Null => boxed(CelNull),
        Value::Bool(flag) => boxed(CelBool::from(*flag)),
        Value::String(text) => boxed(CelString::from(text.as_str())),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => boxed(CelInt::from(number)),
            (None, Some(number)) => boxed(CelUInt::from(number)),
            (None, None) => boxed(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        cut if is_cut(cut) => boxed(Unusable::Cut),
        Value::Array(_) | Value::Object(_) if depth == 0 => boxed(Unusable::TooDeep),
        Value::Array(items) => list(items.len(), items.iter().map(|item| json_value(item, depth - 1))),
        Value::Object(fields) => {
            let known = fields.iter().filter(|(_, value)| !value.is_null());
            map(known.map(|(name, value)| (name.as_str(), json_value(value, depth - 1))))
        }
    }
}

/// Stands for what an expression may not look into. It can do nothing, so whatever touches it is undecided; cutting
/// it instead would let a device hide behind 256 harmless items, or make `all` true for what nobody looked at.
#[derive(Clone, Copy, Debug)]
enum Unusable {
    TooLong,
    TooDeep,
    Cut,
}

static TOO_LONG: Type = Type::new_unspecified_type("a list of more than 256 items");
static TOO_DEEP: Type = Type::new_unspecified_type("a value more than 16 levels deep");
static WAS_CUT: Type = Type::new_unspecified_type("something that was too large to keep");

impl Val for Unusable {
    fn get_type(&self) -> &Type {
        match self {
            Self::TooLong => &TOO_LONG,
            Self::TooDeep => &TOO_DEEP,
            Self::Cut => &WAS_CUT,
        }
    }

    fn cel_type() -> &'static Type {
        &TOO_LONG
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Fact;

    #[test]
    fn evidence_is_word_for_word() {
        let block = json!({"code": 0, "messages": [{"topic": "a\u{e9}"}], "nothing": null, "name": "x\"y"});
        let fact = Fact::Group(vec![("mqtt", Fact::Json(&block)), ("banner", Fact::text("MQTT\r\n\"0\""))]);
        let at = |path: &[&str]| fact.at(path);
        assert_eq!(at(&["mqtt", "code"]).as_deref(), Some("0"));
        assert_eq!(at(&["mqtt", "name"]).as_deref(), Some("x\"y"));
        assert_eq!(at(&["mqtt", "messages"]).as_deref(), Some("[{\"topic\":\"a\u{e9}\"}]"));
        assert_eq!(at(&["banner"]).as_deref(), Some("MQTT\r\n\"0\""));
        for absent in
            [&["mqtt", "nothing"][..], &["mqtt", "none"], &["mqtt", "code", "x"], &["banner", "x"], &["x"], &[]]
        {
            assert_eq!(at(absent), None, "{absent:?}");
        }
    }
}
