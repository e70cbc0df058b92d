use domain::email::EmailAddress;

use crate::{UserError, UserErrorCode};

/// Characters that a password must have. Length is what makes one hard to guess; kinds of characters are not asked
/// for (NIST SP 800-63B).
const MIN_CHARACTERS: usize = 12;
/// Bytes that a password may have, so that nobody can make us hash megabytes.
pub(super) const MAX_BYTES: usize = 1_024;
/// How many different characters it must have.
const MIN_DIFFERENT: usize = 5;

/// The commonest passwords of that length, in lower case, as leaks show them, and what people would choose here.
const COMMON: [&str; 40] = [
    "1234567890123",
    "123456789012",
    "012345678910",
    "123123123123",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "1qazxsw23edc",
    "abcdefghijkl",
    "abcd12345678",
    "abc123456789",
    "a1b2c3d4e5f6",
    "administrator",
    "administrator1",
    "adminadmin123",
    "admin1234567",
    "changeme1234",
    "changemenow1",
    "computer1234",
    "correcthorsebatterystaple",
    "football1234",
    "hello1234567",
    "iloveyou1234",
    "iotmonitor12",
    "iotmonitor123",
    "letmein12345",
    "letmeinplease",
    "monkey123456",
    "nopassword12",
    "p@ssw0rd1234",
    "passw0rd1234",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "q1w2e3r4t5y6",
    "qwerty123456",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdfghjkl",
    "welcome12345",
];

/// What is wrong with a new password, if anything.
pub(super) fn fault(password: &str, email: Option<&EmailAddress>, name: &str) -> Option<UserError> {
    let fault = |code, message: String| Some(UserError::of(code, "password", message));
    let weak = |message: &str| fault(UserErrorCode::WeakPassword, message.to_owned());
    if password.is_empty() {
        return fault(UserErrorCode::Required, "choose a password".into());
    }
    if password.len() > MAX_BYTES {
        return fault(UserErrorCode::TooLong, format!("the password must have at most {MAX_BYTES} bytes"));
    }
    if password.chars().count() < MIN_CHARACTERS {
        return weak(&format!("the password must have at least {MIN_CHARACTERS} characters; a sentence is a good one"));
    }
    let lower = password.to_lowercase();
    if lower.chars().collect::<std::collections::BTreeSet<_>>().len() < MIN_DIFFERENT {
        return weak(&format!("the password must have at least {MIN_DIFFERENT} different characters"));
    }
    if COMMON.contains(&lower.as_str()) {
        return weak("this is one of the passwords that are tried first; choose another one");
    }
    let address = email.map(EmailAddress::account_key).unwrap_or_default();
    let mailbox = address.split('@').next().unwrap_or_default();
    if [address.as_str(), mailbox, name.trim().to_lowercase().as_str()].contains(&lower.trim()) {
        return weak("your address or name is the first that is tried; choose another password");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(password: &str) -> Option<UserErrorCode> {
        let email = EmailAddress::parse("ada.lovelace@example.com").unwrap();
        fault(password, Some(&email), "Ada King Lovelace").map(|fault| fault.code)
    }

    #[test]
    fn a_sentence_is_good_and_no_kind_of_character_is_asked_for() {
        for good in ["correct battery", "zwölf zeichen", "      a sentence      ", &"long enough ".repeat(85)] {
            assert_eq!(code(good), None, "{good}");
        }
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for weak in [
            "elevenchars",
            "aaaaaaaaaaaa",
            "abababababab",
            "Password1234",
            "ADA.LOVELACE@example.com",
            "ada.lovelace",
            "ada king lovelace ",
        ] {
            assert_eq!(code(weak), Some(UserErrorCode::WeakPassword), "{weak}");
        }
        assert_eq!(code(""), Some(UserErrorCode::Required));
        assert_eq!(code(&"0123456789".repeat(103)), Some(UserErrorCode::TooLong));
    }

    #[test]
    fn the_common_ones_are_all_long_enough_to_matter() {
        assert!(COMMON.iter().all(|c| c.chars().count() >= MIN_CHARACTERS && c.to_lowercase() == *c));
    }
}
