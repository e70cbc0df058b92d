use app::ports::OpenIdError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::fetch;

/// How a token may be signed. Never anything that our own secret could be mistaken for: no `none`, no HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSA of 2 048 to 8 192 bits, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// ECDSA on P-256, SHA-256.
    Es256,
}

/// A provider's public key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

/// A key as a provider writes it (RFC 7517).
#[derive(Deserialize)]
struct Written {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct WrittenSet {
    keys: Vec<serde_json::Value>,
}

/// More keys than any provider has at once.
const MOST: usize = 100;
/// Whoever sends tokens with made-up key ids makes us ask no more often than this.
const BETWEEN: SignedDuration = SignedDuration::from_mins(1);
/// A key that was withdrawn works no longer than this.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);

impl Algorithm {
    /// The algorithm of a token's header, if it is one of ours.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

impl Key {
    /// Did this key sign it? What a key is for is decided by the key, not by the token.
    pub(crate) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            (Material::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }

    /// Reads a key; `None`: not one that signs as we allow.
    fn read(written: serde_json::Value) -> Option<Self> {
        let written: Written = serde_json::from_value(written).ok()?;
        if written.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok();
        let fits = |wanted: &str| written.alg.as_deref().is_none_or(|alg| alg == wanted);
        let material = match (written.kty.as_str(), written.crv.as_deref()) {
            ("RSA", _) if fits("RS256") => Material::Rsa { n: bytes(written.n)?, e: bytes(written.e)? },
            ("EC", Some("P-256")) if fits("ES256") => {
                let (x, y) = (bytes(written.x)?, bytes(written.y)?);
                (x.len() == 32 && y.len() == 32).then(|| Material::P256([&[4], &x[..], &y].concat()))?
            }
            _ => return None,
        };
        Some(Self { id: written.kid, material })
    }
}

/// A provider's keys, as they were told last.
#[derive(Default)]
pub(crate) struct Keys {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: Vec<Key>,
    told_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

impl Keys {
    /// The keys that may have signed a token with this key id. Asks the provider when none is known by it, once a
    /// minute at most; when it does not answer, what it said within a day counts.
    pub(crate) async fn named(
        &self,
        http: &Client,
        at: &Url,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Key>, OpenIdError> {
        let mut kept = self.kept.lock().await;
        if kept.told_at.is_some_and(|told| now.duration_since(told) >= OLDEST) {
            kept.keys.clear();
        }
        let may_ask = kept.asked_at.is_none_or(|asked| now.duration_since(asked) >= BETWEEN);
        if find(&kept.keys, id).is_empty() && may_ask {
            kept.asked_at = Some(now);
            match ask(http, at).await {
                Ok(keys) => (kept.keys, kept.told_at) = (keys, Some(now)),
                Err(error) if kept.keys.is_empty() => return Err(error),
                Err(error) => tracing::warn!(%error, "a provider's keys stay as they were told before"),
            }
        }
        Ok(find(&kept.keys, id))
    }
}

/// By its id, or all where the token names none.
fn find(keys: &[Key], id: Option<&str>) -> Vec<Key> {
    keys.iter().filter(|key| id.is_none_or(|id| key.id.as_deref() == Some(id))).cloned().collect()
}

async fn ask(http: &Client, at: &Url) -> Result<Vec<Key>, OpenIdError> {
    let (status, set) = fetch::json::<WrittenSet>(http.get(at.clone()), "its keys").await?;
    if status != 200 {
        return Err(OpenIdError::Unavailable(format!("its keys: it answered {status}")));
    }
    if set.keys.len() > MOST {
        return Err(OpenIdError::Unavailable(format!("its keys: there are {}", set.keys.len())));
    }
    Ok(set.keys.into_iter().filter_map(Key::read).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_for_something_else_is_none_of_ours() {
        let good = json!({"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": "AQAB", "e": "AQAB"});
        assert!(Key::read(good.clone()).is_some());
        for (field, value) in [("use", "enc"), ("alg", "HS256"), ("alg", "RS512"), ("kty", "oct"), ("n", "?")] {
            let mut bad = good.clone();
            bad[field] = json!(value);
            assert!(Key::read(bad).is_none(), "{field} {value}");
        }
        assert!(Key::read(json!({"kty": "oct", "k": "AQAB"})).is_none());
        assert!(Key::read(json!({"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"})).is_none());
        assert!(Key::read(json!("key")).is_none());
    }
}
