//! What stands before the engine: no request can crash or stall the process.
//!
//! The engine's parser recurses over nested values and its rules walk fragments once per use; both can be driven out of
//! bounds by a few kilobytes. So a text is counted before it is parsed (`lex`), and a document is measured before it is
//! validated (`expand`), each in one pass.

mod cost;
mod expand;
mod lex;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{ErrorExtensionValues, Pos, ServerError, Variables};

pub use cost::Cost;
pub use lex::lex;

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
    /// Directives.
    pub directives: usize,
    /// Operations of a document.
    pub operations: usize,
    /// Items of a list in the variables.
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
        Refused { code: "BAD_USER_INPUT", message: error.to_string(), at: positions.first().copied() }
    })?;
    expand::measure(&document, limits)?;
    let cost = cost::of(&document, operation, variables, limits.cost)?;
    Ok(Admitted { document, cost })
}

/// Nesting and lists of the variables, as JSON.
pub fn check_json(value: &serde_json::Value, limits: &Limits) -> Result<(), Refused> {
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > limits.nesting {
            return Err(Refused::too_complex("levels in the variables", depth, limits.nesting));
        }
        match value {
            serde_json::Value::Array(items) => {
                if items.len() > limits.list_items {
                    return Err(Refused {
                        code: "BAD_USER_INPUT",
                        message: format!(
                            "a list in the variables has {} items, at most {}",
                            items.len(),
                            limits.list_items
                        ),
                        at: None,
                    });
                }
                open.extend(items.iter().map(|v| (v, depth + 1)));
            }
            serde_json::Value::Object(fields) => open.extend(fields.values().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}
