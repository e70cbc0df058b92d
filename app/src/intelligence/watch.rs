//! Which CVEs which assets are concerned with. Partition `watch`: one row for each asset that has any, written before its
//! findings. Partition `new`: CVEs that nothing was asked about yet.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::asset::Asset;
use domain::cve::CveId;
use domain::decide::{Decisions, Stored};
use domain::ids::{AssetId, Bucket, OrgId};
use sha2::{Digest, Sha256};

use super::book::Book;
use super::store::put;
use crate::agenda::{self, Mark};
use crate::ports::{Op, Row, StoreError};
use crate::{App, ledger, rows};

pub(super) const WATCH: &str = "watch";
pub(super) const NEW: &str = "new";

/// The CVEs that an asset is concerned with.
pub(crate) struct Watched {
    cves: BTreeSet<CveId>,
    /// Names the set; empty for the empty one.
    pub(crate) hash: String,
}

/// Whom a row is about.
pub(super) struct Concerned {
    pub org: OrgId,
    pub group: u32,
    pub asset: AssetId,
}

impl Watched {
    /// Those that anything stored or decided names, also what is resolved: it may come back.
    pub(crate) fn of(stored: &Stored, decided: &Decisions) -> Self {
        let services = stored.known.services.values().chain(decided.services.iter().map(|change| &change.after));
        let claimed = services.filter_map(|s| s.banner.as_ref()).flat_map(|banner| banner.vulnerabilities.keys());
        let hosts = stored.known.hosts.values().chain(decided.hosts.iter().map(|(host, _)| host));
        let findings = stored.findings.values().chain(decided.findings.iter().map(|step| &step.after));
        let named = findings.flat_map(|finding| finding.vulnerabilities.iter().map(|v| &v.cve));
        let cves: BTreeSet<CveId> =
            claimed.chain(hosts.flat_map(|host| &host.vulnerabilities)).chain(named).cloned().collect();
        let mut hash = String::new();
        if !cves.is_empty() {
            let all: Vec<&str> = cves.iter().map(CveId::as_str).collect();
            for byte in Sha256::digest(all.join(" ")).iter().take(6) {
                // Writing to a text cannot fail.
                let _ = write!(hash, "{byte:02x}");
            }
        }
        Self { cves, hash }
    }
}

/// Writes down what an asset is concerned with, if that is not what `before` names. Done before its findings are stored: so
/// nothing that becomes known of them passes unnoticed. A row too many costs a look.
pub(crate) async fn watch(
    app: &App,
    org: &OrgId,
    asset: &Asset,
    watched: &Watched,
    before: &str,
    book: &Book,
) -> Result<(), StoreError> {
    if watched.hash == before {
        return Ok(());
    }
    let key = key(org, asset.id.bucket, asset.group, &asset.id.ulid);
    let op = if watched.cves.is_empty() {
        Op::Delete { key, etag: None }
    } else {
        Op::Upsert(rows::encode(key, &watched.cves)?)
    };
    if !watched.cves.is_empty() {
        remind(app).await?;
    }
    put(app, WATCH, vec![op]).await?;
    let unknown = watched.cves.iter().filter(|cve| !book.noted.contains_key(*cve));
    let new: Result<Vec<Op>, StoreError> =
        unknown.map(|cve| Ok(Op::Upsert(rows::encode(cve.as_str(), &app.now())?))).collect();
    put(app, NEW, new?).await
}

/// Has publishers asked by the next tick at the latest. Written before what they are to be asked about.
pub(crate) async fn remind(app: &App) -> Result<(), StoreError> {
    let changes = agenda::reminder(app, Mark::Changes.key(""));
    let facts = rows::encode(Mark::Facts.key(""), &app.now())?;
    agenda::write(app, vec![Op::Upsert(facts), Op::Upsert(changes)]).await
}

fn key(org: &OrgId, bucket: Bucket, group: u32, ulid: &str) -> String {
    format!("{}:{group:05}:{ulid}", ledger::partition(org, bucket))
}

/// Whom a row is about; `None`: it cannot be read.
pub(super) fn concerned(row: &Row) -> Option<Concerned> {
    let mut parts = row.key.splitn(4, ':');
    let (org, bucket, group, ulid) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let bucket = Bucket(u8::from_str_radix(bucket, 16).ok()?);
    let asset = AssetId { bucket, ulid: ulid.to_owned() };
    Some(Concerned { org: org.parse().ok()?, group: group.parse().ok()?, asset })
}

/// The CVEs of a row.
pub(super) fn cves(row: &Row) -> Result<BTreeSet<CveId>, StoreError> {
    rows::decode(row)
}
