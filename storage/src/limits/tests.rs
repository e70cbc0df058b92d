use app::ports::{Etag, Table, Witness};

use super::*;

fn row(key: &str, columns: Vec<(String, Value)>) -> WriteRow {
    WriteRow { key: key.into(), columns }
}

fn of(ops: Vec<Op>) -> Batch {
    Batch { table: Table::Assets, partition: "p".into(), ops, witness: None }
}

fn insert(columns: Vec<(String, Value)>) -> Result<(), Refusal> {
    batch(&of(vec![Op::Insert(row("k", columns))]))
}

fn text(name: &str, text: impl Into<String>) -> (String, Value) {
    (name.into(), Value::Text(text.into()))
}

#[test]
fn keys_are_counted_in_utf16_units() {
    key(&"é".repeat(512)).unwrap();
    key(&"😀".repeat(256)).unwrap();
    assert!(key(&"é".repeat(513)).is_err());
    assert!(key(&"😀".repeat(257)).is_err());
}

#[test]
fn both_blocks_of_control_characters_are_refused_in_keys() {
    for c in ['\0', '\n', '\u{1f}', '\u{7f}', '\u{80}', '\u{9f}', '/', '\\', '#', '?'] {
        assert!(key(&format!("a{c}b")).is_err(), "{c:?}");
    }
    for c in [' ', '\'', '%', '"', '\u{a0}', ':', '|', '&', '+'] {
        key(&format!("a{c}b")).unwrap();
    }
}

#[test]
fn a_refused_key_is_shown_by_its_start_only() {
    let Err(Refusal::Key { key, .. }) = key(&"x".repeat(100_000)) else { panic!("accepted") };
    assert_eq!(key.len(), 64);
}

#[test]
fn text_and_bytes_end_at_their_limits() {
    insert(vec![text("t", "é".repeat(TEXT_UNITS))]).unwrap();
    insert(vec![("b".into(), Value::Bytes(vec![0; BYTES]))]).unwrap();
    assert!(insert(vec![text("t", "é".repeat(TEXT_UNITS + 1))]).is_err());
    assert!(insert(vec![text("t", "😀".repeat(TEXT_UNITS / 2 + 1))]).is_err());
    assert!(insert(vec![("b".into(), Value::Bytes(vec![0; BYTES + 1]))]).is_err());
}

#[test]
fn column_names_are_plain_unique_and_our_own() {
    for name in ["", "1a", "a-b", "a.b", "é", "PartitionKey", "RowKey", "Timestamp", &"x".repeat(256)] {
        assert!(matches!(insert(vec![text(name, "")]), Err(Refusal::Column { .. })), "{name}");
    }
    assert!(insert(vec![text("a", "1"), text("a", "2")]).is_err());
    insert(vec![text("_a1", ""), text("v", ""), text(&"x".repeat(255), "")]).unwrap();
}

#[test]
fn a_row_has_at_most_252_columns_and_1_mib() {
    let many = |n: usize| (0..n).map(|i| text(&format!("c{i}"), "")).collect::<Vec<_>>();
    insert(many(252)).unwrap();
    assert!(matches!(insert(many(253)), Err(Refusal::Row { .. })));
    let large = |n: usize| (0..n).map(|i| ("c".repeat(i + 1), Value::Bytes(vec![0; BYTES]))).collect::<Vec<_>>();
    insert(large(15)).unwrap();
    assert!(matches!(insert(large(16)), Err(Refusal::Row { .. })));
    // Text counts twice: 16 of 64 KiB each are 1 MiB already.
    let long = (0..16).map(|i| text(&format!("c{i}"), "x".repeat(TEXT_UNITS))).collect();
    assert!(matches!(insert(long), Err(Refusal::Row { .. })));
}

#[test]
fn a_batch_has_1_to_100_changes_of_different_rows() {
    let deletes = |n: usize| of((0..n).map(|i| Op::Delete { key: i.to_string(), etag: None }).collect());
    assert!(batch(&deletes(0)).is_err());
    batch(&deletes(100)).unwrap();
    assert!(batch(&deletes(101)).is_err());
    let twice = vec![Op::Delete { key: "k".into(), etag: None }, Op::Upsert(row("k", vec![]))];
    assert_eq!(batch(&of(twice)), Err(Refusal::Batch("it names a row twice")));
}

#[test]
fn a_batch_counts_what_base64_and_escapes_make_of_it() {
    let ops = |n: usize, value: &Value| {
        let rows = (0..n).map(|i| Op::Insert(row(&i.to_string(), vec![("c".into(), value.clone())])));
        batch(&of(rows.collect()))
    };
    let bytes = Value::Bytes(vec![0; BYTES]);
    ops(47, &bytes).unwrap();
    assert_eq!(ops(48, &bytes), Err(Refusal::Batch("it is larger than 4 MiB")));
    let control = Value::Text("\u{1}".repeat(TEXT_UNITS));
    ops(21, &control).unwrap();
    assert!(ops(22, &control).is_err());
}

#[test]
fn a_witness_has_to_be_something_that_the_batch_writes() {
    let with = |row_key: &str, column: &str, id: &str| Batch {
        witness: Some(Witness { row: row_key.into(), column: column.into(), id: id.into() }),
        ..of(vec![
            Op::Replace(row("head", vec![text("ids", "7 8 9"), ("n".into(), Value::Int(8))]), Etag("1".into())),
            Op::Delete { key: "gone".into(), etag: None },
        ])
    };
    batch(&with("head", "ids", "9")).unwrap();
    for (row, column, id) in
        [("head", "ids", "6"), ("head", "n", "8"), ("head", "x", "9"), ("gone", "ids", "9"), ("head", "ids", "")]
    {
        assert!(batch(&with(row, column, id)).is_err(), "{row} {column} {id}");
    }
}

#[test]
fn messages_end_at_48_kib_and_7_days() {
    let week = Duration::from_hours(168);
    message(&"x".repeat(MESSAGE_BYTES), week).unwrap();
    assert!(message(&"x".repeat(MESSAGE_BYTES + 1), Duration::ZERO).is_err());
    assert!(message("", week + Duration::from_nanos(1)).is_err());
}

#[test]
fn times_are_rounded_up_to_seconds() {
    assert_eq!(whole_seconds(Duration::ZERO), Duration::ZERO);
    assert_eq!(whole_seconds(Duration::from_millis(1)), Duration::from_secs(1));
    assert_eq!(visibility(Duration::ZERO), Duration::from_secs(1));
    assert_eq!(visibility(Duration::from_millis(1_500)), Duration::from_secs(2));
    assert_eq!(visibility(Duration::MAX), LONGEST_HIDING);
}
