//! Stands before `cel`, which has no bounds of its own: a few kilobytes of `1+1+…` overflow its stack, nested macros
//! take seconds, and `matches` would compile its pattern at every call.
//!
//! In this order: the text is split into tokens and held against the limits without recursion (`token`, `check`);
//! only then may `cel` parse it; the tree is charged for its worst case, and patterns are compiled (`cost`,
//! `pattern`). What passes needs no more than 512 KiB of stack and a few milliseconds, whatever the facts are.
//! Nothing else in the house calls `cel`.

mod check;
mod cost;
mod pattern;
mod run;
mod suggest;
mod thresholds;
mod token;

use std::fmt;
use std::sync::Arc;

use cel::IdedExpr;
use cel::parser::Parser;

use self::pattern::Pattern;
pub(super) use self::thresholds::Expiry;
use super::facts::Facts;
use super::vocabulary::Vocabulary;

/// Bytes of an expression.
pub const MAX_BYTES: usize = 1024;
/// Tokens of an expression.
pub const MAX_TOKENS: usize = 200;
/// Brackets and `? :` within one another.
pub const MAX_NESTING: usize = 16;
/// Operators, fields and indexes in one operand, which `cel` puts one into another: `1 + 1 + …`, `a.b.c…`.
pub const MAX_CHAIN: usize = 32;
/// Items of a list that an expression may look into.
pub const MAX_LIST: usize = 256;
/// Steps of the worst case, each about a tenth of a microsecond.
pub const MAX_STEPS: u64 = 40_000;
/// Bytes of a pattern for `matches`.
pub const MAX_PATTERN: usize = 256;

/// An expression that kept to the limits, ready to be judged.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    fields: Arc<[String]>,
    tree: Arc<IdedExpr>,
    patterns: Arc<[Pattern]>,
    expiry: Expiry,
}

/// What an expression says of some facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is true.
    Match,
    /// It is false, or rests on a field that is missing.
    NoMatch,
    /// It cannot be told, and why, ≤ 200 characters: neither a match nor the end of one.
    Undecided(String),
}

/// Why an expression is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ExpressionError {
    /// What is wrong, in words for its author.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

impl Expression {
    /// Reads an expression that may name what the vocabulary declares.
    ///
    /// # Errors
    /// The first thing that is wrong: a limit, a typo, a function that is not allowed, bad syntax.
    pub fn compile(text: &str, vocabulary: &Vocabulary) -> Result<Self, ExpressionError> {
        if text.len() > MAX_BYTES {
            return Err(at(text, 0, format!("longer than {MAX_BYTES} bytes")));
        }
        let tokens = token::split(text)?;
        let fields = check::check(text, &tokens, vocabulary)?;
        let (mut tree, places) = Parser::new().parse_with_source_info(text).map_err(|errors| refused(text, &errors))?;
        let place = |id: u64| places.offset_for(id).map_or(0, |(start, _)| start as usize);
        let patterns = cost::charge(&mut tree).map_err(|wrong| at_character(text, place(wrong.id), wrong.message))?;
        let expiry = Expiry::of(&tree, &fields);
        Ok(Self { text: text.into(), fields: fields.into(), tree: Arc::new(tree), patterns: patterns.into(), expiry })
    }

    /// Judges facts. The same facts always give the same verdict.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Verdict {
        run::evaluate(&self.tree, &self.patterns, facts)
    }

    /// When the end of a certificate changes what it says.
    pub(super) fn expiry(&self) -> &Expiry {
        &self.expiry
    }

    /// As its author wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields that it names, such as `service.mqtt.code`, sorted.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

/// An error at a byte of the text.
fn at(text: &str, byte: usize, message: impl Into<String>) -> ExpressionError {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    ExpressionError { message: message.into(), line, column: before[line_start..].chars().count() + 1 }
}

/// An error at a character of the text: `cel` counts characters.
fn at_character(text: &str, character: usize, message: String) -> ExpressionError {
    let byte = text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte);
    at(text, byte, message)
}

/// The first of `cel`'s complaints.
fn refused(text: &str, errors: &cel::ParseErrors) -> ExpressionError {
    let Some(first) = errors.errors.first() else { return at(text, 0, "not an expression") };
    let message: String = first.msg.chars().take(200).collect();
    let number = |n: isize| usize::try_from(n).unwrap_or(1).max(1);
    ExpressionError { message, line: number(first.pos.0), column: number(first.pos.1) }
}

#[cfg(test)]
mod tests;
