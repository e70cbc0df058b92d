use domain::email::EmailAddress;
use domain::ids::UserId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::store::{Command, read};
use super::user::{self, User, user};
use crate::ports::{Commit, Op, StoreError, Table};
use crate::{App, Error};

/// What only one may have: an address, or being the first. Written before the user whom it names, so it counts for
/// ever once that user exists, and for [`HOLD`] until then; afterwards it is free again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    /// Whose it is, or is about to be.
    pub(super) user: UserId,
    /// Since when.
    at: Timestamp,
}

/// So long a claim waits for its user.
const HOLD: SignedDuration = SignedDuration::from_mins(5);
/// Whoever needs longer than this gives up: a minute before somebody else could have the same claim.
const PATIENCE: SignedDuration = SignedDuration::from_mins(4);
const TRIES: usize = 4;

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// It is ours.
    Ours,
    /// A user has it.
    Taken,
    /// Somebody is about to have it, or did not finish less than five minutes ago.
    Pending,
}

/// Claims an address. It counts for who has it and can sign in with it.
pub(super) async fn claim_email(app: &App, email: &EmailAddress, wanted: &UserId) -> Result<Claimed, Error> {
    let holds = |user: &User| user.is_live() && user.email.account_key() == email.account_key();
    claim(app, &user::email_partition(email), user::EMAIL_CLAIM, wanted, holds).await
}

/// Gives up an address, unless somebody else has it by now.
pub(super) async fn release_email(app: &App, email: &EmailAddress, user: &UserId) -> Result<(), StoreError> {
    let partition = user::email_partition(email);
    let held = read::<Claim>(app, Table::Accounts, &partition, user::EMAIL_CLAIM).await?;
    let Some(held) = held.filter(|held| held.thing.user == *user) else { return Ok(()) };
    let ops = vec![Op::Delete { key: user::EMAIL_CLAIM.into(), etag: Some(held.etag) }];
    Command::new(app).commit(Table::Accounts, &partition, ops).await.map(|_| ())
}

/// Claims a row of `accounts` for somebody. `holds` says whether the user whom a claim names is one for whom it counts.
pub(super) async fn claim(
    app: &App,
    partition: &str,
    key: &str,
    wanted: &UserId,
    holds: impl Fn(&User) -> bool,
) -> Result<Claimed, Error> {
    for _ in 0..TRIES {
        let command = Command::new(app);
        let row = command.row(key, &Claim { user: wanted.clone(), at: app.now() })?;
        let op = match read::<Claim>(app, Table::Accounts, partition, key).await? {
            None => Op::Insert(row),
            Some(held) if held.thing.user == *wanted => return Ok(Claimed::Ours),
            Some(held) if user(app, &held.thing.user).await?.is_some_and(|user| holds(&user)) => {
                return Ok(Claimed::Taken);
            }
            Some(held) if app.now().duration_since(held.thing.at) < HOLD => return Ok(Claimed::Pending),
            Some(held) => Op::Replace(row, held.etag),
        };
        match command.commit(Table::Accounts, partition, vec![op]).await? {
            Commit::Done => return Ok(Claimed::Ours),
            // Who was faster, and whether it was us after a lost answer, stands in the row.
            Commit::Conflict { .. } | Commit::Unknown => {}
        }
    }
    Err(Error::Busy)
}

/// Is there still time to make the user whom claims of `since` name?
pub(super) fn in_time(app: &App, since: Timestamp) -> bool {
    app.now().duration_since(since) < PATIENCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, Fault};

    fn someone(bench: &Bench) -> UserId {
        UserId::from_ulid(&bench.ulid()).unwrap()
    }

    #[tokio::test]
    async fn one_of_two_gets_it_and_the_other_waits_until_it_is_free() {
        let bench = Bench::new();
        let (ada, bob) = (someone(&bench), someone(&bench));
        assert_eq!(claim(&bench, "p", "k", &ada, |_| true).await.unwrap(), Claimed::Ours);
        assert_eq!(claim(&bench, "p", "k", &ada, |_| true).await.unwrap(), Claimed::Ours);
        assert_eq!(claim(&bench, "p", "k", &bob, |_| true).await.unwrap(), Claimed::Pending);
        bench.clock.advance(HOLD);
        assert_eq!(claim(&bench, "p", "k", &bob, |_| true).await.unwrap(), Claimed::Ours);
        assert_eq!(claim(&bench, "p", "k", &ada, |_| true).await.unwrap(), Claimed::Pending);
    }

    #[tokio::test]
    async fn a_lost_answer_is_looked_up() {
        let bench = Bench::new();
        bench.tables.fail_at(2, Fault::Lost);
        assert_eq!(claim(&bench, "p", "k", &someone(&bench), |_| true).await.unwrap(), Claimed::Ours);
    }
}
