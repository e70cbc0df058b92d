//! Identifiers of vulnerabilities.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A CVE identifier in its canonical spelling: `CVE-2021-36260`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CveId(String);

impl CveId {
    /// Reads an identifier; letters in either case, blanks around it are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = text.get(..4).filter(|p| p.eq_ignore_ascii_case("CVE-")).and_then(|_| text.get(4..))?;
        let (year, number) = rest.split_once('-')?;
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        (year.len() == 4 && digits(year) && (4..=12).contains(&number.len()) && digits(number))
            .then(|| Self(format!("CVE-{rest}")))
    }

    /// The canonical spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CveId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a CVE identifier such as CVE-2021-36260")
    }
}

impl From<CveId> for String {
    fn from(id: CveId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::CveId;

    #[test]
    fn is_canonical_or_nothing() {
        assert_eq!(CveId::parse(" cve-2021-36260").map(String::from), Some("CVE-2021-36260".into()));
        for bad in ["", "CVE-", "CVE-21-3626", "CVE-2021-36", "2021-36260", "!CVE-2021-36260", "CVE-2021-3626O", "é"] {
            assert_eq!(CveId::parse(bad), None, "{bad}");
        }
    }
}
