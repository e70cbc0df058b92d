//! After a new key was put in front, what the old ones sealed is sealed anew, so that they can be taken away.

use domain::ids::OrgId;

use super::{Place, Vault, sealed_with};
use crate::App;
use crate::access::{PROFILE, organization_partition};
use crate::ports::{Batch, Columns, Ids, Op, Row, RowRange, StoreError, Table, Value, WriteRow};

/// The rows of an organization that hold sealed texts, by the beginning of their keys, and the columns for which those
/// were sealed. A test in `app/tests` makes one of each and fails where one is missing.
const SEALED: [(&str, &[&str]); 3] =
    [(PROFILE, &["shodanKey"]), ("monitor", &["token"]), ("channel:", &["secret", "headers", "unsubscribe", "target"])];
/// Rows read at once.
const PAGE: usize = 100;

/// Seals anew what an organization has that was sealed with an older key. A row that somebody changes meanwhile waits
/// for the next time, and a text that does not open stays as it is. Returns how many rows changed.
pub(crate) async fn reseal(app: &App, org: &OrgId) -> Result<usize, StoreError> {
    let partition = organization_partition(org);
    let mut changed = 0;
    for (beginning, columns) in SEALED {
        let mut range = RowRange::prefix(beginning, PAGE);
        loop {
            let page = app.tables.range(Table::Accounts, &partition, range.clone()).await?;
            for row in page.rows {
                let Some(anew) = app.vault.renew(&*app.ids, &partition, &row, columns) else { continue };
                let op = Op::Replace(WriteRow { key: row.key, columns: anew }, row.etag);
                let batch =
                    Batch { table: Table::Accounts, partition: partition.clone(), ops: vec![op], witness: None };
                app.tables.commit(batch).await?;
                changed += 1;
            }
            match page.next {
                Some(next) => range.from = next,
                None => break,
            }
        }
    }
    Ok(changed)
}

impl Vault {
    /// The columns of a row with every text sealed by the newest key; `None`: they are already, or nothing opens.
    fn renew(&self, ids: &dyn Ids, partition: &str, row: &Row, columns: &[&str]) -> Option<Columns> {
        let mut renewed = row.columns.clone();
        let mut changed = false;
        for (_, value) in &mut renewed {
            let Value::Text(text) = value else { continue };
            // The texts stand between the quotation marks of JSON.
            let old: Vec<String> =
                text.split('"').filter(|piece| self.is_from_older_key(piece)).map(str::to_owned).collect();
            for sealed in old {
                if let Some(anew) = self.reseal(ids, partition, &row.key, columns, &sealed) {
                    *text = text.replace(&sealed, &anew);
                    changed = true;
                }
            }
        }
        changed.then_some(renewed)
    }

    fn is_from_older_key(&self, text: &str) -> bool {
        let newest = self.keys.first().map(|key| super::hex(key.id));
        sealed_with(text).is_some_and(|id| Some(id) != newest)
    }

    /// For which column it was sealed shows: it opens for no other.
    fn reseal(&self, ids: &dyn Ids, partition: &str, row: &str, columns: &[&str], sealed: &str) -> Option<String> {
        columns.iter().find_map(|column| {
            let place = Place { table: Table::Accounts, partition, row, column };
            let plain = self.open(sealed, &place).ok()?;
            self.seal(ids, &plain, &place).ok()
        })
    }
}
