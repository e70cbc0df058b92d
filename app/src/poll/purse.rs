//! The budget of a key in the hands of who asks: read once, written once, whatever was used in between.
//!
//! What Shodan says is left and what was spent since go into one write; if somebody else wrote meanwhile, both are
//! taken to what they wrote. Never here: what may be spent (`budget`).

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::budget::{Budget, Spent};
use crate::ports::{Account, Batch, Commit, Etag, Op, SourceKey, Table};
use crate::{App, Error, rows};

/// In the table `limits`, beside the keys' turns.
const PARTITION: &str = "accounts";
/// Asking costs no credits, but a turn.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
const TRIES: usize = 4;

/// A key's budget as it stands, with what is not written yet.
pub(super) struct Purse<'a> {
    app: &'a App,
    /// `None`: another source than Shodan, which has no budgets.
    key: Option<&'a str>,
    budget: Budget,
    /// As it was read, until it is written.
    stored: Option<(Budget, Option<Etag>)>,
    said: Option<(Account, Timestamp)>,
}

impl<'a> Purse<'a> {
    /// Opens it. Asks Shodan what is left when that was not asked for an hour; where it does not answer, the round
    /// itself will meet the cause.
    pub(super) async fn open(app: &'a App, key: &'a SourceKey, deadline: Instant) -> Result<Self, Error> {
        let SourceKey::Shodan(secret) = key else {
            return Ok(Self { app, key: None, budget: Budget::default(), stored: None, said: None });
        };
        let now = app.now();
        let (before, etag) = read(app, secret).await?.map_or_else(Default::default, |(b, etag)| (b, Some(etag)));
        let mut budget = before.clone();
        budget.turn(now);
        let fresh = budget.checked_at.is_some_and(|at| now.duration_since(at) < EVERY);
        let mut said = None;
        if !fresh && Instant::now() < deadline {
            match app.exposure.account(key).await {
                Ok(account) => {
                    budget.hear(&account, now);
                    said = Some((account, now));
                }
                Err(error) => tracing::info!(%error, "Shodan does not say what is left of the plan"),
            }
        }
        Ok(Self { app, key: Some(secret), budget, stored: Some((before, etag)), said })
    }

    /// How it stands.
    pub(super) const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Writes down what was used, and what Shodan said.
    pub(super) async fn spend(&mut self, spent: &Spent) -> Result<(), Error> {
        let Some(key) = self.key else { return Ok(()) };
        if *spent == Spent::default() && self.said.is_none() {
            return Ok(());
        }
        let (now, said) = (self.app.now(), self.said.take());
        let act = |budget: &mut Budget| {
            if let Some((account, at)) = &said {
                budget.hear(account, *at);
            }
            budget.spend(spent, now);
        };
        self.budget = change(self.app, key, self.stored.take(), act).await?;
        Ok(())
    }

    /// Writes down what is left to be written.
    pub(super) async fn close(mut self) -> Result<Budget, Error> {
        self.spend(&Spent::default()).await?;
        Ok(self.budget)
    }
}

/// What may be done with a key, for those who ask a single thing.
pub(crate) async fn open(app: &App, key: &SourceKey, deadline: Instant) -> Result<Budget, Error> {
    Purse::open(app, key, deadline).await?.close().await
}

/// Writes down what was used.
pub(crate) async fn spend(app: &App, key: &SourceKey, spent: &Spent) -> Result<(), Error> {
    if let SourceKey::Shodan(secret) = key
        && *spent != Spent::default()
    {
        let now = app.now();
        change(app, secret, None, |budget| budget.spend(spent, now)).await?;
    }
    Ok(())
}

async fn change(
    app: &App,
    key: &str,
    mut known: Option<(Budget, Option<Etag>)>,
    act: impl Fn(&mut Budget),
) -> Result<Budget, Error> {
    for _ in 0..TRIES {
        let (mut budget, etag) = match known.take() {
            Some(known) => known,
            None => read(app, key).await?.map_or_else(Default::default, |(b, etag)| (b, Some(etag))),
        };
        act(&mut budget);
        let written = rows::encode(row(key), &budget)?;
        let op = match etag {
            Some(etag) => Op::Replace(written, etag),
            None => Op::Insert(written),
        };
        let batch = Batch { table: Table::Limits, partition: PARTITION.into(), ops: vec![op], witness: None };
        match app.tables.commit(batch).await? {
            Commit::Done => return Ok(budget),
            // Counted twice at worst: the next answer of Shodan's puts it right.
            Commit::Conflict { .. } | Commit::Unknown => {}
        }
    }
    Err(Error::Busy)
}

pub(super) async fn read(app: &App, key: &str) -> Result<Option<(Budget, Etag)>, Error> {
    let Some(found) = app.tables.get(Table::Limits, PARTITION, &row(key)).await? else { return Ok(None) };
    Ok(Some((rows::decode(&found)?, found.etag)))
}

/// Keys are never stored in the open.
fn row(key: &str) -> String {
    Sha256::digest(key).iter().map(|b| format!("{b:02x}")).collect()
}
