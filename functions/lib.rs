//! The entries: what wakes the program. Each decodes, makes one call into `app` or `schema`, and encodes.
//!
//! One folder per entry, named like the function that the Azure Functions host sees, with the `function.json` that it
//! reads beside the code; [`standalone`] wakes the same entries by itself. [`compose`] is the only place that knows every
//! room, [`config`] the only one that reads the environment. Never here: what the product decides, stores or says.

pub mod auth;
pub mod backup;
pub mod commands;
pub mod compose;
pub mod config;
pub mod demo;
pub mod export;
pub mod graphiql;
pub mod graphql;
pub mod handler;
pub mod healthz;
pub mod hooks;
pub mod http;
#[cfg(feature = "lambda")]
pub mod lambda;
mod log;
pub mod metrics;
pub mod notify;
pub mod outside;
pub mod poll;
pub mod readyz;
pub mod standalone;
pub mod trace;
