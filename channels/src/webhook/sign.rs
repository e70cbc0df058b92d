use app::ports::SigningKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use super::ed25519::sign_v1a;
use super::keys::{KeyError, decode, encode};

/// A secret has at least so many bytes.
pub const MIN_SECRET: usize = 24;

/// A secret has at most so many bytes.
pub const MAX_SECRET: usize = 64;

const PREFIX: &str = "whsec_";

/// Why something cannot be signed: a fault of ours, never of the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignError {
    /// An id that could be taken for another id and timestamp, or that is no header's value.
    #[error("the id must be of letters, digits, '_' and '-'")]
    Id,
    /// A time before 1970.
    #[error("the timestamp lies before 1970")]
    Timestamp,
    /// A secret that is too short or too long.
    #[error("a secret has 24 to 64 bytes")]
    Secret,
    /// No key at all: nothing leaves unsigned.
    #[error("there is no key to sign with")]
    NoKey,
}

/// The signature of Standard Webhooks 1.0 (§ Signature scheme, symmetric): `v1,` and the base64 of
/// HMAC-SHA256 over `id.timestamp.body`.
pub fn sign(secret: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Result<String, SignError> {
    let content = content(id, timestamp, body)?;
    if !(MIN_SECRET..=MAX_SECRET).contains(&secret.len()) {
        return Err(SignError::Secret);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| SignError::Secret)?;
    mac.update(&content);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// What is signed.
///
/// `id` and `timestamp` hold no dot: otherwise `("a.1", 2, "x")` would be signed like `("a", 1, "2.x")`.
pub(super) fn content(id: &str, timestamp: i64, body: &[u8]) -> Result<Vec<u8>, SignError> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(SignError::Id);
    }
    if timestamp < 0 {
        return Err(SignError::Timestamp);
    }
    Ok([format!("{id}.{timestamp}.").as_bytes(), body].concat())
}

/// The value of `webhook-signature`: one signature per key, so that a receiver may hold either during a rotation.
pub fn signatures(keys: &[SigningKey], id: &str, timestamp: i64, body: &[u8]) -> Result<String, SignError> {
    if keys.is_empty() {
        return Err(SignError::NoKey);
    }
    let signed = |key: &SigningKey| match key {
        SigningKey::HmacSha256(secret) => sign(secret, id, timestamp, body),
        SigningKey::Ed25519(seed) => sign_v1a(seed, id, timestamp, body),
    };
    let all: Result<Vec<_>, _> = keys.iter().map(signed).collect();
    Ok(all?.join(" "))
}

/// How people see a secret: `whsec_` and base64.
pub fn encode_secret(secret: &[u8]) -> String {
    encode(PREFIX, secret)
}

/// The bytes of a secret as people write it; the prefix may be missing.
pub fn decode_secret(text: &str) -> Result<Vec<u8>, KeyError> {
    let bytes = decode(PREFIX, text)?;
    if (MIN_SECRET..=MAX_SECRET).contains(&bytes.len()) { Ok(bytes) } else { Err(KeyError::Length(PREFIX)) }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_the_vector_of_the_specification() {
        let secret = decode_secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signature = sign(&secret, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body).unwrap();
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn refuses_what_would_sign_something_else_as_well() {
        let secret = [7; 32];
        for id in ["a.1", "", "a b", "a\r\nx: y", "ä"] {
            assert_eq!(sign(&secret, id, 2, b"x"), Err(SignError::Id), "{id:?}");
        }
        assert_eq!(sign(&secret, "a", -1, b"x"), Err(SignError::Timestamp));
        assert_eq!(sign(&secret[..23], "a", 1, b"x"), Err(SignError::Secret));
        assert_eq!(signatures(&[], "a", 1, b"x"), Err(SignError::NoKey));
    }

    #[test]
    fn a_secret_is_long_enough_and_not_too_long() {
        assert_eq!(decode_secret(&encode_secret(&[1; 24])), Ok(vec![1; 24]));
        assert_eq!(decode_secret(&encode_secret(&[1; 64])), Ok(vec![1; 64]));
        assert_eq!(decode_secret(&encode_secret(&[1; 23])), Err(KeyError::Length(PREFIX)));
        assert_eq!(decode_secret(&encode_secret(&[1; 65])), Err(KeyError::Length(PREFIX)));
        assert_eq!(decode_secret("whsec_"), Err(KeyError::Length(PREFIX)));
        assert_eq!(decode_secret("whsec_!"), Err(KeyError::Encoding(PREFIX)));
    }

    proptest! {
        /// The specification's own library, as an oracle, accepts each of a rotation's signatures.
        #[test]
        fn the_reference_library_agrees(
            secrets in vec(vec(any::<u8>(), MIN_SECRET..=MAX_SECRET), 1..4), id in "[A-Za-z0-9_-]{1,40}", timestamp in 0..i64::MAX, body: String,
        ) {
            let keys: Vec<_> = secrets.iter().cloned().map(SigningKey::HmacSha256).collect();
            let ours = signatures(&keys, &id, timestamp, body.as_bytes()).unwrap();
            let theirs: Vec<String> = secrets
                .iter()
                .map(|s| standardwebhooks::Webhook::new(&encode_secret(s)).unwrap().sign(&id, timestamp, body.as_bytes()).unwrap())
                .collect();
            prop_assert_eq!(ours, theirs.join(" "));
        }
    }
}
