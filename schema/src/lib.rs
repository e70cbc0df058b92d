//! The GraphQL edge: what can be asked, changed and followed, in the words of the API.
//!
//! Here belong the types of the API, one file each, and the way from an HTTP request to an answer. Never here: what
//! is decided or stored. A resolver makes one call of a use case and shows what came back.
#![expect(
    clippy::unused_async,
    reason = "a resolver is asynchronous by contract, also where it has nothing to wait for"
)]
#![expect(clippy::doc_markdown, reason = "these comments are the descriptions of the API, not Rust's")]
#![expect(clippy::duplicated_attributes, reason = "fields of an interface may have the same type")]
#![expect(clippy::doc_link_with_quotes, reason = "these comments are the descriptions of the API, not Rust's")]

pub mod context;
pub mod enums;
pub mod filters;
pub mod guard;
pub mod http;
pub mod listing;
pub mod paging;
pub mod scalars;
pub mod types;

mod mutation;
mod query;
mod subscription;

use std::sync::Arc;

use app::App;
use async_graphql::Schema;

pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscriptions;

/// The schema with its resolvers.
pub type Engine = Schema<Query, Mutation, Subscriptions>;

/// Builds the engine of a program. Takes about a millisecond: later than the first accept.
pub fn build(app: Arc<App>) -> Engine {
    Schema::build(Query::default(), Mutation::default(), Subscriptions)
        .data(app)
        .disable_suggestions()
        .limit_recursive_depth(64)
        .finish()
}

/// The schema as text, as it is committed.
pub fn sdl() -> String {
    let engine = Schema::build(Query::default(), Mutation::default(), Subscriptions).finish();
    let options = async_graphql::SDLExportOptions::new().prefer_single_line_descriptions();
    let text = engine.sdl_with_options(options);
    format!("{}\n", text.trim_end())
}
