use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::source_key;
use crate::access::Organization;
use crate::ports::{Batch, Op, SourceKey, Table};
use crate::{App, Error, rows};

/// What a Shodan key's plan allows, as Shodan said last. A number that is absent has no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyAccount {
    /// The plan's name.
    pub plan: String,
    /// Query credits left this month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_credits: Option<u64>,
    /// Scan credits left this month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_credits: Option<u64>,
    /// Addresses that may still be monitored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitored_ips: Option<u64>,
    /// When Shodan said so.
    pub checked_at: Timestamp,
}

/// In the table `limits`, beside the keys' turns.
const PARTITION: &str = "accounts";
/// Asking costs no credits, but a turn.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What is known of the account behind an organization's key; `None`: there is no key, or it was not asked yet.
pub async fn key_account(app: &App, organization: &Organization) -> Result<Option<KeyAccount>, Error> {
    match source_key(app, organization)? {
        SourceKey::Shodan(key) => read(app, &key).await,
        SourceKey::InternetDb => Ok(None),
    }
}

/// Asks Shodan once an hour what is left, after a round that it answered. A failure is no event of its own: the next
/// round meets it.
pub(super) async fn look(app: &App, key: &SourceKey, deadline: Instant) -> Result<(), Error> {
    let SourceKey::Shodan(secret) = key else { return Ok(()) };
    let now = app.now();
    let fresh = |known: &KeyAccount| now.duration_since(known.checked_at) < EVERY;
    if Instant::now() >= deadline || read(app, secret).await?.as_ref().is_some_and(fresh) {
        return Ok(());
    }
    let said = match app.exposure.account(key).await {
        Ok(said) => said,
        Err(error) => {
            tracing::info!(%error, "Shodan does not say what is left of the plan");
            return Ok(());
        }
    };
    let known = KeyAccount {
        plan: said.plan,
        query_credits: said.query_credits,
        scan_credits: said.scan_credits,
        monitored_ips: said.monitored_ips,
        checked_at: now,
    };
    let ops = vec![Op::Upsert(rows::encode(row(secret), &known)?)];
    app.tables.commit(Batch { table: Table::Limits, partition: PARTITION.into(), ops, witness: None }).await?;
    Ok(())
}

async fn read(app: &App, key: &str) -> Result<Option<KeyAccount>, Error> {
    let found = app.tables.get(Table::Limits, PARTITION, &row(key)).await?;
    Ok(found.as_ref().map(rows::decode).transpose()?)
}

/// Keys are never stored in the open.
fn row(key: &str) -> String {
    Sha256::digest(key).iter().map(|b| format!("{b:02x}")).collect()
}
