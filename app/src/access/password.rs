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

/// Every hashing takes 19 MiB; so many at once.
static HASHING: Semaphore = Semaphore::const_new(2);

/// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes a new password.
pub(super) async fn hash(app: &App, password: &str) -> Result<Password, Error> {
    let mut salt = [0; 16];
    app.ids.fill(&mut salt);
    let password = password.to_owned();
    let hash = aside(move || compute(&password, salt)).await?;
    Ok(Password { hash, changed_at: app.now() })
}

/// Is this the password? Without a stored one (no such account) the answer is no, after the same work.
pub(super) async fn verify(password: &str, stored: Option<Password>) -> Result<bool, Error> {
    let password = password.to_owned();
    aside(move || match stored {
        Some(stored) => compare(&password, &stored.hash),
        None => compute(&password, [0; 16]).map(|_| false),
    })
    .await
}

fn compute(password: &str, salt: [u8; 16]) -> Result<String, HashError> {
    let salt = SaltString::encode_b64(&salt)?;
    Ok(hasher()?.hash_password(password.as_bytes(), &salt)?.to_string())
}

fn compare(password: &str, hash: &str) -> Result<bool, HashError> {
    match hasher()?.verify_password(password.as_bytes(), &PasswordHash::new(hash)?) {
        Ok(()) => Ok(true),
        Err(HashError::Password) => Ok(false),
        Err(other) => Err(other),
    }
}

fn hasher() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Works where it holds up nobody else.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, HashError> + Send + 'static) -> Result<T, Error> {
    let _turn = HASHING.acquire().await.map_err(|_| Error::Busy)?;
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Error::Busy)?;
    done.map_err(|error| StoreError::Corrupt(format!("a password cannot be checked: {error}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    #[tokio::test]
    async fn a_password_is_known_again_and_stored_as_owasp_asks() {
        let bench = Bench::new();
        let stored = hash(&bench, "correct battery").await.unwrap();
        assert!(stored.hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored.hash);
        assert!(verify("correct battery", Some(stored.clone())).await.unwrap());
        assert!(!verify("correct batterz", Some(stored.clone())).await.unwrap());
        assert_ne!(hash(&bench, "correct battery").await.unwrap().hash, stored.hash);
    }

    #[tokio::test]
    async fn without_an_account_the_answer_is_no() {
        assert!(!verify("correct battery", None).await.unwrap());
    }

    #[tokio::test]
    async fn an_unreadable_hash_is_no_wrong_password() {
        let stored = Password { hash: "plain".into(), changed_at: Timestamp::UNIX_EPOCH };
        assert!(verify("plain", Some(stored)).await.is_err());
    }
}
