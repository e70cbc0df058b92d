//! What ranges promise: bounds, order, pages.

use app::ports::{Op, RowPage, RowRange, Table};

use super::{Case, World};
use crate::{note, row};

pub(super) const CASES: &[Case] = &[
    ("a range begins with its first key and ends before its last", |w| Box::pin(bounds(w))),
    ("rows come in the order of their keys", |w| Box::pin(order(w))),
    ("pages give every row once", |w| Box::pin(pages(w))),
    ("a page may be larger than Azure's own", |w| Box::pin(large_page(w))),
    ("a prefix finds what begins with it", |w| Box::pin(prefix(w))),
    ("a range never leaves its partition", |w| Box::pin(neighbours(w))),
    ("a row of a range is the row itself", |w| Box::pin(whole_rows(w))),
];

async fn fill(w: &World, partition: &str, keys: &[&str]) {
    for keys in keys.chunks(100) {
        w.done(partition, keys.iter().map(|key| Op::Upsert(note(key, key))).collect()).await;
    }
}

async fn read(w: &World, partition: &str, range: RowRange) -> RowPage {
    w.tables.range(Table::Assets, partition, range).await.unwrap()
}

async fn keys(w: &World, partition: &str, from: &str, to: Option<&str>, limit: usize) -> (Vec<String>, Option<String>) {
    let page = read(w, partition, RowRange { from: from.into(), to: to.map(str::to_owned), limit }).await;
    (page.rows.into_iter().map(|row| row.key).collect(), page.next)
}

async fn bounds(w: &World) {
    let p = w.partition();
    fill(w, &p, &["a", "b", "c", "d"]).await;
    let all = |keys: &[&str]| (keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>(), None);
    assert_eq!(keys(w, &p, "", None, 9).await, all(&["a", "b", "c", "d"]));
    assert_eq!(keys(w, &p, "b", None, 9).await, all(&["b", "c", "d"]));
    assert_eq!(keys(w, &p, "b", Some("d"), 9).await, all(&["b", "c"]));
    assert_eq!(keys(w, &p, "bb", Some("cc"), 9).await, all(&["c"]));
    assert_eq!(keys(w, &p, "e", None, 9).await, all(&[]));
    for (from, to) in [("b", "b"), ("c", "b"), ("a", ""), ("", "")] {
        assert_eq!(keys(w, &p, from, Some(to), 9).await, all(&[]), "{from}..{to}");
    }
    assert_eq!(keys(w, &w.partition(), "", None, 9).await, all(&[]));
}

async fn order(w: &World) {
    let p = w.partition();
    let mut all = [
        "",
        " ",
        "!",
        "'",
        "10",
        "2",
        "A",
        "B",
        "a",
        "a b",
        "a!",
        "aa",
        "b",
        "~",
        "é",
        "日",
        "|",
        "e|0000000000001",
        "e|0000000000010",
    ];
    fill(w, &p, &all).await;
    all.sort_unstable();
    assert_eq!(keys(w, &p, "", None, 99).await.0, all);
    assert_eq!(keys(w, &p, "'", Some("A"), 99).await.0, ["'", "10", "2"], "quotes in bounds are only quotes");
}

async fn pages(w: &World) {
    let p = w.partition();
    let all: Vec<String> = (0..25).map(|i| format!("k{i:02}")).collect();
    fill(w, &p, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for limit in [1, 7, 24, 25, 26] {
        let (mut found, mut from, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let (keys, next) = keys(w, &p, &from, None, limit).await;
            assert!(!keys.is_empty() && keys.len() <= limit);
            found.extend(keys);
            count += 1;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        assert_eq!((found, count), (all.clone(), 25_usize.div_ceil(limit)), "limit {limit}");
    }
    assert_eq!(keys(w, &p, "", None, 0).await.0, ["k00"], "no limit is below one");
}

async fn large_page(w: &World) {
    let p = w.partition();
    let all: Vec<String> = (0..1_130).map(|i| format!("k{i:04}")).collect();
    fill(w, &p, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(keys(w, &p, "", None, 2_000).await, (all.clone(), None));
    assert_eq!(keys(w, &p, "", None, 1_000).await, (all[..1_000].to_vec(), Some("k1000".into())));
    assert_eq!(keys(w, &p, "", None, 1_100).await, (all[..1_100].to_vec(), Some("k1100".into())));
}

async fn prefix(w: &World) {
    let p = w.partition();
    fill(w, &p, &["s", "s|", "s|1", "s|2", "s}", "t|1", "é1", "é2", "ê1", "it'", "it's", "~1", "日1"]).await;
    for (prefix, found) in [
        ("s|", &["s|", "s|1", "s|2"][..]),
        ("é", &["é1", "é2"]),
        ("it'", &["it'", "it's"]),
        ("~", &["~1"]),
        ("日", &["日1"]),
        ("x", &[]),
    ] {
        let page = read(w, &p, RowRange::prefix(prefix, 99)).await;
        assert_eq!(page.rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), found, "{prefix}");
        assert_eq!(page.next, None);
    }
    let page = read(w, &p, RowRange::prefix("s|", 1)).await;
    assert_eq!(page.next.as_deref(), Some("s|1"));
    assert_eq!(read(w, &p, RowRange::prefix("", 99)).await.rows.len(), 13);
}

async fn neighbours(w: &World) {
    let p = w.partition();
    for partition in [p.clone(), format!("{p} "), format!("{p}!"), format!("{p}0"), format!("{p}'"), format!("{p}é")] {
        fill(w, &partition, &["a", "z"]).await;
        assert_eq!(keys(w, &partition, "", None, 99).await, (vec!["a".into(), "z".into()], None), "{partition}");
        assert_eq!(keys(w, &partition, "b", None, 1).await, (vec!["z".into()], None), "{partition}");
    }
}

async fn whole_rows(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(row("k", crate::contract::limits::every_kind()))]).await;
    let page = read(w, &p, RowRange { limit: 1, ..RowRange::default() }).await;
    assert_eq!(page.rows, [w.get(&p, "k").await.unwrap()]);
    w.done(&p, vec![Op::Replace(note("k", "2"), page.rows[0].etag.clone())]).await;
}
