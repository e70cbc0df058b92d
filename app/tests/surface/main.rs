//! What people see and do: lists, registers, groups and overviews, held against everything there is.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod exports;
mod hosts;
mod lists;
mod plant;
mod register;
mod sums;
mod work;
