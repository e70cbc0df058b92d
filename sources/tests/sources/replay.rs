//! Everything that was captured is read by the client, or refused with a reason.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::value::RawValue;
use shodan_client::banner::{Banner, Context, Reason};
use shodan_client::lenient::{list, object, repaired};
use sources::{read_hosts, read_search_page};

/// All captured answers, and what is made up.
fn files() -> Vec<(String, Vec<u8>)> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let folders = ["captured", "demo"].map(|folder| std::fs::read_dir(data.join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())).collect()
}

/// The banners of an answer, with what stands around them.
fn banners<'a>(raw: &'a RawValue, found: &mut Vec<&'a RawValue>) {
    if let Some(items) = list(raw) {
        for item in items {
            banners(item, found);
        }
    } else if let Some(members) = object(raw) {
        match members.read("matches", list).or_else(|| members.read("data", list)) {
            Some(items) => {
                for item in items {
                    banners(item, found);
                }
            }
            // Exploits have a port, too, and name the database that they are of.
            None if members.get("port").is_some() && members.get("source").is_none() => found.push(raw),
            None => {}
        }
    }
}

#[test]
fn no_captured_banner_is_dropped_in_silence() {
    let (mut read, mut refused) = (0, BTreeMap::<Reason, usize>::new());
    for (name, bytes) in files() {
        let text = repaired(&bytes);
        let mut found = Vec::new();
        banners(serde_json::from_str(&text).expect(&name), &mut found);
        // Old answers leave the address to the host around them.
        let context = Context { ip: Some([192, 0, 2, 1].into()), timestamp: None };
        for raw in found {
            match Banner::read(raw, &context) {
                Ok(_) => read += 1,
                Err(why) => *refused.entry(why.reason).or_default() += 1,
            }
        }
    }
    assert!(read > 340, "{read}");
    assert_eq!(refused, BTreeMap::from([(Reason::NoDate, 1)]), "one page holds a banner whose date is corrupt");
}

#[test]
fn both_readers_agree_about_every_answer() {
    for (name, bytes) in files() {
        let text = repaired(&bytes);
        let Ok(page) = read_search_page(&bytes) else { continue };
        let mut found = Vec::new();
        banners(serde_json::from_str(&text).unwrap(), &mut found);
        let ours = page.banners - page.unreadable;
        let theirs = found.iter().filter(|raw| Banner::read(raw, &Context::default()).is_ok()).count();
        // What is no banner (exploits, notifiers) has matches, too.
        assert!(found.is_empty() || ours == theirs, "{name}: {ours} {theirs}");
    }
    assert!(files().iter().filter(|(_, bytes)| read_hosts(bytes).is_ok()).count() >= 6);
}
