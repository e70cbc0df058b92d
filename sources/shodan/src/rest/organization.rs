use std::borrow::Cow;

use http::Method;
use jiff::Timestamp;

use crate::lenient::{Object, digits, instant, list, object, string};
use crate::search::strings;
use crate::{Error, Shodan, answer};

/// An organization that shares a plan. Enterprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Since when.
    pub created: Option<Timestamp>,
    /// The plan of its members.
    pub upgrade_type: Option<String>,
    /// Whoever has an address at one of these is a member.
    pub domains: Vec<String>,
    /// Who may change it.
    pub admins: Vec<OrganizationMember>,
    /// Everybody else.
    pub members: Vec<OrganizationMember>,
}

/// Somebody in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationMember {
    /// Name of the account.
    pub username: String,
    /// E-mail address.
    pub email: Option<String>,
}

impl Shodan {
    /// `GET /org`: the organization. Enterprise.
    pub async fn organization(&self) -> Result<Organization, Error> {
        self.ask(self.get(&["org"]), |text| organization(&answer::object(text)?).ok_or_else(Error::unreadable)).await
    }

    /// `PUT /org/member/{user}`: takes somebody in, by name or e-mail address, and tells them if wanted. Enterprise.
    pub async fn add_member(&self, user: &str, notify: bool) -> Result<(), Error> {
        let call = self.rest(Method::PUT, &["org", "member"]).at(user).with("notify", notify);
        self.ask(call, answer::done).await
    }

    /// `DELETE /org/member/{user}`: puts somebody out. Enterprise.
    pub async fn remove_member(&self, user: &str) -> Result<(), Error> {
        self.ask(self.rest(Method::DELETE, &["org", "member"]).at(user), answer::done).await
    }
}

fn organization(answer: &Object<'_>) -> Option<Organization> {
    let text = |name| answer.read(name, digits).map(Cow::into_owned);
    let people = |name| {
        let list = answer.read(name, list).unwrap_or_default().into_iter().filter_map(object);
        list.filter_map(|one| member(&one)).collect()
    };
    Some(Organization {
        id: text("id")?,
        name: text("name").unwrap_or_default(),
        created: answer.read("created", string).and_then(|at| instant(&at)),
        upgrade_type: text("upgrade_type"),
        domains: strings(answer, "domains"),
        admins: people("admins"),
        members: people("members"),
    })
}

fn member(one: &Object<'_>) -> Option<OrganizationMember> {
    let text = |name| one.read(name, digits).map(Cow::into_owned);
    Some(OrganizationMember { username: text("username")?, email: text("email") })
}
