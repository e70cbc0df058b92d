//! Lists of bytes, one for each member of a poll group, in columns of its row: as text they would take three times the
//! room, and a row has an end.

use crate::ports::{Columns, Row, Value};

/// What a column may hold is a little more.
const COLUMN: usize = 60 * 1024;
/// Bytes of a list's length.
const LENGTH: usize = 4;
/// Bytes of a list's element: none is cut in two.
const ELEMENT: usize = 6;

/// The columns of some lists in so many bytes. Where these are too few, long lists are cut: what is not remembered is
/// judged once more.
pub(super) fn of<'a>(lists: impl Iterator<Item = &'a [u8]> + Clone, room: usize) -> Columns {
    let (whole, number) = lists.clone().fold((0, 0), |(sum, number), list| (sum + list.len() + LENGTH, number + 1));
    let share = (room / number.max(1)).saturating_sub(LENGTH) / ELEMENT * ELEMENT;
    let mut bytes = Vec::with_capacity(whole.min(room));
    for list in lists {
        let list = if whole > room { &list[..list.len().min(share)] } else { list };
        bytes.extend(u32::try_from(list.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(list);
    }
    bytes.chunks(COLUMN).enumerate().map(|(number, part)| (name(number), Value::Bytes(part.to_vec()))).collect()
}

/// The lists of a row, in the order in which they were written.
pub(super) fn read(row: &Row) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    for number in 0.. {
        match row.column(&name(number)) {
            Some(Value::Bytes(part)) => bytes.extend(part),
            _ => break,
        }
    }
    let (mut lists, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((length, behind)) = rest.split_first_chunk::<LENGTH>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((list, behind)) = behind.split_at_checked(length) else { break };
        lists.push(list.to_vec());
        rest = behind;
    }
    lists
}

fn name(number: usize) -> String {
    format!("seen{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Etag;

    fn written(lists: &[Vec<u8>]) -> Row {
        let columns = of(lists.iter().map(Vec::as_slice), 600_000);
        for (name, value) in &columns {
            assert!(matches!(value, Value::Bytes(bytes) if bytes.len() <= 64 << 10), "{name}");
        }
        Row { key: "g".into(), columns, etag: Etag(String::new()) }
    }

    #[test]
    fn lists_come_back_as_they_were_over_the_ends_of_columns() {
        let lists = vec![vec![1; 6], Vec::new(), vec![2; 100_000], vec![3; 48 * 1024], vec![4]];
        assert_eq!(read(&written(&lists)), lists);
        assert_eq!(read(&written(&[])), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn where_there_is_no_room_for_all_the_long_ones_are_cut() {
        let mut lists = vec![vec![7; 48 * 1024]; 256];
        lists[3] = vec![1; 12];
        let row = written(&lists);
        let back = read(&row);
        assert_eq!((back.len(), back[0].len(), back[3].len()), (256, 2_334, 12));
    }

    #[test]
    fn what_is_broken_off_is_not_remembered() {
        let mut row = written(&[vec![1; 6], vec![2; 6]]);
        if let (_, Value::Bytes(bytes)) = &mut row.columns[0] {
            bytes.truncate(15);
        }
        assert_eq!(read(&row), [vec![1; 6]]);
    }
}
