//! Secrets at rest: what is stored of a Shodan key or a signing secret is sealed, and opens only in its own place.
//!
//! Here belongs encryption of what the program must read back. Never here: passwords and tokens, which are hashed
//! because nobody ever needs them again.

mod reseal;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub(crate) use self::reseal::reseal;
use crate::ports::{Ids, Table};

/// Where a secret is stored. A sealed text that is copied to another place does not open there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: Table,
    /// The partition key.
    pub partition: &'a str,
    /// The row key.
    pub row: &'a str,
    /// The column, or the field in `data`.
    pub column: &'a str,
}

/// Why a sealed text does not open.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VaultError {
    /// There is no key to seal with.
    #[error("no secret key is set")]
    NoKey,
    /// It was sealed with a key that is no longer among ours.
    #[error("sealed with the secret key {0}, which is not set any more")]
    UnknownKey(String),
    /// Not a sealed text, altered, or moved here from another place.
    #[error("the sealed text does not belong here or was altered")]
    Broken,
}

/// Seals and opens. The first key seals, all of them open: so a key is changed by putting a new one in front, and the
/// old one may go once [`reseal()`] was there.
#[derive(Clone)]
pub struct Vault {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
}

/// The form of a sealed text: `1.` and base64 of key id, nonce, ciphertext with tag.
const VERSION: &str = "1.";
const KEY_ID: usize = 4;
const NONCE: usize = 24;
const TAG: usize = 16;

/// The id of the key with which a text was sealed, as [`VaultError::UnknownKey`] tells it; `None`: it is no sealed text.
pub fn sealed_with(text: &str) -> Option<String> {
    let bytes = STANDARD_NO_PAD.decode(text.strip_prefix(VERSION)?).ok()?;
    let (id, rest) = bytes.split_first_chunk::<KEY_ID>()?;
    (rest.len() >= NONCE + TAG).then(|| hex(*id))
}

impl Vault {
    /// Is the key with this id among ours?
    pub fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| hex(key.id) == id)
    }

    /// A vault with these keys, the newest first.
    pub fn new(keys: Vec<[u8; 32]>) -> Self {
        let keys = keys.into_iter().map(|key| Key { id: key_id(&key), cipher: XChaCha20Poly1305::new(&key.into()) });
        Self { keys: keys.collect() }
    }

    /// Seals a secret for one place.
    pub fn seal(&self, ids: &dyn Ids, plain: &[u8], place: &Place<'_>) -> Result<String, VaultError> {
        let key = self.keys.first().ok_or(VaultError::NoKey)?;
        let mut nonce = [0; NONCE];
        ids.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: &place.associated() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Broken)?;
        Ok(format!("{VERSION}{}", STANDARD_NO_PAD.encode([&key.id[..], &nonce, &sealed].concat())))
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, sealed: &str, place: &Place<'_>) -> Result<Vec<u8>, VaultError> {
        let text = sealed.strip_prefix(VERSION).ok_or(VaultError::Broken)?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| VaultError::Broken)?;
        let (id, rest) = bytes.split_first_chunk::<KEY_ID>().ok_or(VaultError::Broken)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(VaultError::Broken)?;
        let key = self.keys.iter().find(|key| key.id == *id).ok_or_else(|| VaultError::UnknownKey(hex(*id)))?;
        let payload = Payload { msg: body, aad: &place.associated() };
        key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError::Broken)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Place<'_> {
    /// Keys hold any character but control characters, so a newline keeps the parts apart.
    fn associated(&self) -> Vec<u8> {
        [self.table.as_str(), self.partition, self.row, self.column].join("\n").into_bytes()
    }
}

/// Names a key without telling anything of it.
fn key_id(key: &[u8; 32]) -> [u8; KEY_ID] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(key).into();
    [a, b, c, d]
}

fn hex(id: [u8; KEY_ID]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededIds;

    const PLACE: Place<'_> =
        Place { table: Table::Accounts, partition: "org:org_1", row: "profile", column: "shodanKey" };
    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn seal(key: [u8; 32], plain: &[u8]) -> String {
        Vault::new(vec![key]).seal(&SeededIds::new(3), plain, &PLACE).unwrap()
    }

    #[test]
    fn a_secret_comes_back_and_the_sealed_text_tells_nothing_of_it() {
        for plain in ["", "s3cret", &"x".repeat(10_000)] {
            let sealed = seal(OLD, plain.as_bytes());
            assert!(plain.is_empty() || !sealed.contains(plain));
            assert_eq!(Vault::new(vec![OLD]).open(&sealed, &PLACE).unwrap(), plain.as_bytes());
        }
    }

    #[test]
    fn a_sealed_text_tells_which_key_opens_it_and_other_texts_are_not_taken_for_one() {
        let (old, new) = (sealed_with(&seal(OLD, b"")).unwrap(), sealed_with(&seal(NEW, b"s3cret")).unwrap());
        let vault = Vault::new(vec![OLD]);
        assert!(vault.has(&old) && !vault.has(&new));
        for other in ["", "1.", "1.5", "1.2.3.4", "a text", &seal(OLD, b"")[2..]] {
            assert_eq!(sealed_with(other), None, "{other}");
        }
    }

    #[test]
    fn one_secret_is_never_sealed_alike_twice() {
        let (vault, ids) = (Vault::new(vec![OLD]), SeededIds::new(3));
        assert_ne!(vault.seal(&ids, b"same", &PLACE), vault.seal(&ids, b"same", &PLACE));
    }

    #[test]
    fn a_sealed_text_opens_in_no_other_place() {
        let (vault, sealed) = (Vault::new(vec![OLD]), seal(OLD, b"s3cret"));
        for place in [
            Place { table: Table::Assets, ..PLACE },
            Place { partition: "org:org_2", ..PLACE },
            Place { row: "profile2", ..PLACE },
            Place { column: "other", ..PLACE },
            Place { partition: "org:org_1\nprofile", row: "shodanKey", column: "", ..PLACE },
        ] {
            assert_eq!(vault.open(&sealed, &place), Err(VaultError::Broken), "{place:?}");
        }
    }

    #[test]
    fn after_a_change_of_keys_the_old_ones_open_and_the_new_one_seals() {
        let (old, both) = (seal(OLD, b"s3cret"), Vault::new(vec![NEW, OLD]));
        assert_eq!(both.open(&old, &PLACE).unwrap(), b"s3cret");
        let new = both.seal(&SeededIds::new(4), b"s3cret", &PLACE).unwrap();
        assert_eq!(Vault::new(vec![NEW]).open(&new, &PLACE).unwrap(), b"s3cret");
        let unknown = Vault::new(vec![NEW]).open(&old, &PLACE).unwrap_err();
        assert_eq!(unknown, VaultError::UnknownKey(hex(key_id(&OLD))));
    }

    #[test]
    fn what_was_altered_or_cut_does_not_open() {
        let (vault, sealed) = (Vault::new(vec![OLD]), seal(OLD, b"s3cret"));
        let mut altered = sealed.clone();
        altered.pop();
        altered.push(if sealed.ends_with('A') { 'B' } else { 'A' });
        for bad in ["", "1.", "2.AAAA", "1.!", &sealed[..20], &altered, &sealed.replacen("1.", "1", 1)] {
            assert!(vault.open(bad, &PLACE).is_err(), "{bad}");
        }
        assert_eq!(Vault::new(Vec::new()).seal(&SeededIds::new(1), b"x", &PLACE), Err(VaultError::NoKey));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", Vault::new(vec![OLD])), "Vault { .. }");
    }
}
