//! The secrets of channels: what signs, what confirms, what unsubscribes, and the headers that a receiver asks for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::ids::{ChannelId, OrgId};
use sha2::{Digest, Sha256};

use super::channel::{Channel, ChannelKind, Signature};
use super::registry;
use crate::App;
use crate::ports::{SigningKey, StoreError, Table};
use crate::vault::{Place, VaultError};

/// The field in which a sealed text lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// What signs, the previous one too: a rotation moves it from one to the other.
    Signing,
    /// Headers of the channel's own.
    Headers,
    /// The tokens that unsubscribe.
    Unsubscribe,
    /// Where chat messages go.
    Target,
}

impl Field {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "secret",
            Self::Headers => "headers",
            Self::Unsubscribe => "unsubscribe",
            Self::Target => "target",
        }
    }
}

/// 32 bytes that nobody guesses.
pub(super) fn random(app: &App) -> [u8; 32] {
    let mut bytes = [0; 32];
    app.ids.fill(&mut bytes);
    bytes
}

/// A signing secret as Standard Webhooks writes it.
pub(super) fn spelled(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// Seals a secret of a channel.
pub(super) fn seal(
    app: &App,
    org: &OrgId,
    channel: &ChannelId,
    field: Field,
    plain: &[u8],
) -> Result<String, StoreError> {
    with_place(org, channel, field, |place| app.vault.seal(&*app.ids, plain, place)).map_err(|error| unusable(&error))
}

/// Opens a sealed secret of a channel.
pub(super) fn open(
    app: &App,
    org: &OrgId,
    channel: &ChannelId,
    field: Field,
    sealed: &str,
) -> Result<Vec<u8>, StoreError> {
    with_place(org, channel, field, |place| app.vault.open(sealed, place)).map_err(|error| unusable(&error))
}

fn with_place<T>(org: &OrgId, channel: &ChannelId, field: Field, act: impl FnOnce(&Place<'_>) -> T) -> T {
    let (partition, row) = (registry::partition(org), registry::row(channel));
    act(&Place { table: Table::Accounts, partition: &partition, row: &row, column: field.as_str() })
}

/// The operator has to set or restore a key; repeating does not help.
fn unusable(error: &VaultError) -> StoreError {
    StoreError::Denied(format!("a channel's secret: {error}"))
}

/// What signs at this moment, newest first.
pub(super) fn signing(
    app: &App,
    org: &OrgId,
    channel: &ChannelId,
    kind: &ChannelKind,
) -> Result<Vec<SigningKey>, StoreError> {
    let ChannelKind::Webhook { signature, secret_sealed, previous, .. } = kind else { return Ok(Vec::new()) };
    let opened = |sealed: &str| {
        let secret = open(app, org, channel, Field::Signing, sealed)?;
        Ok::<_, StoreError>(match signature {
            Signature::HmacSha256 => SigningKey::HmacSha256(secret),
            Signature::Ed25519 => {
                let seed = secret.try_into().map_err(|_| StoreError::Corrupt("a channel's signing key".into()))?;
                SigningKey::Ed25519(seed)
            }
        })
    };
    let mut keys = vec![opened(secret_sealed)?];
    if let Some(previous) = previous.as_ref().filter(|p| p.until > app.now()) {
        keys.push(opened(&previous.sealed)?);
    }
    Ok(keys)
}

/// What a receiver verifies Ed25519 signatures with (`whpk_…`); `None`: the channel signs otherwise.
pub fn public_key(app: &App, org: &OrgId, channel: &Channel) -> Result<Option<String>, StoreError> {
    Ok(signing(app, org, &channel.id, &channel.kind)?.first().and_then(|key| match key {
        SigningKey::Ed25519(seed) => Some(app.webhooks.public_key(seed)),
        SigningKey::HmacSha256(_) => None,
    }))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// A token for a link. It names organization and channel, so that finding its row needs no index.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub org: OrgId,
    pub channel: ChannelId,
    secret: String,
}

/// Characters of a ulid.
const ULID: usize = 26;

impl Token {
    /// A new token.
    pub(super) fn new(app: &App, org: &OrgId, channel: &ChannelId) -> Self {
        Self { org: org.clone(), channel: channel.clone(), secret: URL_SAFE_NO_PAD.encode(random(app)) }
    }

    /// As it stands in a link.
    pub(super) fn spelled(&self) -> String {
        let ulid = |id: &str| id.rsplit('_').next().unwrap_or_default().to_owned();
        format!("{}{}{}", ulid(self.org.as_str()), ulid(self.channel.as_str()), self.secret)
    }

    /// Reads a token from a link.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let secret = text
            .get(2 * ULID..)
            .filter(|s| s.len() == 43 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)))?;
        let org = OrgId::from_ulid(text.get(..ULID)?).ok()?;
        let channel = ChannelId::from_ulid(text.get(ULID..2 * ULID)?).ok()?;
        Some(Self { org, channel, secret: secret.to_owned() })
    }

    /// The hash by which it is recognised. Two hashes may be compared in any time: neither can be chosen.
    pub(super) fn hash(&self) -> String {
        hex(&Sha256::digest(self.spelled()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    #[test]
    fn a_token_reads_back_and_a_changed_one_is_another() {
        let bench = Bench::new();
        let org = OrgId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7H").unwrap();
        let channel = ChannelId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7J").unwrap();
        let token = Token::new(&bench, &org, &channel);
        let read = Token::parse(&token.spelled()).unwrap();
        assert_eq!((&read.org, &read.channel, read.hash()), (&org, &channel, token.hash()));
        assert_ne!(Token::new(&bench, &org, &channel).hash(), token.hash());
        for bad in ["", "x", &token.spelled()[1..], &format!("{}=", token.spelled()), &"é".repeat(60)] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
    }
}
