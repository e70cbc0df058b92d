use app::ports::Value;
use proptest::prelude::*;

use super::*;

fn records() -> Vec<Record> {
    vec![
        Record::File { name: "secret.key".into(), content: b"a key".to_vec() },
        Record::Row {
            table: Table::Assets,
            partition: "org_1".into(),
            key: "it's a key".into(),
            columns: vec![("v".into(), Value::Int(1)), ("data".into(), Value::Bytes(vec![0, 255]))],
        },
        Record::Row { table: Table::Limits, partition: String::new(), key: String::new(), columns: vec![] },
        Record::Message {
            queue: QueueName::NotificationsPoison,
            body: r#"[1,"route","org_1",0,7]"#.into(),
            visible_at: 1_767_225_600_000,
            received: 5,
        },
    ]
}

fn archive() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), 42).unwrap();
    for record in records() {
        writer.add(&record).unwrap();
    }
    let (bytes, contents) = writer.finish().unwrap();
    assert_eq!(contents, Contents { rows: 2, messages: 1, files: 1 });
    bytes
}

fn verify(bytes: &[u8]) -> Result<Contents, ArchiveError> {
    Reader::new(bytes)?.verify()
}

#[test]
fn what_was_written_is_read_in_its_order() {
    let bytes = archive();
    let mut reader = Reader::new(bytes.as_slice()).unwrap();
    assert_eq!(reader.taken_at(), 42);
    let mut read = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        read.push(record);
    }
    assert_eq!(read, records());
    assert!(reader.next_record().unwrap().is_none());
}

#[test]
fn an_archive_that_was_cut_anywhere_is_not_believed() {
    let bytes = archive();
    for end in 0..bytes.len() {
        let error = verify(&bytes[..end]).unwrap_err();
        assert!(matches!(error, ArchiveError::Cut | ArchiveError::NotOurs), "cut at {end}: {error}");
    }
}

#[test]
fn an_archive_with_one_other_bit_anywhere_is_not_believed() {
    let bytes = archive();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(verify(&damaged).is_err(), "bit {bit} of byte {at}");
        }
    }
    assert!(matches!(verify(&[bytes.as_slice(), b"x"].concat()), Err(ArchiveError::Damaged(_))));
}

#[test]
fn a_later_format_and_another_file_are_told_apart() {
    let mut later = archive();
    later[16] = 9;
    assert!(verify(&later).unwrap_err().to_string().contains("format 9"));
    assert!(matches!(verify(b"SQLite format 3\0 and more"), Err(ArchiveError::NotOurs)));
    assert!(matches!(verify(b""), Err(ArchiveError::NotOurs)));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_take_memory(rest: Vec<u8>) {
        let mut bytes = archive()[..26].to_vec();
        bytes.extend(rest);
        let _may_be_either = verify(&bytes);
    }
}
