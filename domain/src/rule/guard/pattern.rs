//! `matches`, our own: the pattern stands in the expression, is compiled once, and its work is bounded.
//!
//! `regex-lite` needs time in proportion to text × states. States are bounded when the pattern is compiled, the
//! product when it runs; an expression that would exceed it is undecided, never slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cel::extractors::This;
use cel::{Context, ExecutionError};
use regex_lite::{Regex, RegexBuilder};

use super::MAX_PATTERN;

/// Bytes of compiled patterns that are told apart. Larger ones are refused.
const SIZES: [usize; 5] = [256, 512, 1024, 2048, 4096];
/// Bytes of text times bytes of compiled pattern that one judgement may spend, some milliseconds: the largest
/// pattern over the longest banner (4 KiB), or a small one over sixteen such.
const MAX_WORK: u64 = 4096 * 4096;
/// Groups within groups.
const MAX_GROUPS: u32 = 16;

/// A pattern of `matches`.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    size: u64,
}

impl Pattern {
    /// Compiles a pattern; says what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PATTERN {
            return Err(format!("a pattern of more than {MAX_PATTERN} bytes"));
        }
        let build = |size: usize| RegexBuilder::new(text).size_limit(size).nest_limit(MAX_GROUPS).build();
        let mut failed = String::new();
        for size in SIZES {
            match build(size) {
                Ok(regex) => return Ok(Self { regex, size: u64::try_from(size).unwrap_or(u64::MAX) }),
                Err(error) => failed = error.to_string(),
            }
        }
        Err(format!("this pattern cannot be used: {failed}"))
    }
}

/// Gives the patterns of an expression to the context in which it is judged, once.
pub(super) fn declare(context: &mut Context<'_, '_>, patterns: &Arc<[Pattern]>) {
    if patterns.is_empty() {
        return;
    }
    let patterns = Arc::clone(patterns);
    let spent = AtomicU64::new(0);
    let matches = move |This(text): This<Arc<String>>, place: i64| -> Result<bool, ExecutionError> {
        let pattern = usize::try_from(place).ok().and_then(|place| patterns.get(place));
        let Some(pattern) = pattern else { return Err(ExecutionError::function_error("matches", "no such pattern")) };
        let work = pattern.size.saturating_mul(text.len() as u64);
        if spent.fetch_add(work, Ordering::Relaxed).saturating_add(work) > MAX_WORK {
            return Err(ExecutionError::function_error("matches", "too much text for these patterns"));
        }
        Ok(pattern.regex.is_match(&text))
    };
    // Fails only where `cel` has a `matches` of its own, which its feature `regex` would bring: see the tests.
    let _ = context.add_function("matches", matches);
}
