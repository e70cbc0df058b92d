use app::ports::{Challenge, Identity, OpenIdError};
use domain::email::EmailAddress;
use jiff::Timestamp;
use serde::Deserialize;

use super::discovery::Metadata;
use super::provider::ProviderSettings;

/// What an ID token says. Every claim that a decision rests on has its type: one of another type is an error, and
/// never as if it were not there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    pub(crate) sub: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    nonce: String,
    /// The tenant, at Entra.
    #[serde(default)]
    tid: Option<String>,
    #[serde(flatten)]
    pub(crate) person: Person,
}

/// What a provider says about a person, in the token or when it is asked.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Person {
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    email_verified: Option<Truth>,
    /// Entra's: the owner of the address's domain has verified it.
    #[serde(default)]
    xms_edov: Option<Truth>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers write a truth value as a text or a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Truth {
    Bool(bool),
    Text(String),
    Number(i64),
}

/// Clocks differ by so many seconds.
const LEEWAY: f64 = 60.0;
/// A token is redeemed at once: one made before that was made for another sign-in.
const OLDEST: f64 = 600.0;
/// The longest subject by the specification.
const LONGEST_SUBJECT: usize = 255;

impl Truth {
    fn is_true(&self) -> bool {
        match self {
            Self::Bool(truth) => *truth,
            Self::Text(text) => matches!(text.as_str(), "true" | "1"),
            Self::Number(number) => *number == 1,
        }
    }
}

impl Claims {
    /// Is it the provider's, about this sign-in, for us, and in time? (OpenID Connect Core 1.0, 3.1.3.7.)
    pub(crate) fn check(
        &self,
        metadata: &Metadata,
        settings: &ProviderSettings,
        challenge: &Challenge,
        now: Timestamp,
    ) -> Result<(), OpenIdError> {
        let refuse = |why| Err(OpenIdError::Refused(why));
        if metadata.issuer_of(self.tid.as_deref()).as_deref() != Some(self.iss.as_str()) {
            return refuse("it is another issuer's");
        }
        if !self.is_for(&settings.client_id) {
            return refuse("it is meant for somebody else");
        }
        if !self.is_in_time(now) {
            return refuse("it has expired, or is from another time");
        }
        if self.nonce != challenge.nonce {
            return refuse("it belongs to another sign-in");
        }
        if self.sub.is_empty() || self.sub.len() > LONGEST_SUBJECT {
            return refuse("it names nobody");
        }
        self.check_tenant(metadata, settings)
    }

    fn is_for(&self, client: &str) -> bool {
        match &self.aud {
            Audience::One(one) => one == client && self.azp.as_deref().is_none_or(|azp| azp == client),
            // Of several, the token says which one asked for it.
            Audience::Many(many) => {
                let asked = if many.len() > 1 { self.azp.as_deref() } else { self.azp.as_deref().or(Some(client)) };
                many.iter().any(|one| one == client) && asked == Some(client)
            }
        }
    }

    /// No comparison holds of what is not a number.
    fn is_in_time(&self, now: Timestamp) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit the 53 bits for ever")]
        let now = now.as_second() as f64;
        now < self.exp + LEEWAY
            && (now - OLDEST..=now + LEEWAY).contains(&self.iat)
            && self.nbf.is_none_or(|nbf| nbf <= now + LEEWAY)
    }

    fn check_tenant(&self, metadata: &Metadata, settings: &ProviderSettings) -> Result<(), OpenIdError> {
        if settings.tenants.is_empty() {
            let message = "this provider serves many tenants, and nobody has said which of them may come in";
            return if metadata.has_tenants() { Err(OpenIdError::NotAllowed(message)) } else { Ok(()) };
        }
        match &self.tid {
            Some(tenant) if settings.tenants.contains(tenant) => Ok(()),
            _ => Err(OpenIdError::NotAllowed("your organization at the provider is not one of those that may come in")),
        }
    }

    /// Whom it speaks of.
    pub(crate) fn identity(self, settings: &ProviderSettings) -> Result<Identity, OpenIdError> {
        let email = self.person.email.as_deref().and_then(EmailAddress::parse);
        let domain = email.as_ref().and_then(|email| email.as_str().rsplit_once('@')).map(|(_, d)| d.to_lowercase());
        let listed = domain.is_some_and(|domain| settings.domains.contains(&domain));
        if !settings.domains.is_empty() && !listed {
            return Err(OpenIdError::NotAllowed("your address is not of a domain that may come in"));
        }
        let says = |truth: &Option<Truth>| truth.as_ref().is_some_and(Truth::is_true);
        // Entra does not say `email_verified`. Where the operator names tenant and domain, these are their own people.
        let own = listed && !settings.tenants.is_empty();
        let verified = own || says(&self.person.email_verified) || says(&self.person.xms_edov);
        let email_verified = email.is_some() && verified;
        Ok(Identity { issuer: self.iss, subject: self.sub, email, email_verified, name: self.person.name })
    }
}
