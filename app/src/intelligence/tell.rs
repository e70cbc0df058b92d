use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{AssetId, Bucket, OrgId};

use super::store::{BOOK, CHANGES, Change};
use super::watch::{self, WATCH};
use crate::agenda::{self, Agenda, Mark};
use crate::ledger::{CommitError, Decision};
use crate::poll::PollGroup;
use crate::ports::{Batch, Op, Row, RowRange, StoreError, Table};
use crate::{App, Error, rows};

/// One tick looks at so many pages of a thousand assets; the next goes on where it stopped.
const PAGES: usize = 20;
const PAGE: usize = 1000;
const CHANGES_AT_ONCE: usize = 10;
const TRIES: usize = 8;

/// The assets of one bucket, by poll group.
type Concerned = BTreeMap<(OrgId, Bucket), BTreeMap<u32, Vec<AssetId>>>;

/// Has the assets judged anew that a change of what is known concerns: the next round takes them up, whether or not their
/// source answers. A crash repeats a page at most. `true`: something may be due that was not.
pub(crate) async fn tell(app: &App, agenda: &Agenda) -> Result<bool, Error> {
    let Some(mark) = agenda.marks(Mark::Changes).next() else { return Ok(false) };
    let mut pages = PAGES;
    let range = RowRange::prefix(CHANGES, CHANGES_AT_ONCE);
    let rows = app.tables.range(Table::Intelligence, BOOK, range).await?.rows;
    let any = !rows.is_empty();
    for row in rows {
        let mut change: Change = rows::decode(&row)?;
        let key = row.key;
        while pages > 0 {
            pages -= 1;
            let range = RowRange { from: change.from.clone(), to: None, limit: PAGE };
            let page = app.tables.range(Table::Intelligence, WATCH, range).await?;
            wake(app, concerned(&page.rows, &change)?).await?;
            if let Some(next) = page.next {
                change.from = next;
                write(app, Op::Upsert(rows::encode(key.as_str(), &change)?)).await?;
            } else {
                write(app, Op::Delete { key: key.clone(), etag: None }).await?;
                break;
            }
        }
    }
    if !any {
        agenda::dismiss_followed(app, mark).await?;
    }
    Ok(any)
}

fn concerned(rows: &[Row], change: &Change) -> Result<Concerned, StoreError> {
    let mut found = Concerned::new();
    for row in rows {
        let Some(about) = watch::concerned(row) else { continue };
        if !watch::cves(row)?.is_disjoint(&change.cves) {
            let groups = found.entry((about.org, about.asset.bucket)).or_default();
            groups.entry(about.group).or_default().push(about.asset);
        }
    }
    Ok(found)
}

async fn wake(app: &App, concerned: Concerned) -> Result<(), Error> {
    for ((org, bucket), groups) in concerned {
        let mut tries = 0..TRIES;
        while !wake_bucket(app, &org, bucket, &groups).await? {
            tries.next().ok_or(Error::Busy)?;
        }
    }
    Ok(())
}

async fn wake_bucket(
    app: &App,
    org: &OrgId,
    bucket: Bucket,
    groups: &BTreeMap<u32, Vec<AssetId>>,
) -> Result<bool, Error> {
    // No event goes with it, so nobody reads the organization's name.
    let mut session = app.open_ledger(org, "", bucket).await?;
    let numbers: Vec<u32> = groups.keys().copied().collect();
    let mut decisions = Vec::new();
    for mut group in PollGroup::read_several(app, session.partition(), &numbers).await? {
        let assets: BTreeSet<&AssetId> = groups.get(&group.id).into_iter().flatten().collect();
        let sooner = assets.into_iter().filter(|asset| group.wake_by(asset, app.now())).count();
        if sooner > 0 {
            PollGroup::hint_now(app, org, bucket, &group).await?;
            decisions.push(Decision { ops: vec![group.op()?], ..Decision::default() });
        }
    }
    match session.commit(decisions).await {
        Ok(_) => Ok(true),
        Err(CommitError::Overtaken | CommitError::Unknown) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn write(app: &App, op: Op) -> Result<(), StoreError> {
    let batch = Batch { table: Table::Intelligence, partition: BOOK.into(), ops: vec![op], witness: None };
    // Two ticks at once tell the same; what one of them writes twice is the same.
    app.tables.commit(batch).await.map(|_| ())
}
