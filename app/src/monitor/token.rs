use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::OrgId;
use sha2::{Digest, Sha256};

use super::state::{KEY, MonitorState};
use crate::access::organization_partition;
use crate::ports::{Batch, Op, StoreError, Table};
use crate::vault::Place;
use crate::{App, rows};

/// Characters of a token: 256 bits.
const LENGTH: usize = 43;
const ROW: &str = "shodan";

/// The organization whose token it is.
pub(super) async fn organization_of(app: &App, token: &str) -> Result<Option<OrgId>, StoreError> {
    if token.len() != LENGTH || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        return Ok(None);
    }
    let row = app.tables.get(Table::Accounts, &partition(token), ROW).await?;
    row.as_ref().map(rows::decode).transpose()
}

/// The organization's token; a new one if it has none that opens. It leads to the organization before it is given
/// away.
pub(super) async fn token(app: &App, org: &OrgId, state: &mut MonitorState) -> Result<String, StoreError> {
    let own = organization_partition(org);
    let place = Place { table: Table::Accounts, partition: &own, row: KEY, column: "token" };
    let known = state.token.as_ref().and_then(|sealed| app.vault.open(sealed, &place).ok());
    if let Some(token) = known.and_then(|token| String::from_utf8(token).ok()) {
        return Ok(token);
    }
    let mut random = [0; 32];
    app.ids.fill(&mut random);
    let token = URL_SAFE_NO_PAD.encode(random);
    let sealed = app.vault.seal(&*app.ids, token.as_bytes(), &place);
    state.token = Some(sealed.map_err(|error| StoreError::Denied(format!("a token for Shodan: {error}")))?);
    let ops = vec![Op::Upsert(rows::encode(ROW, org)?)];
    let partition = partition(&token);
    app.tables.commit(Batch { table: Table::Accounts, partition, ops, witness: None }).await?;
    Ok(token)
}

fn partition(token: &str) -> String {
    let hash: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hook:{hash}")
}
