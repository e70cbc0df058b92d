use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ConfigError, Environment, Setting};

const NAME: &str = "IOTMONITOR_SECRET_KEY";

pub(super) const SETTINGS: &[Setting] = &[Setting::secret(
    NAME,
    "seals stored secrets: 32 bytes in base64 (openssl rand -base64 32); to change it, write new,old. Made and kept \
     beside the embedded store, required on Azure",
)];

/// What seals and opens stored secrets.
#[derive(Clone, Default)]
pub struct SecretKeys {
    /// The newest first. Empty: the embedded store keeps its own.
    pub keys: Vec<[u8; 32]>,
}

impl SecretKeys {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let text = environment.secret(NAME)?.unwrap_or_default();
        let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
        let wrong =
            || ConfigError::invalid(NAME, "each key is 32 bytes in base64: make one with openssl rand -base64 32");
        Ok(Self { keys: keys.map(|key| parse_key(key).ok_or_else(wrong)).collect::<Result<_, _>>()? })
    }

    /// The keys, where none may be made.
    ///
    /// # Errors
    /// When none is set.
    pub fn required(&self) -> Result<Vec<[u8; 32]>, ConfigError> {
        if self.keys.is_empty() {
            let what =
                "on Azure the key that seals stored secrets is yours to keep: make one with openssl rand -base64 32";
            return Err(ConfigError::missing(NAME, what));
        }
        Ok(self.keys.clone())
    }
}

/// Reads one key: 32 bytes in base64.
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// Without the keys.
impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKeys({})", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_keys_are_read_in_their_order_and_a_short_one_is_refused() {
        let (new, old) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let read = |text: &str| SecretKeys::read(&Environment::of([(NAME, text)]));
        assert_eq!(read(&format!("{new}, {old}")).unwrap().keys, [[1; 32], [2; 32]]);
        for wrong in [STANDARD.encode([1; 31]), "hunter2".into(), format!("{new},x")] {
            let error = read(&wrong).unwrap_err().to_string();
            assert!(error.contains("openssl rand") && !error.contains(&wrong), "{error}");
        }
        assert!(SecretKeys::default().required().unwrap_err().to_string().contains("is not set"));
    }
}
