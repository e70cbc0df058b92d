use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{Error as HashError, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::ports::StoreError;
use crate::{App, Error};

/// A password as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Password {
    /// A PHC string, which names its own algorithm and costs.
    pub(super) hash: String,
    /// When it was chosen.
    pub(super) changed_at: Timestamp,
}

/// Where passwords are hashed: beside the asynchronous threads, and few at once, because each takes 19 MiB.
#[derive(Debug)]
pub struct Hashing {
    turns: Semaphore,
    done: AtomicU64,
}

impl Default for Hashing {
    /// Two at once: 38 MiB of a plan that has 1 536.
    fn default() -> Self {
        Self { turns: Semaphore::new(2), done: AtomicU64::new(0) }
    }
}

impl Hashing {
    /// How many hashes this process has computed: the work that an answer has cost.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self.turns.acquire().await.map_err(|_| Error::Busy)?;
        self.done.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(work).await.map_err(|_| Error::Busy)?;
        done.map_err(|error| StoreError::Corrupt(format!("a password cannot be checked: {error}")).into())
    }
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not the password.
    Wrong,
    /// The password.
    Right,
    /// The password, hashed with less work than is asked for now.
    Outdated,
}

/// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes a new password.
pub(super) async fn hash(app: &App, password: &str) -> Result<Password, Error> {
    let mut salt = [0; 16];
    app.ids.fill(&mut salt);
    let password = password.to_owned();
    let hash = app.hashing.aside(move || compute(&password, salt)).await?;
    Ok(Password { hash, changed_at: app.now() })
}

/// Is this the password? Without a stored one (no such account, or one without a password) the answer is no, after
/// the same work.
pub(super) async fn verify(app: &App, password: &str, stored: Option<&Password>) -> Result<Verdict, Error> {
    let (password, hash) = (password.to_owned(), stored.map(|stored| stored.hash.clone()));
    let work = move || match hash {
        Some(hash) => compare(&password, &hash),
        None => compute(&password, [0; 16]).map(|_| Verdict::Wrong),
    };
    app.hashing.aside(work).await
}

fn compute(password: &str, salt: [u8; 16]) -> Result<String, HashError> {
    let salt = SaltString::encode_b64(&salt)?;
    Ok(hasher()?.hash_password(password.as_bytes(), &salt)?.to_string())
}

fn compare(password: &str, hash: &str) -> Result<Verdict, HashError> {
    let stored = PasswordHash::new(hash)?;
    match hasher()?.verify_password(password.as_bytes(), &stored) {
        Ok(()) if is_current(&stored) => Ok(Verdict::Right),
        Ok(()) => Ok(Verdict::Outdated),
        Err(HashError::Password) => Ok(Verdict::Wrong),
        Err(other) => Err(other),
    }
}

fn is_current(stored: &PasswordHash<'_>) -> bool {
    let costs = Params::try_from(stored).ok();
    let costs = costs.map(|costs| (costs.m_cost(), costs.t_cost(), costs.p_cost()));
    stored.algorithm == Algorithm::Argon2id.ident()
        && stored.version == Some(Version::V0x13.into())
        && costs == Some((MEMORY_KIB, PASSES, LANES))
}

fn hasher() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing::Bench;

    /// A hash as it was made when less work was asked for.
    pub(in crate::access) fn old_hash(password: &str) -> String {
        let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        old.hash_password(password.as_bytes(), &salt).unwrap().to_string()
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_stored_as_owasp_asks() {
        let bench = Bench::new();
        let stored = hash(&bench, "correct battery").await.unwrap();
        assert!(stored.hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored.hash);
        assert_eq!(verify(&bench, "correct battery", Some(&stored)).await.unwrap(), Verdict::Right);
        assert_eq!(verify(&bench, "correct batterz", Some(&stored)).await.unwrap(), Verdict::Wrong);
        assert_ne!(hash(&bench, "correct battery").await.unwrap().hash, stored.hash);
    }

    #[tokio::test]
    async fn without_an_account_the_answer_is_no_after_the_same_work() {
        let bench = Bench::new();
        assert_eq!(verify(&bench, "correct battery", None).await.unwrap(), Verdict::Wrong);
        assert_eq!(bench.hashing.done(), 1);
    }

    #[tokio::test]
    async fn a_hash_that_took_less_work_is_told_as_outdated() {
        let bench = Bench::new();
        let stored = Password { hash: old_hash("correct battery"), changed_at: Timestamp::UNIX_EPOCH };
        assert_eq!(verify(&bench, "correct battery", Some(&stored)).await.unwrap(), Verdict::Outdated);
        assert_eq!(verify(&bench, "another battery", Some(&stored)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_unreadable_hash_is_no_wrong_password() {
        let stored = Password { hash: "plain".into(), changed_at: Timestamp::UNIX_EPOCH };
        assert!(verify(&Bench::new(), "plain", Some(&stored)).await.is_err());
    }
}
