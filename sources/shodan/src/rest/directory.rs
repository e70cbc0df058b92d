use std::borrow::Cow;

use crate::lenient::{digits, integer, list, object};
use crate::search::names;
use crate::{Error, Shodan, answer};

/// A protocol that a scan can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name, which is also `_shodan.module` of its banners.
    pub name: String,
    /// What it is.
    pub description: String,
}

impl Shodan {
    /// `GET /shodan/ports`: the ports that Shodan crawls. Free.
    pub async fn ports(&self) -> Result<Vec<u16>, Error> {
        self.ask(self.get(&["shodan", "ports"]), |text| {
            let ports = list(answer::value(text)?).ok_or_else(Error::unreadable)?;
            Ok(ports.into_iter().filter_map(integer).collect())
        })
        .await
    }

    /// `GET /shodan/protocols`: the protocols that a scan can ask for. Free.
    pub async fn protocols(&self) -> Result<Vec<Protocol>, Error> {
        self.ask(self.get(&["shodan", "protocols"]), described).await
    }

    /// `GET /shodan/services`: the ports that are crawled with the names of their services. Not documented. Free.
    pub async fn services(&self) -> Result<Vec<Protocol>, Error> {
        self.ask(self.get(&["shodan", "services"]), described).await
    }

    /// `GET` at the list of facets of the trends service, or another list of names.
    pub(crate) async fn names(&self, call: crate::call::Call<'_>) -> Result<Vec<String>, Error> {
        self.ask(call, names).await
    }
}

fn described(text: &str) -> Result<Vec<Protocol>, Error> {
    let named = object(answer::value(text)?).ok_or_else(Error::unreadable)?;
    let described = named.members().map(|(name, description)| Protocol {
        name: name.to_owned(),
        description: digits(description).map(Cow::into_owned).unwrap_or_default(),
    });
    Ok(described.collect())
}
