//! What lies just within the limits is kept.

use app::ports::{Columns, Op, Value};

use super::{Case, World};
use crate::{delete, note, row};

pub(super) const CASES: &[Case] = &[
    ("values are kept up to their limits", |w| Box::pin(values(w))),
    ("keys are kept up to their limit", |w| Box::pin(keys(w))),
    ("a row of 252 columns and nearly 1 MiB is kept", |w| Box::pin(rows(w))),
    ("100 changes are one batch", |w| Box::pin(hundred(w))),
    ("a batch of nearly 4 MiB is one batch", |w| Box::pin(large(w))),
];

/// One column of every kind.
pub(super) fn every_kind() -> Columns {
    vec![
        ("text".into(), Value::Text("é'".into())),
        ("int".into(), Value::Int(-1)),
        ("yes".into(), Value::Bool(true)),
        ("bytes".into(), Value::Bytes(vec![1, 2])),
    ]
}

async fn values(w: &World) {
    let p = w.partition();
    for text in ["x".repeat(32_768), "é".repeat(32_768), "😀".repeat(16_384), "\u{1}".repeat(32_768)] {
        w.done(&p, vec![Op::Upsert(note("k", &text))]).await;
        assert!(w.text(&p, "k").await.unwrap() == text);
    }
    let bytes = Value::Bytes((0..=255).cycle().take(65_536).collect());
    w.done(&p, vec![Op::Upsert(row("k", vec![("b".into(), bytes.clone())]))]).await;
    assert!(w.get(&p, "k").await.unwrap().column("b") == Some(&bytes));
    let long = "n".repeat(255);
    w.done(&p, vec![Op::Upsert(row("k", vec![(long.clone(), Value::Int(1))]))]).await;
    assert_eq!(w.get(&p, "k").await.unwrap().column(&long), Some(&Value::Int(1)));
}

async fn keys(w: &World) {
    for key in ["x".repeat(512), "é".repeat(512), "'".repeat(512), "😀".repeat(256)] {
        let p = format!("{}{}", w.partition(), "é".repeat(450));
        w.done(&p, vec![Op::Insert(note(&key, "1")), Op::Insert(note("other", "1"))]).await;
        let etag = w.get(&p, &key).await.unwrap().etag;
        w.done(&p, vec![Op::Replace(note(&key, "2"), etag)]).await;
        assert_eq!(w.text(&p, &key).await.unwrap(), "2");
    }
}

async fn rows(w: &World) {
    let p = w.partition();
    let mut columns: Columns = (0..237).map(|i| (format!("c{i}"), Value::Int(i))).collect();
    columns.extend((0..15).map(|i| (format!("b{i}"), Value::Bytes(vec![7; 65_536]))));
    w.done(&p, vec![Op::Insert(row("k", columns.clone()))]).await;
    let read = w.get(&p, "k").await.unwrap();
    assert_eq!(read.columns.len(), 252);
    assert!(columns.iter().all(|(name, value)| read.column(name) == Some(value)));
}

async fn hundred(w: &World) {
    let p = w.partition();
    let keys: Vec<String> = (0..100).map(|i| format!("k{i:03}")).collect();
    w.done(&p, keys.iter().map(|key| Op::Insert(note(key, "1"))).collect()).await;
    let rows = w.tables.get_many(app::ports::Table::Assets, &p, &keys).await.unwrap();
    let replaces = rows.into_iter().map(|row| row.unwrap()).map(|row| Op::Replace(note(&row.key, "2"), row.etag));
    w.done(&p, replaces.collect()).await;
    for key in ["k000", "k099"] {
        assert_eq!(w.text(&p, key).await.unwrap(), "2");
    }
    // Half of them are already gone.
    w.done(&p, keys[..50].iter().map(|key| delete(key, None)).collect()).await;
    w.done(&p, keys.iter().map(|key| delete(key, None)).collect()).await;
    assert_eq!(w.get(&p, "k099").await, None);
}

async fn large(w: &World) {
    let p = w.partition();
    let bytes = |i: u8| vec![("b".into(), Value::Bytes(vec![i; 65_536]))];
    w.done(&p, (0..47).map(|i| Op::Insert(row(&i.to_string(), bytes(i)))).collect()).await;
    assert!(w.get(&p, "46").await.unwrap().columns == bytes(46));
}
