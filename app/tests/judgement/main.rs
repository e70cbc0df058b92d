//! What becomes of findings when what is known of vulnerabilities, the rules or the policies change, and nobody is asked.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod facts;
mod plant;
mod policies;
mod rules;
mod waiting;
