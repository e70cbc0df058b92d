use app::ports::{Batch, Commit, Op, QueueName, StoreError, Table, WriteRow};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::marker::{self, Marker};
use super::{Copied, CopyError, Digest, Located, Place, Progress, Whole};
use crate::limits;

/// Rows that are read at once, and after which it is noted how far the copy has come.
const PAGE: usize = 1000;
/// Batches that are written side by side.
const SIDE_BY_SIDE: usize = 8;
/// A write whose answer got lost is repeated so often: it does the same again.
const TRIES: usize = 5;

const QUEUES: [QueueName; 2] = [QueueName::Notifications, QueueName::NotificationsPoison];

/// Copies everything of `from` into `to`, and reads both again to see that they hold the same. `source` names `from`:
/// a run that broke off is carried on by one of the same name. Nobody else may use either of them meanwhile.
///
/// # Errors
/// A store that fails, one that is not empty, or both holding not the same at the end. Run again, it carries on.
pub async fn migrate(
    from: &dyn Whole,
    to: &dyn Whole,
    source: &str,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Copied, CopyError> {
    from.prepare().await?;
    to.prepare().await?;
    if let Some(half) = Marker::read(from).await? {
        return Err(CopyError::Half(half.source));
    }
    let (mut marker, resumed) = begin(to, source).await?;
    while let Some(table) = Table::ALL.get(marker.stage).copied() {
        copy_table(from, to, table, &mut marker, watch).await?;
        marker = Marker { stage: marker.stage + 1, after: None, ..marker };
        note(&marker, to).await?;
    }
    let (messages, hidden) = if marker.stage == Table::ALL.len() {
        let put = copy_messages(from, to).await?;
        marker.stage += 1;
        note(&marker, to).await?;
        put
    } else {
        (0, 0)
    };
    let tables = compare(from, to, watch).await?;
    settled(&Marker::remove(to).await?)?;
    Ok(Copied { tables, messages, hidden, resumed })
}

async fn begin(to: &dyn Whole, source: &str) -> Result<(Marker, bool), CopyError> {
    match Marker::read(to).await? {
        Some(marker) if marker.source == source => return Ok((marker, true)),
        Some(other) => return Err(CopyError::Another(other.source)),
        None => {}
    }
    for table in Table::ALL {
        if !to.scan(table, None, 1).await?.is_empty() {
            return Err(CopyError::NotEmpty(table.as_str()));
        }
    }
    let marker = Marker { source: source.to_owned(), stage: 0, after: None };
    note(&marker, to).await?;
    Ok((marker, false))
}

async fn copy_table(
    from: &dyn Whole,
    to: &dyn Whole,
    table: Table,
    marker: &mut Marker,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), CopyError> {
    let mut copied = 0;
    loop {
        let page = from.scan(table, marker.after.as_ref(), PAGE).await?;
        let Some((partition, last)) = page.last() else { return Ok(()) };
        let (last, count) = (Place { partition: partition.clone(), key: last.key.clone() }, page.len());
        let writes = batches(table, page).into_iter().map(|batch| put(to, batch)).collect::<Vec<_>>();
        stream::iter(writes).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<()>>().await?;
        marker.after = Some(last);
        note(marker, to).await?;
        copied += count as u64;
        watch(Progress::Copied(table, copied));
        if count < PAGE {
            return Ok(());
        }
    }
}

/// Rows of one partition each, as many as the limits let through.
fn batches(table: Table, page: Vec<Located>) -> Vec<Batch> {
    let mut batches: Vec<(Batch, usize)> = Vec::new();
    for (partition, row) in page {
        let op = Op::Upsert(WriteRow { key: row.key, columns: row.columns });
        let alone = Batch { table, partition, ops: vec![op], witness: None };
        let size = limits::on_the_wire(&alone);
        match batches.last_mut() {
            Some((batch, sum))
                if batch.partition == alone.partition
                    && batch.ops.len() < limits::BATCH_OPS
                    && *sum + size <= limits::BATCH_BYTES =>
            {
                batch.ops.extend(alone.ops);
                *sum += size;
            }
            _ => batches.push((alone, size)),
        }
    }
    batches.into_iter().map(|(batch, _)| batch).collect()
}

async fn put(to: &dyn Whole, batch: Batch) -> Result<(), CopyError> {
    for _ in 1..TRIES {
        if to.commit(batch.clone()).await? == Commit::Done {
            return Ok(());
        }
    }
    settled(&to.commit(batch).await?)
}

async fn note(marker: &Marker, to: &dyn Whole) -> Result<(), CopyError> {
    settled(&marker.write(to).await?)
}

fn settled(commit: &Commit) -> Result<(), CopyError> {
    match commit {
        Commit::Done => Ok(()),
        Commit::Conflict { .. } => Err(CopyError::Contended),
        Commit::Unknown => {
            Err(StoreError::Unavailable("the answer to a write got lost, again and again".into()).into())
        }
    }
}

/// At least once: a run that broke off here puts them again, which does no harm.
async fn copy_messages(from: &dyn Whole, to: &dyn Whole) -> Result<(u64, u64), CopyError> {
    let (mut put, mut hidden) = (0, 0);
    for queue in QUEUES {
        let there = from.depth(queue).await?;
        let waiting = from.waiting(queue).await?;
        hidden += there.saturating_sub(waiting.len() as u64);
        for message in &waiting {
            to.put(queue, &message.body, message.delay.min(limits::LONGEST_HIDING)).await?;
        }
        put += waiting.len() as u64;
    }
    Ok((put, hidden))
}

async fn compare(
    from: &dyn Whole,
    to: &dyn Whole,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<(Table, Digest)>, CopyError> {
    let (mut same, mut differences) = (Vec::new(), Vec::new());
    for table in Table::ALL {
        let (here, there) = tokio::try_join!(digest(from, table), digest(to, table))?;
        watch(Progress::Compared(table, there.rows));
        if here == there {
            same.push((table, here));
        } else {
            let name = table.as_str();
            differences.push(format!("{name} has {} rows ({here}) and {} rows ({there})", here.rows, there.rows));
        }
    }
    if differences.is_empty() { Ok(same) } else { Err(CopyError::Differs(differences.join(", "))) }
}

async fn digest(store: &dyn Whole, table: Table) -> Result<Digest, StoreError> {
    let mut digest = Digest::default();
    let mut after = None;
    loop {
        let page = store.scan(table, after.as_ref(), PAGE).await?;
        for (partition, row) in page.iter().filter(|(partition, row)| !marker::is(table, partition, row)) {
            digest.add(partition, row);
        }
        match page.last() {
            Some((partition, row)) if page.len() == PAGE => {
                after = Some(Place { partition: partition.clone(), key: row.key.clone() });
            }
            _ => return Ok(digest),
        }
    }
}
