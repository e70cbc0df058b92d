//! What an organization decided about judging: rules of its own, rules of the house that it switched off, triage policies.
//!
//! Here belongs who may change them, what they must look like, where they lie, and that a change has everything judged
//! anew. They lie in `accounts` beside the organization; one row names their generation, so that a process reads them
//! again only when they changed. Never here: what a rule or a policy does (`domain::rule`, `domain::policy`).

mod check;
mod policies;
mod policy;
mod reach;
mod rejudge;
mod rule;
mod rules;
mod rulings;
mod store;
mod try_rule;

pub use policies::{policies, policy};
pub use policy::{NewPolicy, create_policy, end_policy};
pub use reach::shown;
pub(crate) use rejudge::rejudge;
pub use rule::{NewRule, OwnRule, RuleChange, create_rule, delete_rule, update_rule};
pub use rules::{RuleView, rule, rules};
pub use rulings::{Ruling, Rulings};
pub use try_rule::{Tried, try_rule};

/// Rules of its own that an organization may have.
pub const MOST_RULES: usize = 100;
/// Triage policies of an organization that may hold at once.
pub const MOST_POLICIES: usize = 200;
