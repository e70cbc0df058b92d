use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use app::ports::{Edition, EpssScore, Refreshed, SourceError, Validators};
use domain::cve::CveId;
use flate2::read::MultiGzDecoder;
use jiff::civil::Date;
use reqwest::Client;
use url::Url;

use crate::fetch::{newer, unreadable};

/// The file had 2 MB packed and 10 MB unpacked in 2025.
const LARGEST_PACKED: usize = 32 * 1024 * 1024;
const LARGEST_UNPACKED: u64 = 256 * 1024 * 1024;
/// The first two bytes of what gzip packed.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The day's scores of those that are wanted, if there is another edition than ours.
pub(in crate::intelligence) async fn of_the_day(
    http: &Client,
    url: &Url,
    ours: &Validators,
    wanted: &BTreeSet<CveId>,
) -> Result<Refreshed<EpssScore>, SourceError> {
    match newer(http, url, ours, LARGEST_PACKED).await? {
        None => Ok(Refreshed::Unchanged),
        Some((body, validators)) => read(&body, wanted, validators).map(Refreshed::Changed),
    }
}

/// Reads the file, packed or not. What breaks off is no file: whoever is missing in it has not lost its score.
fn read(body: &[u8], wanted: &BTreeSet<CveId>, validators: Validators) -> Result<Edition<EpssScore>, SourceError> {
    let text: Box<dyn Read + '_> =
        if body.starts_with(&GZIP) { Box::new(MultiGzDecoder::new(body)) } else { Box::new(body) };
    let mut edition = Edition { entries: Vec::new(), unreadable: 0, date: None, validators };
    let mut lines = 0_u64;
    for line in BufReader::new(text.take(LARGEST_UNPACKED)).lines() {
        let line = line.map_err(|_| unreadable())?;
        if let Some(comment) = line.strip_prefix('#') {
            edition.date = score_date(comment);
            continue;
        }
        match parts(&line) {
            Some((cve, probability, percentile)) => {
                lines += 1;
                if wanted.contains(&cve) {
                    edition.entries.push(EpssScore { cve, probability, percentile, date: edition.date });
                }
            }
            None if line.starts_with("cve,") || line.is_empty() => {}
            None => edition.unreadable += 1,
        }
    }
    if lines == 0 {
        return Err(unreadable());
    }
    edition.entries.sort_by(|a, b| a.cve.cmp(&b.cve));
    edition.entries.dedup_by(|again, first| again.cve == first.cve);
    Ok(edition)
}

/// `CVE-2021-36260,0.94442,0.99985`
fn parts(line: &str) -> Option<(CveId, f64, f64)> {
    let mut columns = line.trim_end().split(',');
    let cve = CveId::parse(columns.next()?)?;
    let mut share = || columns.next()?.parse().ok().filter(|share: &f64| (0.0..=1.0).contains(share));
    Some((cve, share()?, share()?))
}

/// `model_version:v2025.03.14,score_date:2026-03-14T12:55:00Z`
fn score_date(comment: &str) -> Option<Date> {
    comment.split_once("score_date:")?.1.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const TEXT: &str = "#model_version:v2025.03.14,score_date:2026-03-14T12:55:00Z\ncve,epss,percentile\n\
        CVE-2021-36260,0.94442,0.99985\nCVE-1999-0001,0.01,0.5\nnonsense\n";

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn wanted() -> BTreeSet<CveId> {
        ["CVE-2021-36260", "CVE-2000-0001"].into_iter().filter_map(CveId::parse).collect()
    }

    #[test]
    fn the_file_is_read_packed_or_not_and_only_what_is_wanted() {
        for body in [TEXT.as_bytes().to_vec(), packed(TEXT)] {
            let edition = read(&body, &wanted(), Validators::default()).unwrap();
            assert_eq!((edition.entries.len(), edition.unreadable), (1, 1));
            assert_eq!(edition.entries[0].date.unwrap().to_string(), "2026-03-14");
        }
    }

    #[test]
    fn a_file_that_breaks_off_is_none() {
        let whole = packed(&TEXT.repeat(100));
        assert!(read(&whole[..whole.len() / 2], &wanted(), Validators::default()).is_err());
        assert!(read(b"<html>", &wanted(), Validators::default()).is_err());
    }
}
