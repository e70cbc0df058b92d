use domain::ids::{OrgId, SessionId, TokenId, UserId};
use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::store::{Command, read};
use crate::ports::{Batch, Op, StoreError, Table};
use crate::{App, Error};

/// Whose secret it is. Written before the row it leads to and never changed: whether the secret still counts stands
/// there, so that ending it is one write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Pointer {
    /// A `session|` row.
    Session { user: UserId, org: OrgId, session: SessionId },
    /// A `token|` row.
    ApiToken { org: OrgId, token: TokenId },
}

const KEY: &str = "credential";

fn partition(sha256: &str) -> String {
    format!("token:{sha256}")
}

impl Pointer {
    /// Where a secret leads.
    pub(super) async fn find(app: &App, secret: &Secret) -> Result<Option<Self>, StoreError> {
        Ok(read(app, Table::Accounts, &partition(&secret.sha256()), KEY).await?.map(|stored| stored.thing))
    }

    pub(super) async fn store(&self, app: &App, secret: &Secret) -> Result<(), Error> {
        let command = Command::new(app);
        let row = command.row(KEY, self)?;
        command.apply(&partition(&secret.sha256()), vec![Op::Insert(row)]).await
    }

    /// Clears away a pointer that leads nowhere any more.
    pub(super) async fn clear(app: &App, sha256: &str) -> Result<(), StoreError> {
        let ops = vec![Op::Delete { key: KEY.into(), etag: None }];
        let batch = Batch { table: Table::Accounts, partition: partition(sha256), ops, witness: None };
        app.tables.commit(batch).await.map(|_| ())
    }
}
