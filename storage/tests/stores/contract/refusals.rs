//! What lies beyond the limits is refused, in the same words everywhere.

use std::time::Duration;

use app::ports::{Columns, Op, QueueName, Refusal, RowRange, StoreError, Table, Value, Witness};

use super::{Case, World};
use crate::{batch, delete, note, row};

pub(super) const CASES: &[Case] = &[
    ("keys that Azure cannot keep are refused everywhere", |w| Box::pin(keys(w))),
    ("columns and rows that Azure cannot keep are refused", |w| Box::pin(columns(w))),
    ("batches that Azure cannot apply are refused", |w| Box::pin(batches(w))),
    ("messages that Azure cannot keep are refused", |w| Box::pin(messages(w))),
    ("a refused batch leaves nothing behind", |w| Box::pin(nothing_behind(w))),
];

async fn keys(w: &World) {
    let p = w.partition();
    let forbidden = "it has one of / \\ # ?";
    let control = "it has a control character";
    let long = "x".repeat(513);
    for (key, why) in [
        ("a/b", forbidden),
        ("a\\b", forbidden),
        ("#", forbidden),
        ("b?", forbidden),
        ("\0", control),
        ("a\nb", control),
        ("\u{7f}", control),
        ("\u{9f}", control),
        (long.as_str(), "it is longer than 512 characters"),
    ] {
        let expected = Refusal::Key { key: key.chars().take(64).collect(), why };
        let is = |error: StoreError| {
            assert!(matches!(&error, StoreError::Refused(found) if *found == expected), "{key:?}: {error:?}");
        };
        is(w.tables.get(Table::Assets, &p, key).await.unwrap_err());
        is(w.tables.get(Table::Assets, key, "k").await.unwrap_err());
        is(w.tables.get_many(Table::Assets, &p, &["k".into(), key.into()]).await.unwrap_err());
        is(w.tables.range(Table::Assets, key, RowRange::prefix("k", 1)).await.unwrap_err());
        for op in [Op::Insert(note(key, "1")), Op::Upsert(note(key, "1")), delete(key, None)] {
            is(w.tables.commit(batch(&p, vec![op])).await.unwrap_err());
        }
        is(w.tables.commit(batch(key, vec![Op::Insert(note("k", "1"))])).await.unwrap_err());
    }
}

async fn columns(w: &World) {
    let p = w.partition();
    let one = |name: &str, value: Value| vec![(name.to_owned(), value)];
    let column = |column: &str, why| Refusal::Column { column: column.into(), why };
    let whole = |why| Refusal::Row { key: "k".into(), why };
    let name = "its name is not letters, digits and underscores";
    let own = "its name belongs to the store";
    let cases: Vec<(Columns, Refusal)> = vec![
        (one("", Value::Int(1)), column("", name)),
        (one("1a", Value::Int(1)), column("1a", name)),
        (one("a-b", Value::Int(1)), column("a-b", name)),
        (one("n@odata.type", Value::Int(1)), column("n@odata.type", name)),
        (one("PartitionKey", Value::Int(1)), column("PartitionKey", own)),
        (one("RowKey", Value::Int(1)), column("RowKey", own)),
        (one("Timestamp", Value::Int(1)), column("Timestamp", own)),
        (one("t", Value::Text("x".repeat(32_769))), column("t", "its text is longer than 32 768 UTF-16 units")),
        (one("b", Value::Bytes(vec![0; 65_537])), column("b", "it is larger than 64 KiB")),
        ([one("a", Value::Int(1)), one("a", Value::Int(1))].concat(), column("a", "the row has it twice")),
        ((0..253).map(|i| (format!("c{i}"), Value::Int(i))).collect(), whole("it has more than 252 columns")),
        ((0..16).map(|i| (format!("c{i}"), Value::Bytes(vec![0; 65_536]))).collect(), whole("it is larger than 1 MiB")),
    ];
    for (columns, expected) in cases {
        for op in [Op::Insert(row("k", columns.clone())), Op::Upsert(row("k", columns))] {
            assert_eq!(w.refused(batch(&p, vec![op])).await, expected);
        }
    }
}

async fn batches(w: &World) {
    let p = w.partition();
    let many = |n: usize| (0..n).map(|i| delete(&i.to_string(), None)).collect::<Vec<_>>();
    let large = || {
        (0..48).map(|i| Op::Insert(row(&i.to_string(), vec![("b".into(), Value::Bytes(vec![0; 65_536]))]))).collect()
    };
    for (ops, why) in [
        (vec![], "it is empty"),
        (many(101), "it has more than 100 changes"),
        (vec![Op::Insert(note("k", "1")), delete("k", None)], "it names a row twice"),
        (large(), "it is larger than 4 MiB"),
    ] {
        assert_eq!(w.refused(batch(&p, ops)).await, Refusal::Batch(why));
    }
    let mut witnessed = batch(&p, vec![Op::Insert(note("k", "1"))]);
    witnessed.witness = Some(Witness { row: "k".into(), column: "text".into(), id: "2".into() });
    assert_eq!(w.refused(witnessed).await, Refusal::Batch("its witness is not what it writes"));
}

async fn messages(w: &World) {
    let put = async |body: &str, delay: Duration| match w.queue.put(QueueName::Notifications, body, delay).await {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(put(&"x".repeat(49_153), Duration::ZERO).await, Refusal::Message("it is larger than 48 KiB"));
    assert_eq!(put("x", Duration::from_secs(604_801)).await, Refusal::Message("its delay is longer than 7 days"));
}

async fn nothing_behind(w: &World) {
    let p = w.partition();
    w.refused(batch(&p, vec![Op::Insert(note("good", "1")), Op::Insert(note("b/d", "1"))])).await;
    assert_eq!(w.get(&p, "good").await, None);
}
