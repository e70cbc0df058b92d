//! Whoever reads the documents arrives: every page of `docs/` stands once in its table of contents, and every link
//! within the repository leads to a file, and to a heading where it names one.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use xtask::{Environment, tree};

/// The table of contents, as mdBook reads it.
const SUMMARY: &str = "docs/SUMMARY.md";
/// How pages of the book name files that are none of its pages: a book is shown without the rest of the repository.
const REPOSITORY: [&str; 2] =
    ["https://github.com/iotmonitor/iotmonitor/blob/main/", "https://github.com/iotmonitor/iotmonitor/tree/main/"];

/// What a document offers and where it leads.
#[derive(Debug, Default, PartialEq)]
struct Document {
    headings: BTreeSet<String>,
    links: Vec<String>,
}

impl Document {
    fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => document.add(&heading.take().unwrap()),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                _ => {}
            }
        }
        document
    }

    /// A second heading of the same words is told from the first by a number.
    fn add(&mut self, heading: &str) {
        let name = anchor(heading);
        let free = (0..).map(|n| if n == 0 { name.clone() } else { format!("{name}-{n}") });
        let free = free.into_iter().find(|name| !self.headings.contains(name)).unwrap();
        self.headings.insert(free);
    }
}

/// The name of a heading in a link, as mdBook and GitHub make it.
fn anchor(heading: &str) -> String {
    let kept = |c: char| match c {
        c if c.is_whitespace() => Some('-'),
        c if c.is_alphanumeric() || "-_".contains(c) => Some(c),
        _ => None,
    };
    heading.trim().to_lowercase().chars().filter_map(kept).collect()
}

/// The documents at the top and everything below `docs/`, by path.
fn documents() -> BTreeMap<PathBuf, Document> {
    let root = Environment::read().root;
    let ours = |file: &PathBuf| {
        let place = file.parent() == Some(Path::new("")) || file.starts_with("docs");
        place && file.extension().is_some_and(|extension| extension == "md")
    };
    let files = tree::files(&root).unwrap().into_iter().filter(ours);
    files.map(|file| (file.clone(), Document::read(&std::fs::read_to_string(root.join(&file)).unwrap()))).collect()
}

/// The file and the heading that a link leads to, both from the top of the repository; `None`: it leads elsewhere.
fn target(from: &Path, link: &str) -> Option<(PathBuf, Option<String>)> {
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading.to_owned())));
    if let Some(path) = REPOSITORY.iter().find_map(|start| path.strip_prefix(start)) {
        return Some((PathBuf::from(path), heading));
    }
    if path.contains("://") || path.starts_with("mailto:") {
        return None;
    }
    if path.is_empty() {
        return Some((from.to_owned(), heading));
    }
    let mut reached = from.parent().unwrap().to_owned();
    for component in Path::new(path).components() {
        match component {
            Component::ParentDir => assert!(reached.pop(), "{} leads out of the repository: {link}", from.display()),
            Component::CurDir => {}
            other => reached.push(other),
        }
    }
    Some((reached, heading))
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let root = Environment::read().root;
    let documents = documents();
    let mut followed = 0;
    for (from, document) in &documents {
        for link in &document.links {
            let Some((path, heading)) = target(from, link) else { continue };
            followed += 1;
            assert!(root.join(&path).exists(), "{}: {link} leads to nothing", from.display());
            let Some(heading) = heading else { continue };
            let there = documents.get(&path).is_some_and(|document| document.headings.contains(&heading));
            assert!(there, "{}: {link} leads to no heading", from.display());
        }
    }
    assert!(followed > 80, "only {followed} links were found");
}

#[test]
fn every_page_stands_once_in_the_table_of_contents() {
    let mut documents = documents();
    let summary = documents.remove(Path::new(SUMMARY)).unwrap();
    let listed = summary.links.iter().map(|link| target(Path::new(SUMMARY), link).unwrap().0);
    let mut listed: Vec<PathBuf> = listed.collect();
    listed.sort();
    let pages: Vec<PathBuf> = documents.into_keys().filter(|path| path.starts_with("docs")).collect();
    assert_eq!(listed, pages);
}

#[test]
fn a_page_of_the_book_leads_to_no_file_outside_it_but_by_its_address() {
    for (from, document) in documents().into_iter().filter(|(path, _)| path.starts_with("docs")) {
        for link in document.links.iter().filter(|link| !REPOSITORY.iter().any(|start| link.starts_with(start))) {
            let Some((path, _)) = target(&from, link) else { continue };
            let page = path.starts_with("docs") && root_file(&path);
            assert!(page, "{}: {link} would lead to nothing in the book: write {}…", from.display(), REPOSITORY[0]);
        }
    }
}

fn root_file(path: &Path) -> bool {
    Environment::read().root.join(path).is_file()
}

#[test]
fn headings_have_the_names_that_links_use() {
    let text = "# “I was not notified”\n## Tables `a_b`: 1, 2\n## Once\n## Once\n[x](../y.md#z)\n";
    let names = ["i-was-not-notified", "tables-a_b-1-2", "once", "once-1"].map(str::to_owned);
    let document = Document::read(text);
    assert_eq!(document, Document { headings: names.into(), links: vec!["../y.md#z".into()] });
    let from = Path::new("docs/adr/1.md");
    assert_eq!(target(from, "../y.md#z"), Some((PathBuf::from("docs/y.md"), Some("z".into()))));
    assert_eq!(target(from, "#z"), Some((from.into(), Some("z".into()))));
    assert_eq!(target(from, "https://example.org/y.md"), None);
    assert_eq!(target(from, &format!("{}infra", REPOSITORY[1])), Some((PathBuf::from("infra"), None)));
}
