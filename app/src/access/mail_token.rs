//! What links in mails about accounts carry: whose errand it is, and a secret that only the mailbox has.
//!
//! Such a token works once and not for long: the row that it leads to holds its hash and its end, and goes with what
//! the token was for, in one batch.

use std::fmt;

use domain::ids::{InvitationId, OrgId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::secret::{CHECKSUM, DIGITS, checksum, random, sha256};
use crate::ports::Ids;

/// What a token is for, with what its row is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// To prove that a mailbox is a person's.
    Verify(UserId),
    /// To choose a new password.
    Reset(UserId),
    /// To come into an organization.
    Join(OrgId, InvitationId),
}

/// A token as it stands in a mail.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct MailToken {
    errand: Errand,
    text: String,
}

/// What is stored of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Awaited {
    /// By which it is known again.
    pub(super) sha256: String,
    /// From then on it does not work.
    pub(super) expires_at: Timestamp,
}

const ULID: usize = 26;
/// 256 bits.
const SECRET: usize = 43;

impl Errand {
    const fn prefix(&self) -> &'static str {
        match self {
            Self::Verify(_) => "iotv_",
            Self::Reset(_) => "iotr_",
            Self::Join(..) => "ioti_",
        }
    }

    /// So long a token works.
    pub(super) const fn lifetime(&self) -> SignedDuration {
        match self {
            Self::Verify(_) => SignedDuration::from_hours(24),
            Self::Reset(_) => SignedDuration::from_mins(30),
            Self::Join(..) => SignedDuration::from_hours(7 * 24),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Verify(user) | Self::Reset(user) => user.ulid().to_owned(),
            Self::Join(org, invitation) => format!("{}{}", org.ulid(), invitation.ulid()),
        }
    }

    fn parse(text: &str) -> Option<(Self, &str)> {
        let user = |text: &str| UserId::from_ulid(text.get(..ULID)?).ok();
        if let Some(rest) = text.strip_prefix("iotv_") {
            Some((Self::Verify(user(rest)?), &rest[ULID..]))
        } else if let Some(rest) = text.strip_prefix("iotr_") {
            Some((Self::Reset(user(rest)?), &rest[ULID..]))
        } else {
            let rest = text.strip_prefix("ioti_")?;
            let org = OrgId::from_ulid(rest.get(..ULID)?).ok()?;
            let invitation = InvitationId::from_ulid(rest.get(ULID..2 * ULID)?).ok()?;
            Some((Self::Join(org, invitation), &rest[2 * ULID..]))
        }
    }
}

impl MailToken {
    /// A new one.
    pub(super) fn new(ids: &dyn Ids, errand: Errand) -> Self {
        let mut text = format!("{}{}{}", errand.prefix(), errand.place(), random(ids, SECRET));
        text.push_str(&checksum(&text));
        Self { errand, text }
    }

    /// Reads one; `None`: no program of ours ever made it, or it was cut on its way.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (errand, rest) = Errand::parse(text)?;
        if rest.len() != SECRET + CHECKSUM || !rest.bytes().all(|byte| DIGITS.contains(&byte)) {
            return None;
        }
        let (front, check) = text.split_at(text.len() - CHECKSUM);
        (checksum(front) == check).then(|| Self { errand, text: text.to_owned() })
    }

    pub(super) const fn errand(&self) -> &Errand {
        &self.errand
    }

    /// What is stored.
    pub(super) fn awaited(&self, now: Timestamp) -> Awaited {
        Awaited { sha256: sha256(&self.text), expires_at: now + self.errand.lifetime() }
    }

    /// Is it the one that is awaited, in time?
    pub(super) fn is(&self, awaited: &Awaited, now: Timestamp) -> bool {
        awaited.sha256 == sha256(&self.text) && now < awaited.expires_at
    }

    /// The whole token, for the mail.
    pub(super) fn reveal(self) -> String {
        self.text
    }
}

impl fmt::Debug for MailToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailToken({:?})", self.errand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededIds;

    const ULID_TEXT: &str = "01J8ZQ4W3E9V6T5R2P1N0M8K7H";

    fn errands() -> [Errand; 3] {
        let user = UserId::from_ulid(ULID_TEXT).unwrap();
        let join = Errand::Join(
            OrgId::from_ulid(ULID_TEXT).unwrap(),
            InvitationId::from_ulid(&ULID_TEXT.replace('H', "J")).unwrap(),
        );
        [Errand::Verify(user.clone()), Errand::Reset(user), join]
    }

    #[test]
    fn a_token_reads_back_with_its_errand_and_works_until_its_end() {
        let now = Timestamp::UNIX_EPOCH;
        for errand in errands() {
            let token = MailToken::new(&SeededIds::new(1), errand.clone());
            let awaited = token.awaited(now);
            let text = token.clone().reveal();
            let read = MailToken::parse(&format!(" {text}\n")).unwrap();
            assert_eq!((read.errand(), &read), (&errand, &token));
            assert!(read.is(&awaited, now) && !read.is(&awaited, awaited.expires_at));
            assert!(!MailToken::new(&SeededIds::new(2), errand).is(&awaited, now));
            assert!(!format!("{token:?}").contains(&text));
        }
    }

    #[test]
    fn garbage_and_what_was_cut_or_changed_is_no_token() {
        for errand in errands() {
            let text = MailToken::new(&SeededIds::new(1), errand).reveal();
            for end in 0..text.len() {
                assert!(MailToken::parse(&text[..end]).is_none());
            }
            assert!(MailToken::parse(&text.replacen("iot", "ioT", 1)).is_none());
            assert!(MailToken::parse(&format!("{text}0")).is_none());
        }
        for bad in ["", "iotv_", "iotv_é", "ioti_01J8ZQ4W3E9V6T5R2P1N0M8K7H", &"é".repeat(60)] {
            assert!(MailToken::parse(bad).is_none(), "{bad}");
        }
    }
}
