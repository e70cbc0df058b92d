//! What the timer finds to do: one partition that a tick reads once, so that a tick with nothing to do asks for nothing
//! else.
//!
//! Rows of `schedule|agenda`, by their keys: what was done last and when (`!at:…`), marks of what somebody has to look at
//! (`!dirty:…` and others), and behind them, in the order of time, what is due at an instant (`{seconds:010}:{kind}:…`).
//! A row only reminds: how far a thing is stands in its own rows, so a row too many does no harm, and it is there before
//! what it reminds of. Never here: what is done.

use jiff::{SignedDuration, Timestamp};

use crate::ports::{Batch, Commit, Op, Row, RowRange, StoreError, Table, Value, WriteRow};
use crate::{App, rows};

/// In the table `schedule`.
pub(crate) const PARTITION: &str = "agenda";

/// A mark comes before what it is about, by no more than this.
pub(crate) const FOLLOWED: SignedDuration = SignedDuration::from_mins(5);
/// Rows of a page.
const PAGE: usize = 1000;
/// Pages that a tick reads of what is due; what lies behind them the next one finds.
const PAGES: usize = 10;
/// Where what is due begins: marks lie before digits.
const DUE: &str = "0";

/// What stands for long, or until somebody has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// What an organization's assets are judged by has changed.
    Anew,
    /// Something was done then.
    At,
    /// What is known of vulnerabilities has changed.
    Changes,
    /// An outbox may hold something.
    Dirty,
    /// When publishers of facts are to be asked.
    Facts,
}

/// What is due at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A poll group.
    Poll,
    /// An errand.
    Errand,
}

impl Mark {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Anew => "!anew:",
            Self::At => "!at:",
            Self::Changes => "!changes:",
            Self::Dirty => "!dirty:",
            Self::Facts => "!facts:",
        }
    }

    /// The row's key.
    pub(crate) fn key(self, what: &str) -> String {
        format!("{}{what}", self.prefix())
    }

    /// What a row of this mark is about.
    pub(crate) fn about(self, row: &Row) -> Option<&str> {
        row.key.strip_prefix(self.prefix())
    }
}

impl Due {
    const fn word(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Errand => "errand",
        }
    }

    /// The row's key.
    pub(crate) fn key(self, at: Timestamp, what: &str) -> String {
        format!("{:010}:{}:{what}", at.as_second().max(0), self.word())
    }

    /// When something of this kind is due, and what.
    pub(crate) fn read(self, key: &str) -> Option<(Timestamp, &str)> {
        let (seconds, rest) = key.split_once(':')?;
        let (word, what) = rest.split_once(':')?;
        let at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        (word == self.word()).then_some((at, what))
    }
}

/// What a tick has read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    marks: Vec<Row>,
    due: Vec<Row>,
}

impl Agenda {
    /// One range read, unless there is much to do.
    pub(crate) async fn read(app: &App) -> Result<Self, StoreError> {
        let range = RowRange { from: String::new(), to: Some(end(app)), limit: PAGE };
        let page = app.tables.range(Table::Schedule, PARTITION, range).await?;
        let is_mark = |row: &Row| row.key.as_str() < DUE;
        let (marks, due) = page.rows.into_iter().partition(is_mark);
        let mut agenda = Self { marks, due };
        if let Some(next) = page.next {
            // Marks beyond a page wait: they must not keep anything from being polled.
            agenda.read_on(app, next.max(DUE.into())).await?;
        }
        Ok(agenda)
    }

    /// Reads again what is due: something may have become so.
    pub(crate) async fn renew(&mut self, app: &App) -> Result<(), StoreError> {
        self.due.clear();
        self.read_on(app, DUE.into()).await
    }

    async fn read_on(&mut self, app: &App, from: String) -> Result<(), StoreError> {
        let mut range = RowRange { from, to: Some(end(app)), limit: PAGE };
        for _ in 0..PAGES {
            let page = app.tables.range(Table::Schedule, PARTITION, range.clone()).await?;
            self.due.extend(page.rows);
            match page.next {
                Some(next) => range.from = next,
                None => break,
            }
        }
        Ok(())
    }

    /// The rows of a mark.
    pub(crate) fn marks(&self, mark: Mark) -> impl Iterator<Item = &Row> {
        self.marks.iter().filter(move |row| mark.about(row).is_some())
    }

    /// When something was done last, as it was written.
    pub(crate) fn at(&self, what: &str) -> Option<&Row> {
        self.marks(Mark::At).find(|row| Mark::At.about(row) == Some(what))
    }

    /// The rows of what is due, in the order of time.
    pub(crate) fn due(&self, kind: Due) -> impl Iterator<Item = &Row> {
        self.due.iter().filter(move |row| kind.read(&row.key).is_some())
    }
}

fn end(app: &App) -> String {
    format!("{:010}", app.now().as_second() + 1)
}

/// A row that says nothing but its key, and when it was written.
pub(crate) fn reminder(app: &App, key: String) -> WriteRow {
    let at = Value::Int(app.now().as_millisecond());
    WriteRow { key, columns: vec![("v".into(), Value::Int(rows::VERSION)), ("at".into(), at)] }
}

/// When a reminder was written.
pub(crate) fn written(row: &Row) -> Option<Timestamp> {
    match row.column("at") {
        Some(Value::Int(millis)) => Timestamp::from_millisecond(*millis).ok(),
        _ => None,
    }
}

/// Writes reminders and takes others away, some at a time, in the order given: what is new before what is old.
pub(crate) async fn write(app: &App, ops: Vec<Op>) -> Result<(), StoreError> {
    for several in ops.chunks(90) {
        match commit(app, several.to_vec()).await? {
            Commit::Done => {}
            Commit::Conflict { .. } | Commit::Unknown => {
                return Err(StoreError::Unavailable("the agenda could not be written".into()));
            }
        }
    }
    Ok(())
}

/// Takes away a mark that was read, unless somebody renewed it since.
pub(crate) async fn dismiss(app: &App, mark: &Row) -> Result<(), StoreError> {
    commit(app, vec![Op::Delete { key: mark.key.clone(), etag: Some(mark.etag.clone()) }]).await.map(|_| ())
}

/// The same, once it was followed for as long as what it is about may be on its way.
pub(crate) async fn dismiss_followed(app: &App, mark: &Row) -> Result<(), StoreError> {
    if written(mark).is_none_or(|at| app.now().duration_since(at) >= FOLLOWED) {
        dismiss(app, mark).await?;
    }
    Ok(())
}

/// One batch, whatever comes of it: who takes away a mark that was renewed meets a conflict, and that is right.
pub(crate) async fn commit(app: &App, ops: Vec<Op>) -> Result<Commit, StoreError> {
    app.tables.commit(Batch { table: Table::Schedule, partition: PARTITION.into(), ops, witness: None }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    fn keys<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<&'a str> {
        rows.map(|row| row.key.as_str()).collect()
    }

    #[tokio::test]
    async fn one_read_brings_marks_and_what_is_due_and_nothing_that_is_not() {
        let bench = Bench::new();
        let now = bench.now();
        let later = Timestamp::from_second(now.as_second() + 60).unwrap();
        let all = [
            Mark::Dirty.key("org_1:00"),
            Mark::At.key("tick"),
            Due::Poll.key(now, "org_1:00:00000"),
            Due::Errand.key(now, "org_1:monitor:"),
            Due::Poll.key(later, "org_1:00:00001"),
        ];
        let ops = all.iter().map(|key| Op::Upsert(reminder(&bench, key.clone()))).collect();
        write(&bench, ops).await.unwrap();
        let before = bench.tables.calls();
        let agenda = Agenda::read(&bench).await.unwrap();
        assert_eq!(bench.tables.calls() - before, 1);
        assert_eq!(keys(agenda.marks(Mark::Dirty)), [all[0].as_str()]);
        assert_eq!(agenda.at("tick").and_then(written), Some(now));
        assert_eq!(keys(agenda.due(Due::Poll)), [all[2].as_str()]);
        assert_eq!(
            Due::Errand.read(&all[3]),
            Some((Timestamp::from_second(now.as_second()).unwrap(), "org_1:monitor:"))
        );
    }

    #[tokio::test]
    async fn marks_without_number_keep_nothing_from_being_due() {
        let bench = Bench::new();
        let marks = (0..2_500).map(|n| Mark::Dirty.key(&format!("org_{n:05}:00")));
        let polls = (0..1_500).map(|n| Due::Poll.key(bench.now(), &format!("org_1:00:{n:05}")));
        let ops = marks.chain(polls).map(|key| Op::Upsert(reminder(&bench, key))).collect();
        write(&bench, ops).await.unwrap();
        let agenda = Agenda::read(&bench).await.unwrap();
        assert_eq!(agenda.due(Due::Poll).count(), 1_500);
        assert!(agenda.marks(Mark::Dirty).count() >= 900);
    }
}
