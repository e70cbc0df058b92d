//! Who may do what, field by field: the whole schema is walked as everybody there is, and a stranger tries the ids of
//! others in every order.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod matrix;
mod samples;
mod scopes;
mod shape;
mod sources;
mod strangers;
mod walk;
mod world;
