use std::io::Write;

use sha2::{Digest as _, Sha256};

use super::{ArchiveError, Contents, END, FILE, LONGEST, MAGIC, MESSAGE, ROW, Record, VERSION};
use crate::encoding::encode;

/// Writes an archive, record by record. Without [`Writer::finish`] it is not complete, and nobody restores it.
pub struct Writer<W> {
    out: W,
    hash: Sha256,
    contents: Contents,
}

impl<W: Write> Writer<W> {
    /// Begins. `taken_at` is in milliseconds since 1970.
    ///
    /// # Errors
    /// Of `out`.
    pub fn new(out: W, taken_at: i64) -> Result<Self, ArchiveError> {
        let mut writer = Self { out, hash: Sha256::new(), contents: Contents::default() };
        writer.put(MAGIC)?;
        writer.put(&VERSION.to_le_bytes())?;
        writer.put(&taken_at.to_le_bytes())?;
        Ok(writer)
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Of `out`, or a record that is larger than any store could keep.
    pub fn add(&mut self, record: &Record) -> Result<(), ArchiveError> {
        let (kind, bytes) = encoded(record);
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or(ArchiveError::Damaged("a record is larger than any store could keep"))?;
        self.put(&[kind])?;
        self.put(&length.to_le_bytes())?;
        self.put(&bytes)?;
        self.contents.count(record);
        Ok(())
    }

    /// Ends it with what makes it complete.
    ///
    /// # Errors
    /// Of `out`.
    pub fn finish(mut self) -> Result<(W, Contents), ArchiveError> {
        let Contents { rows, messages, files } = self.contents;
        self.put(&[END])?;
        for count in [rows, messages, files] {
            self.put(&count.to_le_bytes())?;
        }
        let hash = self.hash.finalize();
        self.out.write_all(&hash)?;
        self.out.flush()?;
        Ok((self.out, self.contents))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.hash.update(bytes);
        Ok(self.out.write_all(bytes)?)
    }
}

fn encoded(record: &Record) -> (u8, Vec<u8>) {
    let mut bytes = Vec::new();
    let kind = match record {
        Record::Row { table, partition, key, columns } => {
            sized(&mut bytes, table.as_str().as_bytes());
            sized(&mut bytes, partition.as_bytes());
            sized(&mut bytes, key.as_bytes());
            bytes.extend_from_slice(&encode(0, columns));
            ROW
        }
        Record::Message { queue, body, visible_at, received } => {
            sized(&mut bytes, queue.as_str().as_bytes());
            bytes.extend_from_slice(&visible_at.to_le_bytes());
            bytes.extend_from_slice(&received.to_le_bytes());
            bytes.extend_from_slice(body.as_bytes());
            MESSAGE
        }
        Record::File { name, content } => {
            sized(&mut bytes, name.as_bytes());
            bytes.extend_from_slice(content);
            FILE
        }
    };
    (kind, bytes)
}

/// Names and keys: far below 64 KiB.
#[expect(clippy::cast_possible_truncation, reason = "keys are 512 characters at most, the stores check it")]
fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
    out.extend_from_slice(bytes);
}
