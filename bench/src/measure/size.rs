use anyhow::{Context, Result};

use super::Bench;
use crate::figure::{Short, number};
use crate::report::Line;

/// Every megabyte is read from a cold disk at each start: about a millisecond.
const GOAL_MB: f64 = 12.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let file = std::fs::metadata(&bench.program).with_context(|| bench.program.display().to_string())?;
    let size = number(file.len()) / 1e6;
    let line = Line::new("size of the release build", format!("{} MB", Short(size)));
    Ok(vec![line.goal(format!("≤ {GOAL_MB} MB"), size <= GOAL_MB)])
}
