//! Holds the tokens against the limits and the vocabulary, one pass, no recursion: `cel`'s parser sees nothing that
//! did not pass here.

use std::collections::BTreeSet;

use super::suggest::nearest;
use super::token::{Kind as TokenKind, Token};
use super::{ExpressionError, MAX_CHAIN, MAX_NESTING, at};
use crate::rule::vocabulary::{Field, Kind, Vocabulary};

/// Functions that are called on something: `text.contains('x')`.
const METHODS: [&str; 7] = ["contains", "endsWith", "lowerAscii", "matches", "size", "startsWith", "upperAscii"];
/// Functions that stand alone: `size(list)`.
const FUNCTIONS: [&str; 5] = ["double", "has", "int", "size", "string"];
/// What goes through a list.
const MACROS: [&str; 6] = ["all", "exists", "existsOne", "exists_one", "filter", "map"];

/// Checks all tokens; returns the fields that they name, sorted.
pub(super) fn check(text: &str, tokens: &[Token<'_>], vocabulary: &Vocabulary) -> Result<Vec<String>, ExpressionError> {
    let mut pass = Pass {
        tokens,
        vocabulary,
        outer: Vec::new(),
        current: Level::default(),
        nesting: 0,
        at: 0,
        fields: BTreeSet::new(),
    };
    for place in 0..tokens.len() {
        pass.at = place;
        pass.step(place).map_err(|message| at(text, tokens[pass.at].start, message))?;
    }
    Ok(pass.fields.into_iter().collect())
}

/// What is open at a place: the whole, or a pair of brackets.
#[derive(Default)]
struct Level<'a> {
    /// The variable of the macro whose brackets these are.
    variable: Option<&'a str>,
    /// `?` since the last comma.
    conditions: usize,
    /// How deep `cel` will put the operand that is being read.
    chain: usize,
    /// The deepest operand so far.
    deepest: usize,
}

struct Pass<'a, 'v> {
    tokens: &'a [Token<'a>],
    vocabulary: &'v Vocabulary,
    outer: Vec<Level<'a>>,
    current: Level<'a>,
    nesting: usize,
    /// The token that a refusal is about.
    at: usize,
    fields: BTreeSet<String>,
}

impl<'a> Pass<'a, '_> {
    fn step(&mut self, place: usize) -> Result<(), String> {
        let token = self.tokens[place];
        match token.kind {
            TokenKind::Number | TokenKind::Text => Ok(()),
            TokenKind::Name if token.text == "in" => self.chain(),
            TokenKind::Name => self.name(place, token.text),
            TokenKind::Sign => self.sign(place, token.text),
        }
    }

    fn sign(&mut self, place: usize, sign: &str) -> Result<(), String> {
        match sign {
            "(" | "[" => {
                if sign == "[" && self.ends_operand(place) {
                    self.chain()?;
                }
                self.nest()?;
                let variable = self.macro_variable(place)?;
                let outer = std::mem::replace(&mut self.current, Level { variable, ..Level::default() });
                self.outer.push(outer);
                Ok(())
            }
            ")" | "]" => self.close(),
            "," | "&&" | "||" | ":" => {
                self.operand_ends(sign == ",");
                Ok(())
            }
            "?" => {
                if self.before(place).is_some_and(|t| matches!(t.text, "." | "[" | ",")) {
                    return Err("optional values are not allowed".into());
                }
                self.operand_ends(false);
                self.nest()?;
                self.current.conditions += 1;
                Ok(())
            }
            "+" if self.in_macro() => Err("no + within a macro: its texts would grow with each item".into()),
            "!" => Ok(()),
            "." if self.after(place).is_none_or(|t| t.kind != TokenKind::Name) => {
                Err("a field is missing after .".into())
            }
            "." if !self.ends_operand(place) => Err("a name is missing before .".into()),
            _ => self.chain(),
        }
    }

    fn name(&mut self, place: usize, name: &'a str) -> Result<(), String> {
        let called = self.after(place).is_some_and(|t| t.text == "(");
        if self.before(place).is_some_and(|t| t.text == ".") {
            return if called { self.method(name) } else { Ok(()) };
        }
        if called {
            return known(name, "function", FUNCTIONS.iter().copied(), "");
        }
        match name {
            "true" | "false" => Ok(()),
            "null" => Err("nothing is null here: a field without a value is absent, see has()".into()),
            name if self.levels().any(|level| level.variable == Some(name)) => Ok(()),
            name => self.path(place, name),
        }
    }

    fn method(&self, name: &str) -> Result<(), String> {
        if !MACROS.contains(&name) {
            return known(name, "function", METHODS.iter().chain(&MACROS).copied(), "");
        }
        if self.in_macro() { Err(format!("{name} within another macro")) } else { Ok(()) }
    }

    /// A root and the fields after it.
    fn path(&mut self, place: usize, root: &str) -> Result<(), String> {
        let Some(mut field) = self.vocabulary.root(root) else {
            return known(root, "name", self.vocabulary.roots.iter().map(|r| r.name), "");
        };
        let mut path = root.to_owned();
        let mut place = place;
        while let Some(name) = self.field_after(place) {
            place += 2;
            self.at = place;
            match field.kind {
                Kind::Group(fields) => match fields.iter().find(|f| f.name == name) {
                    Some(found) => field = found,
                    None => return known(name, "field", fields.iter().map(|f| f.name), &path),
                },
                Kind::Open => {}
                _ => return Err(format!("{path} {} and has no field {name:?}", holds(field))),
            }
            path.push('.');
            path.push_str(name);
        }
        if matches!(field.kind, Kind::Group(_)) && !self.is_asked_for(place) {
            return Err(format!("say which field of {path}"));
        }
        self.fields.insert(path);
        Ok(())
    }

    /// The field that is read of the name at a place; not a function that is called on it.
    fn field_after(&self, place: usize) -> Option<&'a str> {
        let name = self.after(place).filter(|t| t.text == ".").and_then(|_| self.after(place + 1))?;
        let called = self.after(place + 2).is_some_and(|t| t.text == "(");
        (name.kind == TokenKind::Name && !called).then_some(name.text)
    }

    /// `has(service.tls)`: a group that is asked for, and not used.
    fn is_asked_for(&self, end: usize) -> bool {
        let has = |n: usize| end.checked_sub(n).is_some_and(|n| self.tokens[n].text == "has");
        has(4) && self.after(end).is_some_and(|t| t.text == ")")
    }

    /// The variable that the macro before an opening bracket declares.
    fn macro_variable(&self, place: usize) -> Result<Option<&'a str>, String> {
        let is_macro = self.before(place).is_some_and(|t| MACROS.contains(&t.text))
            && place.checked_sub(2).is_some_and(|n| self.tokens[n].text == ".");
        if !is_macro || self.tokens[place].text == "[" {
            return Ok(None);
        }
        let variable = self.after(place).filter(|t| t.kind == TokenKind::Name).map(|t| t.text);
        let Some(variable) = variable.filter(|_| self.after(place + 1).is_some_and(|t| t.text == ",")) else {
            return Err("a macro takes a variable and a condition: list.exists(x, x == 1)".into());
        };
        let taken = ["true", "false", "null", "in"].contains(&variable) || self.vocabulary.root(variable).is_some();
        if taken { Err(format!("{variable:?} cannot be a variable")) } else { Ok(Some(variable)) }
    }

    fn in_macro(&self) -> bool {
        self.levels().any(|level| level.variable.is_some())
    }

    /// One more operator, field or index in the operand.
    fn chain(&mut self) -> Result<(), String> {
        self.current.chain += 1;
        if self.current.chain > MAX_CHAIN {
            Err(format!("more than {MAX_CHAIN} operators and fields in a row"))
        } else {
            Ok(())
        }
    }

    fn operand_ends(&mut self, ends_conditions: bool) {
        let level = &mut self.current;
        level.deepest = level.deepest.max(level.chain);
        level.chain = 0;
        if ends_conditions {
            self.nesting -= std::mem::take(&mut level.conditions);
        }
    }

    fn nest(&mut self) -> Result<(), String> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            Err(format!("more than {MAX_NESTING} brackets or conditions deep"))
        } else {
            Ok(())
        }
    }

    fn close(&mut self) -> Result<(), String> {
        self.operand_ends(true);
        let outer = self.outer.pop().ok_or("nothing to close")?;
        let inner = std::mem::replace(&mut self.current, outer);
        self.nesting -= 1;
        self.current.chain = self.current.chain.max(inner.deepest);
        self.chain()
    }

    fn levels(&self) -> impl Iterator<Item = &Level<'a>> {
        self.outer.iter().chain([&self.current])
    }

    fn before(&self, place: usize) -> Option<&Token<'a>> {
        place.checked_sub(1).and_then(|n| self.tokens.get(n))
    }

    fn after(&self, place: usize) -> Option<&Token<'a>> {
        self.tokens.get(place + 1)
    }

    /// Is what stands before a place something that can have fields and items?
    fn ends_operand(&self, place: usize) -> bool {
        self.before(place).is_some_and(|t| match t.kind {
            TokenKind::Name => t.text != "in",
            TokenKind::Number | TokenKind::Text => true,
            TokenKind::Sign => matches!(t.text, ")" | "]"),
        })
    }
}

/// Refuses a name that is not known, with what was probably meant.
fn known<'n>(name: &str, sort: &str, names: impl Iterator<Item = &'n str> + Clone, of: &str) -> Result<(), String> {
    if names.clone().any(|n| n == name) {
        return Ok(());
    }
    let place = if of.is_empty() { String::new() } else { format!(" in {of}") };
    Err(match nearest(name, names.clone()) {
        Some(near) => format!("unknown {sort} {name:?}{place}: did you mean {near:?}?"),
        None if names.clone().count() <= 12 => {
            format!("unknown {sort} {name:?}{place}: there are {}", names.collect::<Vec<_>>().join(", "))
        }
        None => format!("unknown {sort} {name:?}{place}"),
    })
}

fn holds(field: &Field) -> &'static str {
    match field.kind {
        Kind::Text => "is a text",
        Kind::Number => "is a number",
        Kind::Flag => "is true or false",
        Kind::List => "is a list",
        Kind::Group(_) | Kind::Open => "has fields",
    }
}
