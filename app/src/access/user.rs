use domain::email::EmailAddress;
use domain::ids::{InvitationId, OrgId, UserId};
use domain::role::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::read;
use crate::App;
use crate::ports::{StoreError, Table};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Never changes.
    pub id: UserId,
    /// Where mail goes, and what they sign in with.
    pub email: EmailAddress,
    /// What others call them.
    pub name: String,
    /// Did they prove that the mailbox is theirs?
    pub email_verified: bool,
    /// IANA name, such as `Europe/Rome`.
    pub time_zone: String,
    /// When they registered.
    pub created_at: Timestamp,
    /// When they deleted their account; what is left is their name, for history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

impl User {
    /// Does the account still count?
    pub const fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }
}

/// That a person belongs to an organization. The row in the organization decides; the one at the person says where
/// to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// Where.
    pub org: OrgId,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// By which invitation; `None`: they founded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
}

pub(super) const PROFILE: &str = "profile";
pub(super) const PASSWORD: &str = "password";
pub(super) const MEMBERSHIPS: &str = "membership|";

/// The person with this id; one who deleted their account still has a name.
pub async fn user(app: &App, id: &UserId) -> Result<Option<User>, StoreError> {
    Ok(read(app, Table::Accounts, &partition(id), PROFILE).await?.map(|stored| stored.thing))
}

pub(super) fn partition(id: &UserId) -> String {
    format!("user:{id}")
}

pub(super) fn membership(org: &OrgId) -> String {
    format!("{MEMBERSHIPS}{org}")
}

/// Where the claim on an address lies. A mailbox's name may have characters that no key may have.
pub(super) fn email_partition(email: &EmailAddress) -> String {
    let mut partition = "email:".to_owned();
    for c in email.account_key().chars() {
        match c {
            '/' => partition.push_str("%2f"),
            '#' => partition.push_str("%23"),
            '?' => partition.push_str("%3f"),
            '%' => partition.push_str("%25"),
            other => partition.push(other),
        }
    }
    partition
}

/// The row of an address's claim.
pub(super) const EMAIL_CLAIM: &str = "user";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_odd_characters_have_partitions_of_their_own() {
        let partition = |text: &str| email_partition(&EmailAddress::parse(text).unwrap());
        assert_eq!(partition("Ops/#?%2F@Example.com"), "email:ops%2f%23%3f%252f@example.com");
        assert_ne!(partition("a/b@example.com"), partition("a%2fb@example.com"));
    }
}
