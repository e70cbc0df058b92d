use std::net::{IpAddr, Ipv6Addr};

use domain::email::EmailAddress;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::secret::sha256;
use super::store::{Command, read};
use crate::ports::{Commit, Etag, Op, RowRange, StoreError, Table};
use crate::retention::Room;
use crate::{App, Error, rows};

/// What guesses are counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    row: String,
    /// So many failures cost nothing.
    free: u32,
    /// Many people share it: who gets in clears their own try alone.
    shared: bool,
}

/// In the store, because a process in memory would forget, and there may be many of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tally {
    failures: u32,
    last_at: Timestamp,
    until: Timestamp,
}

const PARTITION: &str = "throttle";
/// Waiting doubles from one second up to this; never for ever, or anybody could lock anybody out.
const LONGEST: i64 = 15 * 60;
/// Failures are forgotten after this time without another.
const MEMORY: SignedDuration = SignedDuration::from_hours(1);
const TRIES: usize = 4;

impl Subject {
    /// An account, whether it exists or not.
    pub(super) fn account(email: &EmailAddress) -> Self {
        Self { row: format!("account:{}", sha256(&email.account_key())), free: 3, shared: false }
    }

    /// Letters to an address that anybody can type, whether it has an account or not.
    pub(super) fn reset(email: &EmailAddress) -> Self {
        Self { row: format!("letter:{}", sha256(&email.account_key())), free: 3, shared: false }
    }

    /// Where the request comes from; of an IPv6 address the /64, which is one customer's.
    pub(super) fn address(address: IpAddr) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & (u128::MAX << 64)).to_string(),
        };
        Self { row: format!("address:{}", sha256(&network)), free: 20, shared: true }
    }

    /// The setup code, of which there is one.
    pub(super) fn setup_code() -> Self {
        Self { row: "setup".into(), free: 3, shared: false }
    }
}

/// Counts a try by every subject before it is made, so that many at once gain nothing. Too many:
/// [`Error::RateLimited`], and this one was not counted by the subject that says so.
pub(super) async fn enter(app: &App, subjects: &[Subject]) -> Result<(), Error> {
    for subject in subjects {
        count(app, subject).await?;
    }
    Ok(())
}

/// Takes back what [`enter`] counted: the try was a good one. Failing to do so only makes the next one slower.
pub(super) async fn forgive(app: &App, subjects: &[Subject]) {
    for subject in subjects {
        if let Err(error) = uncount(app, subject).await {
            tracing::warn!(%error, "a good try stays counted as a failure");
        }
    }
}

async fn count(app: &App, subject: &Subject) -> Result<(), Error> {
    for _ in 0..TRIES {
        let now = app.now();
        let stored = read::<Tally>(app, Table::Limits, PARTITION, &subject.row).await?;
        let (failures, etag) = match stored {
            None => (0, None),
            Some(stored) if stored.thing.until > now => return Err(Error::RateLimited(wait(now, stored.thing.until))),
            Some(stored) if now.duration_since(stored.thing.last_at) > MEMORY => (0, Some(stored.etag)),
            Some(stored) => (stored.thing.failures, Some(stored.etag)),
        };
        let failures = failures.saturating_add(1);
        let tally = Tally { failures, last_at: now, until: now + delay(failures, subject.free) };
        match put(app, subject, &tally, etag).await? {
            // A lost answer: better counted than tried again and counted twice.
            Commit::Done | Commit::Unknown => return Ok(()),
            Commit::Conflict { .. } => {}
        }
    }
    Err(Error::RateLimited(1))
}

async fn uncount(app: &App, subject: &Subject) -> Result<(), Error> {
    if !subject.shared {
        let ops = vec![Op::Delete { key: subject.row.clone(), etag: None }];
        return Ok(Command::new(app).commit(Table::Limits, PARTITION, ops).await.map(|_| ())?);
    }
    let Some(stored) = read::<Tally>(app, Table::Limits, PARTITION, &subject.row).await? else { return Ok(()) };
    let failures = stored.thing.failures.saturating_sub(1);
    let tally = Tally { failures, until: app.now(), ..stored.thing };
    put(app, subject, &tally, Some(stored.etag)).await.map(|_| ())
}

async fn put(app: &App, subject: &Subject, tally: &Tally, etag: Option<Etag>) -> Result<Commit, Error> {
    let command = Command::new(app);
    let row = command.row(subject.row.as_str(), tally)?;
    let op = match etag {
        None => Op::Insert(row),
        Some(etag) => Op::Replace(row, etag),
    };
    Ok(command.commit(Table::Limits, PARTITION, vec![op]).await?)
}

/// Removes what counts nothing any more. Anybody can make such rows by typing addresses.
pub(super) async fn purge(app: &App, room: &mut Room) -> Result<(), StoreError> {
    let mut next = Some(RowRange { limit: 1_000, ..RowRange::default() });
    while let Some(range) = next.filter(|_| room.is_left()) {
        let page = app.tables.range(Table::Limits, PARTITION, range.clone()).await?;
        let mut idle = Vec::new();
        for row in &page.rows {
            let tally: Tally = rows::decode(row)?;
            if app.now() >= tally.until && app.now().duration_since(tally.last_at) > MEMORY {
                idle.push(row.key.clone());
            }
        }
        room.remove(app, Table::Limits, PARTITION, idle).await?;
        next = page.next.map(|from| RowRange { from, ..range });
    }
    Ok(())
}

fn delay(failures: u32, free: u32) -> SignedDuration {
    let Some(doublings) = failures.checked_sub(free) else { return SignedDuration::ZERO };
    SignedDuration::from_secs(1i64.checked_shl(doublings.min(32)).map_or(LONGEST, |seconds| seconds.min(LONGEST)))
}

/// Whole seconds, rounded up: who waits so long gets through.
fn wait(now: Timestamp, until: Timestamp) -> u32 {
    let millis = until.duration_since(now).as_millis();
    u32::try_from((millis + 999) / 1_000).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    fn ada() -> Subject {
        Subject::account(&EmailAddress::parse("ada@example.com").unwrap())
    }

    #[test]
    fn waiting_doubles_after_the_third_failure_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = (1..16).map(|failures| delay(failures, 3).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(delay(u32::MAX, 3).as_secs(), 900);
    }

    #[tokio::test]
    async fn who_waits_as_told_may_try_again_and_nobody_earlier() {
        let bench = Bench::new();
        for _ in 0..3 {
            enter(&bench, &[ada()]).await.unwrap();
        }
        assert!(matches!(enter(&bench, &[ada()]).await, Err(Error::RateLimited(1))));
        bench.clock.advance(SignedDuration::from_secs(1));
        enter(&bench, &[ada()]).await.unwrap();
        assert!(matches!(enter(&bench, &[ada()]).await, Err(Error::RateLimited(2))));
        bench.clock.advance(SignedDuration::from_millis(1_500));
        assert!(matches!(enter(&bench, &[ada()]).await, Err(Error::RateLimited(1))));
        bench.clock.advance(MEMORY + SignedDuration::from_secs(1));
        for _ in 0..3 {
            enter(&bench, &[ada()]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn many_tries_at_once_gain_nothing() {
        let bench = Bench::new();
        let tries =
            futures_util::future::join_all((0..20).map(|_| async { enter(&bench, &[ada()]).await.is_ok() })).await;
        assert_eq!(tries.into_iter().filter(|passed| *passed).count(), 3);
    }

    #[tokio::test]
    async fn a_good_try_clears_the_account_but_only_itself_from_a_shared_address() {
        let bench = Bench::new();
        let office = Subject::address("203.0.113.7".parse().unwrap());
        for _ in 0..19 {
            enter(&bench, std::slice::from_ref(&office)).await.unwrap();
        }
        enter(&bench, &[office.clone(), ada()]).await.unwrap();
        forgive(&bench, &[office.clone(), ada()]).await;
        enter(&bench, std::slice::from_ref(&office)).await.unwrap();
        assert!(matches!(enter(&bench, &[office]).await, Err(Error::RateLimited(1))));
    }

    #[test]
    fn one_customers_addresses_count_together() {
        let subject = |text: &str| Subject::address(text.parse().unwrap());
        assert_eq!(subject("2001:db8:1:2::1"), subject("2001:db8:1:2:ffff::9"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_eq!(subject("::ffff:203.0.113.7"), subject("203.0.113.7"));
        assert_ne!(subject("203.0.113.7"), subject("203.0.113.8"));
    }
}
