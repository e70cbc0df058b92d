//! Reading JSON whose types drift: what was a number yesterday is a string today, and one string is not Unicode.
//!
//! Here belong readers that take what is there and leave out what cannot be understood. They know JSON and
//! nothing of any API. Never here: a reason to fail, other than "this is no JSON".

mod instant;
mod object;
mod repair;
mod scalar;
mod text;

pub use instant::{asn1_instant, instant};
pub use object::{Object, list, object};
pub use repair::repaired;
pub use scalar::{decimal, digits, integer, is_null, string, texts, truth};
pub use text::{block, line};
