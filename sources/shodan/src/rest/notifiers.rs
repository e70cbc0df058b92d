use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use http::Method;

use crate::lenient::{Object, digits, list, object};
use crate::search::strings;
use crate::{Error, Shodan, answer};

/// Where Shodan sends its notifications.
#[derive(Clone, PartialEq, Eq)]
pub struct Notifier {
    /// Its id; `default` is the account's e-mail address.
    pub id: String,
    /// The kind: one of [`Shodan::notifier_providers`].
    pub provider: String,
    /// What people call it.
    pub description: Option<String>,
    /// What the provider wants, such as `url` or `routing_key`: often secret.
    pub args: BTreeMap<String, String>,
}

/// A kind of notifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name, such as `slack`.
    pub name: String,
    /// The arguments that it cannot do without.
    pub required: Vec<String>,
}

impl Shodan {
    /// `GET /notifier`: the notifiers of the account.
    pub async fn notifiers(&self) -> Result<Vec<Notifier>, Error> {
        self.ask(self.get(&["notifier"]), |text| {
            let answer = answer::object(text)?;
            let matches = answer.read("matches", list).ok_or_else(Error::unreadable)?;
            Ok(matches.into_iter().filter_map(object).filter_map(|one| notifier(&one)).collect())
        })
        .await
    }

    /// `GET /notifier/provider`: the kinds of notifiers.
    pub async fn notifier_providers(&self) -> Result<Vec<Provider>, Error> {
        self.ask(self.get(&["notifier", "provider"]), |text| {
            let named = answer::object(text)?;
            let each = named.members().map(|(name, details)| Provider {
                name: name.to_owned(),
                required: object(details).map(|details| strings(&details, "required")).unwrap_or_default(),
            });
            Ok(each.collect())
        })
        .await
    }

    /// `POST /notifier`: makes one, and answers its id.
    pub async fn create_notifier(
        &self,
        provider: &str,
        description: Option<&str>,
        args: &BTreeMap<String, String>,
    ) -> Result<String, Error> {
        let mut form = vec![("provider".to_owned(), provider.to_owned())];
        form.extend(description.map(|text| ("description".to_owned(), text.to_owned())));
        form.extend(args.clone());
        self.ask(self.rest(Method::POST, &["notifier"]).form(form), |text| {
            let answer = answer::object(text)?;
            answer.read("id", digits).map(Cow::into_owned).ok_or_else(Error::unreadable)
        })
        .await
    }

    /// `GET /notifier/{id}`: one of them.
    pub async fn notifier(&self, id: &str) -> Result<Notifier, Error> {
        let call = self.get(&["notifier"]).at(id);
        self.ask(call, |text| notifier(&answer::object(text)?).ok_or_else(Error::unreadable)).await
    }

    /// `PUT /notifier/{id}`: gives it other arguments.
    pub async fn edit_notifier(&self, id: &str, args: &BTreeMap<String, String>) -> Result<(), Error> {
        let form = args.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.ask(self.rest(Method::PUT, &["notifier"]).at(id).form(form), answer::done).await
    }

    /// `DELETE /notifier/{id}`: removes it.
    pub async fn delete_notifier(&self, id: &str) -> Result<(), Error> {
        self.ask(self.rest(Method::DELETE, &["notifier"]).at(id), answer::done).await
    }
}

fn notifier(one: &Object<'_>) -> Option<Notifier> {
    let text = |name| one.read(name, digits).map(Cow::into_owned);
    let args = one.object("args");
    let args = args.members().filter_map(|(name, value)| Some((name.to_owned(), digits(value)?.into_owned())));
    Some(Notifier {
        id: text("id")?,
        provider: text("provider").unwrap_or_default(),
        description: text("description"),
        args: args.collect(),
    })
}

/// Without the arguments, which are often secret.
impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args: Vec<&String> = self.args.keys().collect();
        f.debug_struct("Notifier")
            .field("id", &self.id)
            .field("provider", &self.provider)
            .field("args", &args)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_a_notifier_show_their_names_only() {
        let json = r#"{"description":null,"args":{"token":"S3cret","chat_id":7},"provider":"telegram","id":"x"}"#;
        let read = notifier(&serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(read.args["chat_id"], "7");
        let shown = format!("{read:?}");
        assert!(shown.contains("token") && !shown.contains("S3cret"), "{shown}");
    }
}
