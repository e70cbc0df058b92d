use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not the prefix and base64.
    #[error("a key is {0}… and base64")]
    Encoding(&'static str),
    /// Not as many bytes as such a key has.
    #[error("a key {0}… has another length")]
    Length(&'static str),
}

/// Prefix and base64, as Standard Webhooks writes keys.
pub(super) fn encode(prefix: &str, key: &[u8]) -> String {
    format!("{prefix}{}", STANDARD.encode(key))
}

/// The bytes of a key as people write it; the prefix may be missing, another one is a mistake.
pub(super) fn decode(prefix: &'static str, text: &str) -> Result<Vec<u8>, KeyError> {
    let text = text.trim();
    STANDARD.decode(text.strip_prefix(prefix).unwrap_or(text)).map_err(|_| KeyError::Encoding(prefix))
}
