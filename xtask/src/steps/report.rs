use std::time::Duration;

use anyhow::Result;

use super::{Outcome, Step};

/// What is said at the end.
#[derive(Default)]
pub(super) struct Report {
    lines: Vec<String>,
    failed: usize,
    not_run: usize,
    totals: Vec<String>,
}

/// Says what begins now.
pub(super) fn headline(step: &Step) {
    println!("\n━━━ {}: {} ━━━", step.name, step.headline);
}

impl Report {
    /// Notes and says how a step went.
    pub(super) fn add(&mut self, step: &Step, outcome: Result<Outcome>, took: Duration) {
        let (mark, more) = match outcome {
            Ok(Outcome::Passed(figure)) => {
                let more = figure.as_ref().map(|figure| format!(": {figure}")).unwrap_or_default();
                self.totals.extend(figure);
                ("passed", more)
            }
            Ok(Outcome::NotRun(why)) => {
                self.not_run += 1;
                ("NOT RUN", format!(": {why}"))
            }
            Err(error) => {
                self.failed += 1;
                ("FAILED", format!(": {error:#}"))
            }
        };
        let line = format!("{mark:<8}{:<12} {:>7.1} s{more}", step.name, took.as_secs_f64());
        println!("{line}");
        self.lines.push(line);
    }

    /// Says all of it again, and whether all is well.
    pub(super) fn print(&self, ci: bool) -> bool {
        println!("\n━━━ Summary ━━━");
        self.lines.iter().for_each(|line| println!("{line}"));
        if self.not_run > 0 {
            let verdict = if ci { "a failure in CI" } else { "not a failure here, but CI would fail" };
            println!("{} not run: {verdict}", steps(self.not_run));
        }
        self.totals.iter().for_each(|total| println!("{total}"));
        let well = self.failed == 0 && !(ci && self.not_run > 0);
        println!("{}", if well { "all is well".to_owned() } else { format!("{} failed", steps(self.failed)) });
        well
    }
}

fn steps(count: usize) -> String {
    format!("{count} step{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::STEPS;

    fn report(outcome: Result<Outcome>) -> Report {
        let mut report = Report::default();
        report.add(&STEPS[0], outcome, Duration::ZERO);
        report
    }

    #[test]
    fn what_could_not_be_run_is_a_failure_in_ci_only() {
        let report = report(Ok(Outcome::NotRun("npm is missing".to_owned())));
        assert!(report.print(false));
        assert!(!report.print(true));
    }

    #[test]
    fn what_failed_is_a_failure_everywhere() {
        let report = report(Err(anyhow::anyhow!("a warning")));
        assert!(!report.print(false));
        assert!(!report.print(true));
    }
}
