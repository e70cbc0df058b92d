//! What a session's or API token's secret looks like: a prefix that secret scanners know, random characters, and a
//! checksum, so that a typing error or garbage is told from a secret before anything is looked up.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ports::Ids;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An API token: `iotm_` and 30 characters (178 bits). The prefix must never change: scanners search for it.
    ApiToken,
    /// A session: `iots_` and 43 characters (256 bits).
    Session,
}

impl Purpose {
    const ALL: [Self; 2] = [Self::ApiToken, Self::Session];

    const fn prefix(self) -> &'static str {
        match self {
            Self::ApiToken => "iotm_",
            Self::Session => "iots_",
        }
    }

    const fn length(self) -> usize {
        match self {
            Self::ApiToken => 30,
            Self::Session => 43,
        }
    }
}

/// A well-formed secret. Known to its owner alone; what is stored is its [`Self::sha256`], which suffices because
/// nobody can guess 178 bits.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret {
    purpose: Purpose,
    text: String,
}

pub(super) const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^6 > 2^32.
pub(super) const CHECKSUM: usize = 6;
/// How many of the random characters may be shown to tell secrets apart.
const SHOWN: usize = 4;

impl Secret {
    /// A new one.
    pub(super) fn new(ids: &dyn Ids, purpose: Purpose) -> Self {
        let mut text = purpose.prefix().to_owned();
        text.push_str(&random(ids, purpose.length()));
        text.push_str(&checksum(&text));
        Self { purpose, text }
    }

    /// Reads one; `None`: no program of ours ever made it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let purpose = Purpose::ALL.into_iter().find(|purpose| text.starts_with(purpose.prefix()))?;
        let body = &text[purpose.prefix().len()..];
        if body.len() != purpose.length() + CHECKSUM || !body.bytes().all(|byte| DIGITS.contains(&byte)) {
            return None;
        }
        let (front, check) = text.split_at(text.len() - CHECKSUM);
        (checksum(front) == check).then(|| Self { purpose, text: text.to_owned() })
    }

    pub(super) const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// What is stored: 64 hexadecimal digits.
    pub(super) fn sha256(&self) -> String {
        sha256(&self.text)
    }

    /// Its beginning, for people with several.
    pub(super) fn beginning(&self) -> String {
        self.text.chars().take(self.purpose.prefix().len() + SHOWN).collect()
    }

    /// The whole secret, to be handed to its owner once.
    pub(super) fn reveal(self) -> String {
        self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({:?})", self.purpose)
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// Evenly spread digits: a byte of 248 (4 × 62) or more would favour some, so another one is drawn.
pub(super) fn random(ids: &dyn Ids, length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        ids.fill(&mut bytes);
        let fair = bytes.into_iter().filter(|byte| *byte < 248);
        let missing = length - text.len();
        text.extend(fair.map(|byte| char::from(DIGITS[usize::from(byte % 62)])).take(missing));
    }
    text
}

pub(super) fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::SeededIds;

    #[test]
    fn a_new_secret_reads_back_and_looks_as_it_should() {
        let ids = SeededIds::new(1);
        for (purpose, length) in [(Purpose::ApiToken, 41), (Purpose::Session, 54)] {
            let secret = Secret::new(&ids, purpose);
            assert_eq!(secret.text.len(), length);
            assert_eq!(Secret::parse(&secret.text), Some(secret.clone()));
            assert_eq!(secret.purpose(), purpose);
            assert!(secret.text.starts_with(&secret.beginning()) && secret.beginning().len() == 9);
        }
    }

    #[test]
    fn the_checksum_is_crc32_in_six_digits() {
        assert_eq!(checksum(""), "000000");
        // CRC-32 of "123456789" is 0xCBF43926 = 3 421 780 262.
        let value = checksum("123456789")
            .bytes()
            .fold(0u64, |n, b| n * 62 + DIGITS.iter().position(|d| *d == b).unwrap() as u64);
        assert_eq!(value, 0xCBF4_3926);
    }

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let secret = Secret::new(&SeededIds::new(1), Purpose::ApiToken);
        assert_eq!(format!("{secret:?}"), "Secret(ApiToken)");
    }

    #[test]
    fn every_digit_is_drawn_about_as_often_as_any_other() {
        let text = random(&SeededIds::new(9), 62_000);
        for digit in DIGITS {
            let count = text.bytes().filter(|b| b == digit).count();
            assert!((850..1_150).contains(&count), "{}: {count}", char::from(*digit));
        }
    }

    proptest! {
        #[test]
        fn one_changed_character_is_noticed(seed: u64, place in 0usize..41, digit in 0usize..62) {
            let secret = Secret::new(&SeededIds::new(seed), Purpose::ApiToken).reveal();
            let mut changed = secret.clone().into_bytes();
            changed[place] = DIGITS[digit];
            let changed = String::from_utf8(changed).unwrap();
            prop_assert_eq!(Secret::parse(&changed).is_some(), changed == secret);
        }

        #[test]
        fn garbage_is_no_secret(text in ".{0,80}", body in "[0-9A-Za-z]{0,60}") {
            prop_assert!(Secret::parse(&text).is_none());
            let near = format!("iotm_{body}");
            prop_assert!(Secret::parse(&near).is_none_or(|s| checksum(&near[..35]) == s.text[35..]));
        }
    }
}
