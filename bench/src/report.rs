use std::fmt::Display;

use anyhow::Result;

/// One row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    what: String,
    measured: String,
    goal: Option<(String, bool)>,
}

impl Line {
    /// A figure without a goal of its own.
    pub(crate) fn new(what: impl Into<String>, measured: impl Display) -> Self {
        Self { what: what.into(), measured: measured.to_string(), goal: None }
    }

    /// The same of something larger.
    pub(crate) fn under(self, whole: &str) -> Self {
        Self { what: format!("{whole}: {}", self.what), ..self }
    }

    /// Its goal, and whether the figure reaches it.
    pub(crate) fn goal(self, goal: impl Into<String>, reached: bool) -> Self {
        Self { goal: Some((goal.into(), reached)), ..self }
    }
}

/// Everything that was measured.
pub(crate) struct Report {
    machine: String,
    parts: Vec<(&'static str, Vec<Line>)>,
}

const HEADINGS: [&str; 4] = ["what", "measured", "goal", "reached"];

impl Report {
    pub(crate) fn new(machine: String) -> Self {
        Self { machine, parts: Vec::new() }
    }

    /// Takes a measurement's lines; one that failed is a line that says why.
    pub(crate) fn add(&mut self, about: &'static str, lines: Result<Vec<Line>>) {
        let lines = lines.unwrap_or_else(|error| vec![Line::new("not measured", format!("{error:#}"))]);
        self.parts.push((about, lines));
    }

    /// Prints the table, in Markdown that is also readable as it is.
    pub(crate) fn print(&self) {
        println!("\nMeasured on {}.\n", self.machine);
        let rows: Vec<[String; 4]> = self.parts.iter().flat_map(|(about, lines)| rows(about, lines)).collect();
        let headings = HEADINGS.map(str::to_owned);
        let width = |column: usize| {
            let cells = rows.iter().chain([&headings]).map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths = [0, 1, 2, 3].map(width);
        print_row(&headings, &widths);
        print_row(&widths.map(|width| "-".repeat(width)), &widths);
        for row in &rows {
            print_row(row, &widths);
        }
    }
}

fn rows(about: &str, lines: &[Line]) -> Vec<[String; 4]> {
    let heading = [format!("**{about}**"), String::new(), String::new(), String::new()];
    let row = |line: &Line| {
        let (goal, reached) = match &line.goal {
            Some((goal, reached)) => (goal.clone(), if *reached { "yes" } else { "NO" }),
            None => (String::new(), ""),
        };
        [line.what.clone(), line.measured.clone(), goal, reached.to_owned()]
    };
    std::iter::once(heading).chain(lines.iter().map(row)).collect()
}

fn print_row(cells: &[String; 4], widths: &[usize; 4]) {
    let padded =
        cells.iter().zip(widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())));
    println!("| {} |", padded.collect::<Vec<_>>().join(" | "));
}
