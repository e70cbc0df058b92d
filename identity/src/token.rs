use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::claims::Claims;
use super::keys::{Algorithm, Key};

/// An ID token (a JSON Web Signature in compact form, RFC 7515) of which nothing is believed yet.
///
/// Read by hand, because the libraries that read it bring a second cryptography beside that of TLS; what remains is
/// splitting at two dots, and `ring` does the rest.
pub(crate) struct Unverified<'a> {
    pub(crate) key: Option<String>,
    algorithm: Algorithm,
    message: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that must be understood: none are.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// Tokens of people in hundreds of groups have 12 KiB.
const LONGEST: usize = 32 * 1024;

impl<'a> Unverified<'a> {
    /// Takes a token apart. The error says what is wrong with it.
    pub(crate) fn read(token: &'a str) -> Result<Self, &'static str> {
        if token.len() > LONGEST {
            return Err("the token is too long");
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("not a signed token");
        };
        let read: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| "the token's header is not understood")?;
        if read.crit.is_some() {
            return Err("the token asks for an extension");
        }
        let algorithm = Algorithm::named(&read.alg).ok_or("the token is not signed in a way that is accepted")?;
        let message = &token[..=header.len() + payload.len()];
        Ok(Self { key: read.kid, algorithm, message, payload, signature: decode(signature)? })
    }

    /// What it says, if one of these keys has signed it.
    pub(crate) fn verify(self, keys: &[Key]) -> Result<Claims, &'static str> {
        let signed = |key: &Key| key.signed(self.algorithm, self.message.as_bytes(), &self.signature);
        if !keys.iter().any(signed) {
            return Err("the signature is not one of the provider's");
        }
        serde_json::from_slice(&decode(self.payload)?).map_err(|_| "what the token says is not understood")
    }
}

fn decode(part: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| "the token is not written as it must be")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn unsigned_and_oddly_signed_tokens_are_refused_before_any_key_is_looked_for() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"RS256","crit":["b64"]}"#,
            r#"{"alg":"RS256","kid":1}"#,
            r"{}",
            "null",
        ] {
            assert!(Unverified::read(&token(header)).is_err(), "{header}");
        }
        let four = format!("{}.", token(r#"{"alg":"RS256"}"#));
        for garbage in ["", ".", "..", "a.b.c.d", "e30.e30.e30", &four, &"é".repeat(9), &"a".repeat(LONGEST + 1)] {
            assert!(Unverified::read(garbage).is_err(), "{garbage}");
        }
    }

    #[test]
    fn without_a_key_nothing_is_believed() {
        let token = token(r#"{"alg":"RS256"}"#);
        assert!(Unverified::read(&token).unwrap().verify(&[]).is_err());
    }
}
