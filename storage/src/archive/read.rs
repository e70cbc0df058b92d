use std::io::{self, Read};

use app::ports::{QueueName, Table};
use sha2::{Digest as _, Sha256};

use super::{ArchiveError, Contents, END, FILE, LONGEST, MAGIC, MESSAGE, ROW, Record, VERSION};
use crate::encoding::decode;

const QUEUES: [QueueName; 2] = [QueueName::Notifications, QueueName::NotificationsPoison];

/// Reads an archive, record by record. What was read is only to be believed when the end was reached: then the
/// checksum was right, the counts agreed, and nothing stood behind.
pub struct Reader<R> {
    input: R,
    hash: Sha256,
    contents: Contents,
    taken_at: i64,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// What is no archive, or one of a later version.
    pub fn new(input: R) -> Result<Self, ArchiveError> {
        let hash = Sha256::new();
        let mut reader = Self { input, hash, contents: Contents::default(), taken_at: 0, ended: false };
        let magic = reader.take::<16>().map_err(|error| match error {
            ArchiveError::Cut => ArchiveError::NotOurs,
            other => other,
        })?;
        if magic != *MAGIC {
            return Err(ArchiveError::NotOurs);
        }
        match u16::from_le_bytes(reader.take()?) {
            VERSION => {}
            later if later > VERSION => return Err(ArchiveError::Later(later)),
            _ => return Err(ArchiveError::NotOurs),
        }
        reader.taken_at = i64::from_le_bytes(reader.take()?);
        Ok(reader)
    }

    /// When it was taken, in milliseconds since 1970.
    pub fn taken_at(&self) -> i64 {
        self.taken_at
    }

    /// What was read so far.
    pub fn contents(&self) -> Contents {
        self.contents
    }

    /// The next record; `None` at the end, when everything was found to be as it was written.
    ///
    /// # Errors
    /// What was cut or damaged.
    pub fn next_record(&mut self) -> Result<Option<Record>, ArchiveError> {
        if self.ended {
            return Ok(None);
        }
        let [kind] = self.take()?;
        if kind == END {
            self.end()?;
            return Ok(None);
        }
        let length = u32::from_le_bytes(self.take()?);
        if length > LONGEST {
            return Err(ArchiveError::Damaged("a record is longer than any can be"));
        }
        let bytes = self.bytes(length)?;
        let record = decoded(kind, &bytes).ok_or(ArchiveError::Damaged("a record cannot be understood"))?;
        self.contents.count(&record);
        Ok(Some(record))
    }

    /// Reads to the end; what it holds.
    ///
    /// # Errors
    /// What was cut or damaged.
    pub fn verify(mut self) -> Result<Contents, ArchiveError> {
        while self.next_record()?.is_some() {}
        Ok(self.contents)
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        let counted = Contents {
            rows: u64::from_le_bytes(self.take()?),
            messages: u64::from_le_bytes(self.take()?),
            files: u64::from_le_bytes(self.take()?),
        };
        let hash = self.hash.clone().finalize();
        let mut written = [0; 32];
        self.input.read_exact(&mut written).map_err(cut)?;
        if hash.as_slice() != written {
            return Err(ArchiveError::Damaged("its checksum is another one"));
        }
        if counted != self.contents {
            return Err(ArchiveError::Damaged("it holds another number of records than it says"));
        }
        if self.input.read(&mut [0])? != 0 {
            return Err(ArchiveError::Damaged("something stands behind its end"));
        }
        self.ended = true;
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(cut)?;
        self.hash.update(bytes);
        Ok(bytes)
    }

    /// Grows with what really comes: a damaged length must not take memory for it.
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = Vec::new();
        self.input.by_ref().take(length.into()).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != u64::from(length) {
            return Err(ArchiveError::Cut);
        }
        self.hash.update(&bytes);
        Ok(bytes)
    }
}

fn cut(error: io::Error) -> ArchiveError {
    if error.kind() == io::ErrorKind::UnexpectedEof { ArchiveError::Cut } else { error.into() }
}

fn decoded(kind: u8, bytes: &[u8]) -> Option<Record> {
    let mut rest = bytes;
    match kind {
        ROW => {
            let name = sized(&mut rest)?;
            let table = Table::ALL.into_iter().find(|table| table.as_str() == name)?;
            let (partition, key) = (sized(&mut rest)?, sized(&mut rest)?);
            let (_, columns) = decode(rest).ok()?;
            Some(Record::Row { table, partition, key, columns })
        }
        MESSAGE => {
            let name = sized(&mut rest)?;
            let queue = QUEUES.into_iter().find(|queue| queue.as_str() == name)?;
            let (visible_at, more) = rest.split_first_chunk()?;
            let (received, body) = more.split_first_chunk()?;
            Some(Record::Message {
                queue,
                body: text(body)?,
                visible_at: u64::from_le_bytes(*visible_at),
                received: u32::from_le_bytes(*received),
            })
        }
        FILE => Some(Record::File { name: sized(&mut rest)?, content: rest.to_vec() }),
        _ => None,
    }
}

fn sized(rest: &mut &[u8]) -> Option<String> {
    let (length, more) = rest.split_first_chunk()?;
    let (bytes, more) = more.split_at_checked(u16::from_le_bytes(*length).into())?;
    *rest = more;
    text(bytes)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}
