use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::keys::{KeyError, decode, encode};
use super::sign::{SignError, content};

const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// The signature of Standard Webhooks 1.0 (§ Signature scheme, asymmetric): `v1a,` and the base64 of Ed25519
/// (RFC 8032) over `id.timestamp.body`. `seed` is the private key's 32 random bytes.
pub fn sign_v1a(seed: &[u8; 32], id: &str, timestamp: i64, body: &[u8]) -> Result<String, SignError> {
    let signature = pair(seed).sign(&content(id, timestamp, body)?);
    Ok(format!("v1a,{}", STANDARD.encode(signature)))
}

/// What the receiver holds: `whpk_` and the base64 of the public key's 32 bytes.
pub fn public_key(seed: &[u8; 32]) -> String {
    encode(PUBLIC, pair(seed).public_key().as_ref())
}

/// `whsk_` and the base64 of seed and public key, 64 bytes, as most libraries keep a private key.
pub fn encode_private_key(seed: &[u8; 32]) -> String {
    let pair = pair(seed);
    encode(PRIVATE, &[seed, pair.public_key().as_ref()].concat())
}

/// The seed of a private key as people write it, with (64 bytes) or without (32) its public half, which must fit.
pub fn decode_private_key(text: &str) -> Result<[u8; 32], KeyError> {
    let bytes = decode(PRIVATE, text)?;
    let (seed, public) = bytes.split_first_chunk::<32>().ok_or(KeyError::Length(PRIVATE))?;
    match public {
        [] => Ok(*seed),
        public if public == pair(seed).public_key().as_ref() => Ok(*seed),
        _ => Err(KeyError::Length(PRIVATE)),
    }
}

/// The bytes of a public key as people write it.
pub fn decode_public_key(text: &str) -> Result<[u8; 32], KeyError> {
    decode(PUBLIC, text)?.try_into().map_err(|_| KeyError::Length(PUBLIC))
}

#[expect(clippy::expect_used, reason = "the only way to fail is another length than 32, which the type excludes")]
fn pair(seed: &[u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    /// The vector that Svix, whose format the specification took over, tests itself with.
    const KEY: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

    #[test]
    fn agrees_with_the_vector_of_others() {
        let seed = decode_private_key(KEY).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = sign_v1a(&seed, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap();
        assert_eq!(
            signature,
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
        );
        assert_eq!(encode_private_key(&seed), KEY);
        assert_eq!(public_key(&seed), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
    }

    /// RFC 8032 §7.1, test 1.
    #[test]
    fn the_public_half_is_that_of_the_rfc() {
        let hex = |text: &str| -> [u8; 32] {
            std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        };
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(decode_public_key(&public_key(&seed)), Ok(public));
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let short = encode(PRIVATE, &[1; 31]);
        let long = encode(PRIVATE, &[1; 64]);
        for text in [short.as_str(), &long, "whsk_"] {
            assert_eq!(decode_private_key(text), Err(KeyError::Length(PRIVATE)), "{text}");
        }
        assert_eq!(decode_private_key("whsec_AAAA"), Err(KeyError::Encoding(PRIVATE)));
        assert_eq!(decode_private_key(&encode(PRIVATE, &[1; 32])), Ok([1; 32]));
        assert_eq!(decode_public_key("whpk_AAAA"), Err(KeyError::Length(PUBLIC)));
    }

    proptest! {
        #[test]
        fn a_signature_holds_for_what_was_signed_and_for_nothing_else(
            seed: [u8; 32], id in "[A-Za-z0-9_-]{1,40}", timestamp in 0..i64::MAX, body: Vec<u8>, other: Vec<u8>,
        ) {
            let signature = STANDARD.decode(&sign_v1a(&seed, &id, timestamp, &body).unwrap()[4..]).unwrap();
            let public = UnparsedPublicKey::new(&ED25519, decode_public_key(&public_key(&seed)).unwrap());
            let holds = |body: &[u8]| public.verify(&content(&id, timestamp, body).unwrap(), &signature).is_ok();
            prop_assert!(holds(&body));
            prop_assert_eq!(holds(&other), other == body);
        }
    }
}
