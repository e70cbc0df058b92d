use app::ports::{Edition, KnownExploited, Validators};
use domain::cve::CveId;
use jiff::civil::{Date, date};

/// The catalogue of that day in four columns (see the file's own head).
const TEXT: &str = include_str!("../../../data/kev-2025-08-25.txt");
const DAY: Date = date(2025, 8, 25);

/// The copy of the catalogue that is built in. It has no validators: whoever has it has no edition of the feed.
pub(crate) fn built_in() -> Edition<KnownExploited> {
    let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
    let mut entries: Vec<KnownExploited> = lines.filter_map(entry).collect();
    entries.sort_by(|a, b| a.cve.cmp(&b.cve));
    Edition { entries, unreadable: 0, date: Some(DAY), validators: Validators::default() }
}

/// `2021-36260 20220110 20220124 R`
fn entry(line: &str) -> Option<KnownExploited> {
    let mut columns = line.split(' ');
    let cve = CveId::parse(&format!("CVE-{}", columns.next()?))?;
    let mut day = || Date::strptime("%Y%m%d", columns.next()?).ok();
    let (added_on, due_on) = (day()?, day()?);
    Some(KnownExploited { cve, added_on, due_on, ransomware: columns.next() == Some("R"), required_action: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_copy_is_an_entry() {
        let edition = built_in();
        assert_eq!(edition.entries.len(), 1404, "as the catalogue itself counts");
        assert!(edition.entries.windows(2).all(|pair| pair[0].cve < pair[1].cve));
        let camera = edition.entries.iter().find(|entry| entry.cve.as_str() == "CVE-2021-36260").unwrap();
        assert_eq!((camera.added_on, camera.due_on), (date(2022, 1, 10), date(2022, 1, 24)));
        assert!(edition.entries.iter().filter(|entry| entry.ransomware).count() > 250);
        assert!(edition.entries.iter().all(|entry| entry.added_on <= DAY));
    }
}
