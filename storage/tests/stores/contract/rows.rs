//! What single rows and batches promise.

use app::ports::ConflictKind::{Changed, Exists, Missing};
use app::ports::{Columns, Commit, Etag, Op, Table, Value, Witness};
use futures_util::future::join_all;

use super::{Case, World};
use crate::{batch, conflict, delete, note, row};

pub(super) const CASES: &[Case] = &[
    ("a row comes back with every kind of value", |w| Box::pin(kinds(w))),
    ("an insert meets a row that is there", |w| Box::pin(insert(w))),
    ("a replace changes the version that was read, and the whole row", |w| Box::pin(replace(w))),
    ("a replace meets another version, or none", |w| Box::pin(replace_conflicts(w))),
    ("an etag that was never given matches nothing", |w| Box::pin(foreign_etags(w))),
    ("an upsert makes and replaces", |w| Box::pin(upsert(w))),
    ("a delete of any version is never a conflict", |w| Box::pin(delete_any(w))),
    ("a delete of one version meets another, or none", |w| Box::pin(delete_one(w))),
    ("a row made anew has another etag", |w| Box::pin(made_anew(w))),
    ("a conflict names the change and leaves nothing behind", |w| Box::pin(atomic(w))),
    ("a batch of all kinds is applied together", |w| Box::pin(mixed(w))),
    ("of writers side by side one wins", |w| Box::pin(side_by_side(w))),
    ("several rows come back in the order asked", |w| Box::pin(get_many(w))),
    ("tables and partitions are apart", |w| Box::pin(apart(w))),
    ("nasty keys are kept as they are", |w| Box::pin(nasty_keys(w))),
    ("a batch with a witness is done", |w| Box::pin(witness(w))),
];

fn sorted(mut columns: Columns) -> Columns {
    columns.sort_by(|a, b| a.0.cmp(&b.0));
    columns
}

async fn kinds(w: &World) {
    let p = w.partition();
    let columns: Columns = vec![
        ("text".into(), Value::Text("a\"b\\c\n\t'é😀\u{2028}</x>".into())),
        ("empty".into(), Value::Text(String::new())),
        ("like_a_number".into(), Value::Text("12".into())),
        ("like_a_time".into(), Value::Text("2026-01-01T00:00:00Z".into())),
        ("least".into(), Value::Int(i64::MIN)),
        ("greatest".into(), Value::Int(i64::MAX)),
        ("above_2_53".into(), Value::Int((1 << 53) + 1)),
        ("zero".into(), Value::Int(0)),
        ("yes".into(), Value::Bool(true)),
        ("no".into(), Value::Bool(false)),
        ("bytes".into(), Value::Bytes((0..=255).collect())),
        ("nothing".into(), Value::Bytes(Vec::new())),
        ("_1".into(), Value::Int(1)),
    ];
    w.done(&p, vec![Op::Insert(row("k", columns.clone())), Op::Insert(row("bare", vec![]))]).await;
    let read = w.get(&p, "k").await.unwrap();
    assert_eq!(read.key, "k");
    assert_eq!(sorted(read.columns), sorted(columns));
    assert_eq!(w.get(&p, "bare").await.unwrap().columns, vec![]);
    assert_eq!(w.get(&p, "none").await, None);
}

async fn insert(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(note("k", "1"))]).await;
    assert_eq!(w.commit(&p, vec![Op::Insert(note("k", "2"))]).await, conflict(0, Exists));
    assert_eq!(w.text(&p, "k").await.unwrap(), "1");
}

async fn replace(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(row("k", vec![("old".into(), Value::Int(1))]))]).await;
    let first = w.get(&p, "k").await.unwrap();
    w.done(&p, vec![Op::Replace(note("k", "2"), first.etag.clone())]).await;
    let second = w.get(&p, "k").await.unwrap();
    assert_eq!(second.columns, note("k", "2").columns);
    assert_ne!(second.etag, first.etag);
    assert_eq!(w.get(&p, "k").await.unwrap().etag, second.etag, "reading changes nothing");
}

async fn replace_conflicts(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(note("k", "1"))]).await;
    let stale = w.get(&p, "k").await.unwrap().etag;
    w.done(&p, vec![Op::Upsert(note("k", "2"))]).await;
    assert_eq!(w.commit(&p, vec![Op::Replace(note("k", "3"), stale.clone())]).await, conflict(0, Changed));
    assert_eq!(w.text(&p, "k").await.unwrap(), "2");
    w.done(&p, vec![delete("k", None)]).await;
    assert_eq!(w.commit(&p, vec![Op::Replace(note("k", "3"), stale)]).await, conflict(0, Missing));
    assert_eq!(w.get(&p, "k").await, None);
}

async fn foreign_etags(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(note("k", "1"))]).await;
    for etag in
        ["*", "", "0", "W/\"*\"", "W/\"x\"\r\nx-evil: 1", "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\"", "é"]
    {
        let etag = Etag(etag.into());
        assert_eq!(
            w.commit(&p, vec![Op::Replace(note("k", "2"), etag.clone())]).await,
            conflict(0, Changed),
            "{etag:?}"
        );
        assert_eq!(w.commit(&p, vec![delete("k", Some(&etag))]).await, conflict(0, Changed), "{etag:?}");
    }
    assert_eq!(w.text(&p, "k").await.unwrap(), "1");
}

async fn upsert(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Upsert(row("k", vec![("old".into(), Value::Int(1))]))]).await;
    w.done(&p, vec![Op::Upsert(note("k", "2"))]).await;
    assert_eq!(w.get(&p, "k").await.unwrap().columns, note("k", "2").columns);
}

async fn delete_any(w: &World) {
    let p = w.partition();
    w.done(&p, vec![delete("never", None)]).await;
    w.done(&p, vec![Op::Insert(note("b", "1")), Op::Insert(note("d", "1"))]).await;
    let ops = ["a", "b", "c", "d", "e"].map(|key| delete(key, None));
    w.done(&p, [vec![Op::Insert(note("f", "1"))], ops.to_vec()].concat()).await;
    for gone in ["a", "b", "c", "d", "e"] {
        assert_eq!(w.get(&p, gone).await, None);
    }
    assert!(w.get(&p, "f").await.is_some());
    // What is left out of the batch does not shift the index of what really conflicts.
    let ops = vec![delete("x", None), delete("y", None), Op::Insert(note("z", "1")), Op::Insert(note("f", "2"))];
    assert_eq!(w.commit(&p, ops).await, conflict(3, Exists));
    assert_eq!(w.get(&p, "z").await, None);
}

async fn delete_one(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(note("k", "1"))]).await;
    let stale = w.get(&p, "k").await.unwrap().etag;
    w.done(&p, vec![Op::Upsert(note("k", "2"))]).await;
    assert_eq!(w.commit(&p, vec![delete("k", Some(&stale))]).await, conflict(0, Changed));
    let fresh = w.get(&p, "k").await.unwrap().etag;
    w.done(&p, vec![delete("k", Some(&fresh))]).await;
    assert_eq!(w.get(&p, "k").await, None);
    assert_eq!(w.commit(&p, vec![delete("k", Some(&fresh))]).await, conflict(0, Missing));
}

async fn made_anew(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(note("k", "1"))]).await;
    let before = w.get(&p, "k").await.unwrap().etag;
    w.done(&p, vec![delete("k", None)]).await;
    w.done(&p, vec![Op::Insert(note("k", "1"))]).await;
    assert_eq!(w.commit(&p, vec![Op::Replace(note("k", "2"), before)]).await, conflict(0, Changed));
}

async fn atomic(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(note("there", "1"))]).await;
    let stale = w.get(&p, "there").await.unwrap().etag;
    w.done(&p, vec![Op::Upsert(note("there", "2"))]).await;
    let others = || (0..60).map(|i| Op::Insert(note(&format!("n{i:02}"), "x")));
    for (at, op, kind) in [
        (0, Op::Insert(note("there", "3")), Exists),
        (57, Op::Insert(note("there", "3")), Exists),
        (1, Op::Replace(note("there", "3"), stale.clone()), Changed),
        (60, Op::Replace(note("gone", "3"), stale.clone()), Missing),
        (33, delete("there", Some(&stale)), Changed),
        (59, delete("gone", Some(&stale)), Missing),
    ] {
        let mut ops: Vec<Op> = others().collect();
        ops.insert(at, op);
        assert_eq!(w.commit(&p, ops).await, conflict(at, kind));
        for key in ["n00", "n59", "gone"] {
            assert_eq!(w.get(&p, key).await, None, "after {kind:?} at {at}");
        }
        assert_eq!(w.text(&p, "there").await.unwrap(), "2");
    }
}

async fn mixed(w: &World) {
    let p = w.partition();
    w.done(&p, ["r", "u", "d", "e"].map(|key| Op::Insert(note(key, "1"))).to_vec()).await;
    let etags = [w.get(&p, "r").await.unwrap().etag, w.get(&p, "e").await.unwrap().etag];
    let ops = vec![
        Op::Insert(note("i", "2")),
        Op::Replace(note("r", "2"), etags[0].clone()),
        Op::Upsert(note("u", "2")),
        Op::Upsert(note("v", "2")),
        delete("d", None),
        delete("e", Some(&etags[1])),
    ];
    w.done(&p, ops).await;
    for key in ["i", "r", "u", "v"] {
        assert_eq!(w.text(&p, key).await.unwrap(), "2", "{key}");
    }
    assert_eq!((w.get(&p, "d").await, w.get(&p, "e").await), (None, None));
}

async fn side_by_side(w: &World) {
    let p = w.partition();
    w.done(&p, vec![Op::Insert(note("head", "0"))]).await;
    let etag = w.get(&p, "head").await.unwrap().etag;
    let writers = (0..12).map(|i| {
        let ops =
            vec![Op::Insert(note(&format!("by{i}"), "x")), Op::Replace(note("head", &i.to_string()), etag.clone())];
        w.commit(&p, ops)
    });
    let commits = join_all(writers).await;
    let winners: Vec<usize> = (0..12).filter(|i| commits[*i] == Commit::Done).collect();
    let [winner] = winners[..] else { panic!("{commits:?}") };
    assert_eq!(w.text(&p, "head").await.unwrap(), winner.to_string());
    for (i, commit) in commits.into_iter().enumerate() {
        assert_eq!(w.get(&p, &format!("by{i}")).await.is_some(), i == winner);
        assert!(i == winner || commit == conflict(1, Changed), "{commit:?}");
    }
}

async fn get_many(w: &World) {
    let p = w.partition();
    w.done(&p, ["a", "b", "c"].map(|key| Op::Insert(note(key, key))).to_vec()).await;
    let keys = ["c", "none", "a", "c", "b"].map(str::to_owned);
    let rows = w.tables.get_many(Table::Assets, &p, &keys).await.unwrap();
    let found: Vec<Option<&str>> = rows.iter().map(|row| row.as_ref().map(|row| row.key.as_str())).collect();
    assert_eq!(found, [Some("c"), None, Some("a"), Some("c"), Some("b")]);
    assert_eq!(rows[0], rows[3]);
    assert_eq!(w.tables.get_many(Table::Assets, &p, &[]).await.unwrap(), vec![]);
}

async fn apart(w: &World) {
    let (p, q) = (w.partition(), w.partition());
    w.done(&p, vec![Op::Insert(note("k", "1"))]).await;
    assert_eq!(w.get(&q, "k").await, None);
    for table in Table::ALL.into_iter().filter(|table| *table != Table::Assets) {
        assert_eq!(w.tables.get(table, &p, "k").await.unwrap(), None);
        let mut other = batch(&p, vec![Op::Insert(note("k", table.as_str()))]);
        other.table = table;
        assert_eq!(w.tables.commit(other).await.unwrap(), Commit::Done);
    }
    w.done(&q, vec![Op::Insert(note("k", "2"))]).await;
    assert_eq!(w.text(&p, "k").await.unwrap(), "1");
}

async fn nasty_keys(w: &World) {
    let keys = [
        "",
        " ",
        "'",
        "''",
        "it's",
        "a'b'c",
        "::1",
        "fe80::1%eth0",
        "[::1]:7000",
        "2001:db8::|32",
        "a%2Fb",
        "%27",
        "%00",
        "%",
        ".",
        "..",
        "a+b c",
        "+",
        "&x=1",
        "a=b",
        "(x)",
        "x,RowKey='y'",
        ";",
        "\"",
        "<>",
        "~@$!*^`{}",
        "é",
        "e\u{301}",
        "日本",
        "😀",
        "\u{a0}",
        "\u{feff}",
        "A",
        "a",
        "$batch",
        "HTTP",
        "--batch_",
    ];
    for partition in ["it's", "::1", "a%2Fb +&=é", ""] {
        let p = format!("{}{partition}", w.partition());
        let inserts = keys.iter().map(|key| Op::Insert(note(key, key)));
        w.done(&p, inserts.collect()).await;
        for key in keys {
            let read = w.get(&p, key).await.unwrap_or_else(|| panic!("{key:?} is not found"));
            assert_eq!((read.key.as_str(), read.columns), (key, note(key, key).columns));
            w.done(&p, vec![Op::Replace(note(key, "2"), read.etag)]).await;
            w.done(&p, vec![Op::Upsert(note(key, "3"))]).await;
            assert_eq!(w.text(&p, key).await.unwrap(), "3", "{key:?}");
        }
        w.done(&p, keys.iter().map(|key| delete(key, None)).collect()).await;
        for key in keys {
            assert_eq!(w.get(&p, key).await, None, "{key:?}");
        }
    }
}

async fn witness(w: &World) {
    let p = w.partition();
    let mut witnessed = batch(&p, vec![Op::Insert(note("head", "c1")), Op::Insert(note("other", "x"))]);
    witnessed.witness = Some(Witness { row: "head".into(), column: "text".into(), id: "c1".into() });
    assert_eq!(w.tables.commit(witnessed.clone()).await.unwrap(), Commit::Done);
    assert_eq!(
        w.tables.commit(witnessed).await.unwrap(),
        conflict(0, Exists),
        "nothing was lost, so the conflict is believed"
    );
}
