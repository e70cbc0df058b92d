//! What is measured: one file per measurement, each ending in lines of the table.
//!
//! [`filled`] makes the store with 10 000 findings that several of them look at, by polling made-up devices.

mod cost;
mod directory;
mod filled;
mod ingest;
mod inside;
mod judge;
mod memory;
mod notify;
mod organization;
mod packages;
mod page;
mod poll;
mod size;
mod start;
mod week;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use tokio::sync::OnceCell;

use crate::report::Line;
use filled::Filled;

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// What a poll asks of the store, per host
    Poll,
    /// A network and scattered addresses, polled hourly for a week
    Week,
    /// What reading and judging a banner costs
    Judge,
    /// How large the program is
    Size,
    /// From the start of the process to its first GraphQL answer
    Start,
    /// From the start of each package to its first answer, and until it is ready
    Packages,
    /// Resident memory, at rest and under load
    Memory,
    /// A page of 50 findings out of 10 000
    Page,
    /// Banners through answer, decision and store
    Ingest,
    /// Events on their way to receivers
    Notify,
    /// The directory at 10 000 and 100 000 findings
    Directory,
    /// What people ask of 100 000 findings and 10 000 assets, also beside a plain server
    Organization,
    /// A month of polls on Azure, and what it costs
    Cost,
}

impl Name {
    /// All, those that count before those that take times.
    pub(crate) const ALL: [Self; 13] = [
        Self::Poll,
        Self::Week,
        Self::Judge,
        Self::Size,
        Self::Start,
        Self::Packages,
        Self::Memory,
        Self::Page,
        Self::Ingest,
        Self::Notify,
        Self::Directory,
        Self::Organization,
        Self::Cost,
    ];

    /// The heading in the table.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Poll => "what a poll asks of the store",
            Self::Week => "a week of hourly polls",
            Self::Judge => "reading and judging a banner",
            Self::Size => "the program",
            Self::Start => "process start to first GraphQL answer",
            Self::Packages => "each package: from its start",
            Self::Memory => "resident memory of `serve`",
            Self::Page => "a page of 50 findings out of 10 000",
            Self::Ingest => "banners through answer, decision and store",
            Self::Notify => "events on their way to webhook receivers",
            Self::Directory => "the directory of findings",
            Self::Organization => "the largest organization",
            Self::Cost => "a month on Azure Functions at 512 MB",
        }
    }

    /// Takes its figures.
    pub(crate) async fn measure(self, bench: &Bench) -> Result<Vec<Line>> {
        match self {
            Self::Poll => poll::measure(bench).await,
            Self::Week => week::measure(bench).await,
            Self::Judge => judge::measure(bench),
            Self::Size => size::measure(bench),
            Self::Start => start::measure(bench).await,
            Self::Packages => packages::measure(bench).await,
            Self::Memory => memory::measure(bench).await,
            Self::Page => page::measure(bench).await,
            Self::Ingest => ingest::measure(bench).await,
            Self::Notify => notify::measure(bench).await,
            Self::Directory => directory::measure(bench).await,
            Self::Organization => organization::measure(bench).await,
            Self::Cost => cost::measure(bench).await,
        }
    }
}

/// What all measurements share.
pub(crate) struct Bench {
    /// The program, built for release.
    program: PathBuf,
    /// Where packages are made.
    packages: PathBuf,
    /// Fewer repetitions, and nothing that takes minutes.
    quick: bool,
    filled: OnceCell<Filled>,
}

impl Bench {
    pub(crate) fn new(program: PathBuf, packages: PathBuf, quick: bool) -> Self {
        Self { program, packages, quick, filled: OnceCell::new() }
    }

    /// The program of a package, if that was made.
    fn packaged(&self, file: &str) -> Option<PathBuf> {
        Some(self.packages.join(file)).filter(|program| program.exists())
    }

    /// One number for a quick look, another for a real one.
    const fn either(&self, quick: usize, real: usize) -> usize {
        if self.quick { quick } else { real }
    }

    /// The store with 10 000 findings; made when it is first asked for.
    async fn filled(&self) -> Result<&Filled> {
        self.filled.get_or_try_init(|| Filled::make(filled::NETWORKS)).await
    }
}
