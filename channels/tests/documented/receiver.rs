use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};

/// Was the request signed with `key` (`whsec_…` or `whpk_…`) within five minutes of `now`, seconds since 1970?
pub(crate) fn verify(key: &str, id: &str, timestamp: &str, signatures: &str, body: &[u8], now: i64) -> bool {
    let fresh = timestamp.parse::<i64>().is_ok_and(|at| at.abs_diff(now) <= 300);
    let content = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    fresh && signatures.split(' ').any(|entry| holds(key, &content, entry).unwrap_or(false))
}

fn holds(key: &str, content: &[u8], entry: &str) -> Option<bool> {
    let (version, signature) = entry.split_once(',')?;
    let (kind, key) = key.split_once('_')?;
    let (signature, key) = (STANDARD.decode(signature).ok()?, STANDARD.decode(key).ok()?);
    Some(match (version, kind) {
        ("v1", "whsec") => hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), content, &signature).is_ok(),
        ("v1a", "whpk") => UnparsedPublicKey::new(&ED25519, key).verify(content, &signature).is_ok(),
        _ => false,
    })
}
