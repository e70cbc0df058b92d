//! Addresses of mailboxes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A mailbox that mail can be sent to over the Internet: `name@host.tld`, domain in lower case and ASCII.
///
/// Stricter than RFC 5321 on purpose: no quoted names, no address literals, no host without a dot. What is refused
/// here could not be written to, or would be a way into somebody's network.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address; blanks around it are dropped, an international domain becomes its ASCII form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@')?;
        let host = idna::domain_to_ascii_strict(host).ok()?;
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(atom)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let tld = host.rsplit('.').next().unwrap_or_default();
        let host_ok =
            host.contains('.') && host.len() <= 253 && tld.len() >= 2 && !tld.bytes().all(|b| b.is_ascii_digit());
        (local_ok && host_ok).then(|| Self(format!("{local}@{host}")))
    }

    /// The address as it is written to.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two addresses the same account: all in lower case.
    pub fn account_key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an e-mail address such as ops@example.com")
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::EmailAddress;

    #[test]
    fn takes_what_can_be_written_to() {
        for (text, canonical) in [
            (" ops@Example.COM ", "ops@example.com"),
            ("o'hara+iot@plant.example", "o'hara+iot@plant.example"),
            ("a@bücher.example", "a@xn--bcher-kva.example"),
        ] {
            assert_eq!(EmailAddress::parse(text).map(String::from).as_deref(), Some(canonical));
        }
    }

    #[test]
    fn refuses_the_rest() {
        for bad in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a b@c.example",
            "a\r\nBcc: x@y.example",
            "\"a b\"@c.example",
            ".a@b.example",
            "a..b@c.example",
            "a@b..example",
            "a@-b.example",
            "a,b@c.example",
        ] {
            assert_eq!(EmailAddress::parse(bad), None, "{bad}");
        }
    }
}
