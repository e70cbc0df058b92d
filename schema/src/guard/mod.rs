//! What stands before the engine: no request can crash or stall the process.
//!
//! The engine's parser recurses over nested values and its rules walk fragments once per use; both can be driven out of
//! bounds by a few kilobytes. So a text is counted before it is parsed (`lex`), and a document is measured before it is
//! validated (`expand`, `introspect`, `cost`), each in one pass; `variables` looks at what comes beside it. Never here:
//! what the words of a document mean, and who may ask.

mod cost;
mod expand;
mod given;
mod introspect;
mod lex;
mod variables;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::{Error as ParseError, parse_query};
use async_graphql::{ErrorExtensionValues, Pos, ServerError, Variables};

pub use cost::{Cost, LISTS};
pub use lex::lex;
pub use variables::check_json;

/// What a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a document.
    pub bytes: usize,
    /// Tokens of a document.
    pub tokens: usize,
    /// Brackets within brackets, of a document and of variables.
    pub nesting: usize,
    /// Fields after fragments were put in.
    pub fields: usize,
    /// Aliases after fragments were put in.
    pub aliases: usize,
    /// Fields within fields after fragments were put in.
    pub depth: usize,
    /// Fields, spreads and inline fragments after fragments were put in.
    pub selections: usize,
    /// Selections within selections after fragments were put in. The engine takes up to 64.
    pub levels: usize,
    /// Directives.
    pub directives: usize,
    /// Operations of a document.
    pub operations: usize,
    /// Items of a list, in a document or in variables.
    pub list_items: usize,
    /// What a page may cost: fields times the size of the pages around them.
    pub cost: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 32 * 1024,
            tokens: 2_000,
            nesting: 40,
            fields: 500,
            aliases: 30,
            depth: 15,
            selections: 1_000,
            levels: 50,
            directives: 50,
            operations: 10,
            list_items: 1_000,
            cost: 50_000,
        }
    }
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `QUERY_TOO_COMPLEX` or `BAD_USER_INPUT`.
    pub code: &'static str,
    /// The limit and the count.
    pub message: String,
    /// Where.
    pub at: Option<Pos>,
}

impl Refused {
    pub(crate) fn too_complex(what: &str, count: usize, limit: usize) -> Self {
        Self { code: "QUERY_TOO_COMPLEX", message: format!("too many {what}: {count}, at most {limit}"), at: None }
    }

    pub(crate) fn list(items: usize, limits: &Limits) -> Self {
        let message = format!("a list has {items} items, at most {}", limits.list_items);
        Self { code: "BAD_USER_INPUT", message, at: None }
    }

    /// As GraphQL says it.
    pub fn error(self) -> ServerError {
        let mut error = ServerError::new(self.message, self.at);
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code);
        error.extensions = Some(extensions);
        error
    }
}

/// A document that may go to the engine.
pub struct Admitted {
    /// The document, parsed.
    pub document: ExecutableDocument,
    /// What it may cost.
    pub cost: Cost,
    /// Does it ask for the schema?
    pub introspects: bool,
}

/// Counts, parses and measures a request.
pub fn admit(
    query: &str,
    operation: Option<&str>,
    variables: &Variables,
    limits: &Limits,
) -> Result<Admitted, Refused> {
    lex(query, limits)?;
    let document = parse_query(query).map_err(|error| {
        let positions: Vec<Pos> = error.positions().collect();
        Refused { code: "BAD_USER_INPUT", message: wording(&error), at: positions.first().copied() }
    })?;
    expand::measure(&document, limits)?;
    let introspects = introspect::look(&document)?;
    variables::required(&document, operation, variables)?;
    let cost = cost::of(&document, operation, variables, limits.cost)?;
    Ok(Admitted { document, cost, introspects })
}

/// The parser draws the line at fault, up to all of the text, and then says what it expected there. The place is told
/// in `locations` anyway.
fn wording(error: &ParseError) -> String {
    let message = error.to_string();
    match message.rsplit_once("\n  = ") {
        Some((_, expected)) => format!("the document cannot be read: {expected}"),
        None => message,
    }
}
