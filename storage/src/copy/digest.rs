use std::fmt;

use app::ports::Row;
use sha2::{Digest as _, Sha256};

use crate::encoding::encode;

/// How many rows there are, and a sum over what they hold: the same for the same rows in whatever order they come, and
/// another one for any other set of rows, but by a chance that nobody meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Rows.
    pub rows: u64,
    sum: [u64; 4],
}

impl Digest {
    /// Adds a row. Versions do not count, nor does the order of columns.
    pub(super) fn add(&mut self, partition: &str, row: &Row) {
        let mut columns = row.columns.clone();
        columns.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut hash = Sha256::new();
        for key in [partition, &row.key] {
            hash.update((key.len() as u64).to_le_bytes());
            hash.update(key);
        }
        hash.update(encode(0, &columns));
        let hash: [u8; 32] = hash.finalize().into();
        let (words, _) = hash.as_chunks::<8>();
        for (sum, word) in self.sum.iter_mut().zip(words) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*word));
        }
        self.rows += 1;
    }
}

/// So much of it as people compare by eye.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.sum[0], self.sum[1])
    }
}

#[cfg(test)]
mod tests {
    use app::ports::{Etag, Value};

    use super::*;

    fn row(key: &str, columns: &[(&str, i64)]) -> Row {
        let columns = columns.iter().map(|(name, value)| ((*name).to_owned(), Value::Int(*value))).collect();
        Row { key: key.into(), columns, etag: Etag(key.into()) }
    }

    fn digest(rows: &[(&str, Row)]) -> Digest {
        let mut digest = Digest::default();
        for (partition, row) in rows {
            digest.add(partition, row);
        }
        digest
    }

    #[test]
    fn the_order_of_rows_and_columns_and_their_versions_do_not_count_but_everything_else_does() {
        let (one, two) = (("p", row("a", &[("x", 1), ("y", 2)])), ("p", row("b", &[("x", 1)])));
        let swapped = ("p", row("a", &[("y", 2), ("x", 1)]));
        let mut later = two.clone();
        later.1.etag = Etag("9".into());
        let all = digest(&[one.clone(), two.clone()]);
        assert_eq!(all, digest(&[later, swapped]));
        for other in [
            digest(std::slice::from_ref(&one)),
            digest(&[one.clone(), two.clone(), two.clone()]),
            digest(&[one.clone(), ("q", two.1.clone())]),
            digest(&[one.clone(), ("p", row("b", &[("x", 2)]))]),
            digest(&[one.clone(), ("p", row("b", &[("z", 1)]))]),
            digest(&[("pa", row("", &[("x", 1), ("y", 2)])), two]),
        ] {
            assert_ne!(other, all);
        }
    }
}
