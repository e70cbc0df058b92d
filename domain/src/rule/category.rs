//! What sort of thing a finding is about.

use serde::{Deserialize, Serialize};

/// The sorts of findings. Stored by their place in [`Category::ALL`]: append, never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// A published vulnerability.
    Vulnerability,
    /// A service that has no business on the Internet.
    ExposedService,
    /// A database that anybody can read.
    OpenDatabase,
    /// A protocol of industrial control.
    IndustrialControl,
    /// A device that was not made to face the Internet.
    IotDevice,
    /// A way to control the machine from afar.
    RemoteAccess,
    /// No password, or one that everybody knows.
    WeakCredentials,
    /// Encryption that can be broken.
    WeakEncryption,
    /// A certificate that clients reject, or soon will.
    Certificate,
    /// A product that gets no more fixes.
    EndOfLife,
    /// Somebody else is in control.
    Malware,
    /// A service that strengthens other people's attacks.
    Amplification,
    /// It tells strangers what they should not know.
    InformationLeak,
    /// Something is there that was not there, or not meant to be.
    Change,
}

impl Category {
    /// All, in the order of the API.
    pub const ALL: [Self; 14] = [
        Self::Vulnerability,
        Self::ExposedService,
        Self::OpenDatabase,
        Self::IndustrialControl,
        Self::IotDevice,
        Self::RemoteAccess,
        Self::WeakCredentials,
        Self::WeakEncryption,
        Self::Certificate,
        Self::EndOfLife,
        Self::Malware,
        Self::Amplification,
        Self::InformationLeak,
        Self::Change,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vulnerability => "VULNERABILITY",
            Self::ExposedService => "EXPOSED_SERVICE",
            Self::OpenDatabase => "OPEN_DATABASE",
            Self::IndustrialControl => "INDUSTRIAL_CONTROL",
            Self::IotDevice => "IOT_DEVICE",
            Self::RemoteAccess => "REMOTE_ACCESS",
            Self::WeakCredentials => "WEAK_CREDENTIALS",
            Self::WeakEncryption => "WEAK_ENCRYPTION",
            Self::Certificate => "CERTIFICATE",
            Self::EndOfLife => "END_OF_LIFE",
            Self::Malware => "MALWARE",
            Self::Amplification => "AMPLIFICATION",
            Self::InformationLeak => "INFORMATION_LEAK",
            Self::Change => "CHANGE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Category;

    #[test]
    fn the_word_of_the_api_is_the_word_that_is_stored() {
        for category in Category::ALL {
            assert_eq!(serde_json::json!(category), category.as_str());
        }
    }
}
