use std::fmt;
use std::sync::Arc;

/// An API key. It shows itself to nobody: not in `Debug`, not in errors, not in logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// Takes the key as it stands in the account.
    pub fn new(key: impl Into<Arc<str>>) -> Self {
        Self(key.into())
    }

    /// The key itself, for the one who sends or stores it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", Some(Key::new("S3cret"))), "Some(Key(…))");
    }
}
