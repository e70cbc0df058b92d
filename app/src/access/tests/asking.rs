//! Every use case asks whether its caller may.

use std::net::IpAddr;
use std::path::Path;

use async_trait::async_trait;
use ipnet::IpNet;
use jiff::Timestamp;

use crate::ports::{Account, Exposure, HostAnswer, SearchPage, SourceError, SourceKey};

/// Use cases that need not ask, because they are about the caller alone.
const ABOUT_ONESELF: [&str; 3] = ["again", "logout", "viewer"];

/// A source that knows every key but one.
pub(super) struct Knowing;

#[async_trait]
impl Exposure for Knowing {
    async fn host(&self, _: &SourceKey, _: IpAddr) -> Result<HostAnswer, SourceError> {
        Ok(HostAnswer::Unknown)
    }

    async fn network(&self, _: &SourceKey, _: IpNet, _: u32) -> Result<SearchPage, SourceError> {
        Ok(SearchPage::default())
    }

    async fn search(&self, _: &SourceKey, _: &str, _: u32) -> Result<SearchPage, SourceError> {
        Ok(SearchPage::default())
    }

    async fn resolve(&self, _: &SourceKey, _: &str) -> Result<Vec<IpAddr>, SourceError> {
        Ok(Vec::new())
    }

    async fn account(&self, key: &SourceKey) -> Result<Account, SourceError> {
        match key {
            SourceKey::Shodan(key) if key != "wrong" => {
                Ok(Account { plan: "dev".into(), query_credits: None, scan_credits: None, monitored_ips: None })
            }
            _ => Err(SourceError::BadKey),
        }
    }

    fn announce(&self, _: &SourceKey, _: u32) {}

    async fn next_turn(&self, _: &SourceKey) -> Option<Timestamp> {
        None
    }
}

/// The public functions of a file that take a caller, each with its text.
fn use_cases(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("pub async fn ") {
        let rest = &source[at + "pub async fn ".len()..];
        let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
        let end = rest.find("\n}").unwrap_or(rest.len());
        let (signature, _) = rest.split_once('{').unwrap_or((rest, ""));
        if signature.contains("caller: &Caller") {
            found.push((name, rest[..end].to_owned()));
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") && !path.ends_with("testing") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(use_cases(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn no_use_case_forgets_to_ask_whether_its_caller_may() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 50, "only {} use cases were found", found.len());
    let names: Vec<&String> = found.iter().map(|(name, _)| name).collect();
    let asks = |text: &str| {
        text.contains(".may(")
            || text.contains(".person()")
            // Or hands everything on to one that asks.
            || names.iter().any(|other| text.contains(&format!("{other}(app, caller")))
    };
    let silent: Vec<&String> = found
        .iter()
        .filter(|(name, text)| !asks(text) && !ABOUT_ONESELF.contains(&name.as_str()))
        .map(|(n, _)| n)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn roles_are_compared_in_one_place() {
    let mut files = Vec::new();
    list(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let compares =
        |text: &String| text.contains("role >=") || text.contains("role <=") || text.contains("scopes.contains");
    let wrong: Vec<_> = files.into_iter().filter(|(_, text)| compares(text)).map(|(path, _)| path).collect();
    assert!(wrong.is_empty(), "{wrong:?} decides what domain::role and domain::membership decide");
}

fn list(folder: &Path, found: &mut Vec<(std::path::PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") {
            list(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}
