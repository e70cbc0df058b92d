//! Signed webhooks: what a receiver gets, and what becomes of its answer.

mod answers;
mod requests;
