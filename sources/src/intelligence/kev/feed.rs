use app::ports::{Edition, KnownExploited, Refreshed, SourceError, Validators};
use domain::cve::CveId;
use jiff::civil::Date;
use reqwest::Client;
use shodan_client::lenient::{Object, digits, line, list, object, repaired, string};
use url::Url;

use crate::fetch::{newer, unreadable};

/// The catalogue had 1.2 MB in 2025.
const LARGEST_FEED: usize = 32 * 1024 * 1024;

/// The catalogue, if there is another edition than ours.
pub(in crate::intelligence) async fn refreshed(
    http: &Client,
    url: &Url,
    ours: &Validators,
) -> Result<Refreshed<KnownExploited>, SourceError> {
    match newer(http, url, ours, LARGEST_FEED).await? {
        None => Ok(Refreshed::Unchanged),
        Some((body, validators)) => read(&body, validators).map(Refreshed::Changed),
    }
}

/// Reads the feed. One of which nothing can be read is none: the list never shrinks to nothing.
fn read(body: &[u8], validators: Validators) -> Result<Edition<KnownExploited>, SourceError> {
    let text = repaired(body);
    let feed: Object<'_> = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let listed = feed.read("vulnerabilities", list).ok_or_else(unreadable)?;
    let mut entries: Vec<KnownExploited> =
        listed.iter().filter_map(|raw| object(raw)).filter_map(|entry| known(&entry)).collect();
    if entries.is_empty() {
        return Err(unreadable());
    }
    let unreadable = listed.len() - entries.len();
    entries.sort_by(|a, b| a.cve.cmp(&b.cve).then(a.added_on.cmp(&b.added_on)));
    entries.dedup_by(|again, first| again.cve == first.cve);
    let released = feed.read("dateReleased", string).and_then(|at| day(&at));
    let version = || feed.read("catalogVersion", digits).and_then(|version| day(&version.replace('.', "-")));
    Ok(Edition { entries, unreadable, date: released.or_else(version), validators })
}

fn known(entry: &Object<'_>) -> Option<KnownExploited> {
    let date = |name| entry.read(name, string).and_then(|text| day(&text));
    let added_on = date("dateAdded")?;
    Some(KnownExploited {
        cve: entry.read("cveID", string).and_then(|id| CveId::parse(&id))?,
        added_on,
        due_on: date("dueDate").unwrap_or(added_on),
        ransomware: entry
            .read("knownRansomwareCampaignUse", string)
            .is_some_and(|word| word.eq_ignore_ascii_case("known")),
        required_action: entry.read("requiredAction", string).and_then(|text| line(&text, 512)),
    })
}

/// The day of a date or of an instant.
fn day(text: &str) -> Option<Date> {
    text.trim().get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(json: &str) -> Result<Edition<KnownExploited>, SourceError> {
        read(json.as_bytes(), Validators::default())
    }

    #[test]
    fn the_catalogue_is_read_entry_by_entry() {
        let edition = feed(
            r#"{"catalogVersion":"2025.08.25","dateReleased":"2025-08-25T17:04:19.9796Z","vulnerabilities":[
                {"cveID":"CVE-2025-48384","dateAdded":"2025-08-25","dueDate":"2025-09-15","knownRansomwareCampaignUse":"Unknown","requiredAction":"Apply\nupdates."},
                {"cveID":"cve-2017-0144","dateAdded":"2022-02-10","dueDate":null,"knownRansomwareCampaignUse":"Known"},
                {"cveID":"CVE-2020-1111","dateAdded":"soon"},7]}"#,
        )
        .unwrap();
        assert_eq!((edition.entries.len(), edition.unreadable), (2, 2));
        assert_eq!(edition.entries[0].cve.as_str(), "CVE-2017-0144");
        assert!(edition.entries[0].ransomware && edition.entries[0].due_on == edition.entries[0].added_on);
        assert_eq!(edition.entries[1].required_action.as_deref(), Some("Apply updates."));
        assert_eq!(edition.date.unwrap().to_string(), "2025-08-25");
    }

    #[test]
    fn an_empty_catalogue_is_no_catalogue() {
        for nothing in ["", "{}", "<html>", r#"{"vulnerabilities":[]}"#, r#"{"vulnerabilities":[{}]}"#] {
            assert!(feed(nothing).is_err(), "{nothing}");
        }
    }
}
