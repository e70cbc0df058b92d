use std::borrow::Cow;

use jiff::Timestamp;

use super::alerts::objects;
use crate::lenient::{digits, integer};
use crate::{Error, Shodan};

/// A set of files that can be downloaded. Enterprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// Its name, such as `raw-daily`.
    pub name: String,
    /// How often there is a new one.
    pub scope: String,
    /// What is in it.
    pub description: String,
}

/// One file of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Its name.
    pub name: String,
    /// Where it can be had.
    pub url: String,
    /// Bytes.
    pub size: Option<u64>,
    /// SHA-1 of its content, hex.
    pub sha1: Option<String>,
    /// Of when.
    pub timestamp: Option<Timestamp>,
}

impl Shodan {
    /// `GET /shodan/data`: the sets. Enterprise.
    pub async fn data_sets(&self) -> Result<Vec<DataSet>, Error> {
        self.ask(self.get(&["shodan", "data"]), |text| {
            let sets = objects(text)?;
            let read = sets.iter().filter_map(|set| {
                let text = |name| set.read(name, digits).map(Cow::into_owned);
                Some(DataSet {
                    name: text("name")?,
                    scope: text("scope").unwrap_or_default(),
                    description: text("description").unwrap_or_default(),
                })
            });
            Ok(read.collect())
        })
        .await
    }

    /// `GET /shodan/data/{set}`: the files of a set. Enterprise.
    pub async fn data_files(&self, set: &str) -> Result<Vec<DataFile>, Error> {
        self.ask(self.get(&["shodan", "data"]).at(set), |text| {
            let files = objects(text)?;
            let read = files.iter().filter_map(|file| {
                let text = |name| file.read(name, digits).map(Cow::into_owned);
                Some(DataFile {
                    name: text("name")?,
                    url: text("url")?,
                    size: file.read("size", integer),
                    sha1: text("sha1"),
                    timestamp: file.read("timestamp", integer).and_then(|at| Timestamp::from_millisecond(at).ok()),
                })
            });
            Ok(read.collect())
        })
        .await
    }
}
