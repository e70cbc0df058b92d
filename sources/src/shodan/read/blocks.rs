use domain::observation::cut;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::keep::{keep, size};
use super::vulnerabilities::heartbleed;
use shodan_client::lenient::{Object, is_null, line, object, string};

/// Bytes of one block as JSON.
const LARGEST_BLOCK: usize = 4 * 1024;
/// Bytes of all blocks of a banner as JSON.
const LARGEST_BLOCKS: usize = 16 * 1024;
/// Members of a block.
const MOST_MEMBERS: usize = 64;

/// Members of a banner that are not about a protocol, or that have a place of their own.
const GENERAL: [&str; 9] = ["_shodan", "http", "location", "mac", "opts", "screenshot", "ssl", "vulns", "_id"];

/// What is large, says nothing to a rule, or differs at every look.
const DROPPED: [&str; 5] = ["raw", "serverStatus", "nodes", "chain", "html"];

/// What is kept of a web server: enough to tell what it is, and no page.
const HTTP: [&str; 9] =
    ["status", "title", "server", "host", "location", "components", "html_hash", "headers_hash", "waf"];

/// What is kept of TLS besides `Banner::tls`.
const SSL: [&str; 5] = ["alpn", "dhparams", "ja3s", "jarm", "trust"];

/// The protocols' own fields of a banner, under Shodan's names: every member that is an object and not general.
/// At most 4 KiB each and 16 KiB together; the largest go first, and [`cut`] stands where they were.
pub(super) fn read(banner: &Object<'_>) -> Map<String, Value> {
    let mut blocks = Map::new();
    for (name, raw) in banner.members() {
        if !GENERAL.contains(&name) && name.len() <= 64 && raw.get().starts_with('{') {
            put(&mut blocks, name, protocol(raw));
        }
    }
    put(&mut blocks, "http", banner.read("http", object).and_then(|http| web(&http)));
    put(&mut blocks, "ssl", banner.read("ssl", object).map(|ssl| chosen(&ssl, &SSL)));
    put(&mut blocks, "screenshot", screenshot(banner));
    put(&mut blocks, "opts", banner.object("opts").read("heartbleed", string).and_then(|said| tested(&said)));
    // A word and not a block, but the only one that tells a camera from its web server.
    put(
        &mut blocks,
        "devicetype",
        banner.read("devicetype", string).and_then(|kind| line(&kind, 64)).map(Value::String),
    );
    bound(&mut blocks);
    blocks
}

fn put(blocks: &mut Map<String, Value>, name: &str, block: Option<Value>) {
    if let Some(block) = block.filter(|block| block.as_object().is_none_or(|members| !members.is_empty())) {
        blocks.insert(name.to_owned(), block);
    }
}

fn protocol(raw: &RawValue) -> Option<Value> {
    let whole = object(raw)?;
    if whole.is_empty() {
        return None;
    }
    // The usual block is small: it is read in one go.
    if !whole.members().any(|(name, _)| DROPPED.contains(&name)) {
        return keep(raw, LARGEST_BLOCK);
    }
    let members = whole.members().filter(|(name, raw)| !DROPPED.contains(name) && !is_null(raw));
    let kept = members.filter_map(|(name, raw)| Some((line(name, 128)?, keep(raw, LARGEST_BLOCK / 2)?)));
    let block: Map<String, Value> = kept.take(MOST_MEMBERS + 1).collect();
    let too_large = block.len() > MOST_MEMBERS;
    let block = Value::Object(block);
    Some(if too_large || size(&block) > LARGEST_BLOCK { cut() } else { block })
}

fn chosen(members: &Object<'_>, names: &[&str]) -> Value {
    let kept = names.iter().filter_map(|name| {
        let raw = members.get(name).filter(|raw| !is_null(raw))?;
        Some(((*name).to_owned(), keep(raw, LARGEST_BLOCK / 4)?))
    });
    Value::Object(kept.collect())
}

fn web(http: &Object<'_>) -> Option<Value> {
    let mut block = chosen(http, &HTTP);
    let members = block.as_object_mut()?;
    if let Some(hash) = http.object("favicon").get("hash").and_then(|hash| keep(hash, 64)) {
        members.insert("favicon".into(), json!({ "hash": hash }));
    }
    if http.read("securitytxt", string).is_some_and(|text| !text.trim().is_empty()) {
        members.insert("securitytxt".into(), Value::Bool(true));
    }
    Some(block)
}

/// That there is a picture, and of what; the picture itself is nobody's business.
fn screenshot(banner: &Object<'_>) -> Option<Value> {
    let shot = banner.read("screenshot", object).or_else(|| banner.object("opts").read("screenshot", object))?;
    Some(chosen(&shot, &["hash", "labels", "mime"]))
}

fn tested(said: &str) -> Option<Value> {
    heartbleed(said).map(|verdict| json!({ "heartbleed": verdict.as_str() }))
}

fn bound(blocks: &mut Map<String, Value>) {
    // Quotes, colon and comma around each.
    let mut sizes: Vec<(usize, String)> = blocks.iter().map(|(name, block)| (size(block), name.clone())).collect();
    let mut total = 2 + sizes.iter().map(|(size, name)| size + name.len() + 4).sum::<usize>();
    sizes.sort_unstable();
    let least = size(&cut());
    while total > LARGEST_BLOCKS
        && let Some((size, name)) = sizes.pop().filter(|(size, _)| *size > least)
    {
        total -= size - least;
        blocks.insert(name, cut());
    }
    if total > LARGEST_BLOCKS {
        // Names alone, hundreds of them: no protocol has that many, and no rule names the longest.
        let mut names: Vec<String> = blocks.keys().cloned().collect();
        names.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| b.cmp(a)));
        for name in names {
            if total <= LARGEST_BLOCKS {
                break;
            }
            total -= name.len() + 4 + blocks.remove(&name).map_or(0, |block| size(&block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(json: &str) -> Value {
        Value::Object(read(&serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn service_blocks_are_kept_known_or_not() {
        let read = blocks(
            r#"{"port":1,"data":"x","mqtt":{"code":0},"brand_new":{"a":1},"tags":["x"],"location":{"city":"y"},"empty":{}}"#,
        );
        assert_eq!(read, json!({"mqtt": {"code": 0}, "brand_new": {"a": 1}}));
    }

    #[test]
    fn a_web_server_keeps_its_marks_and_no_page() {
        let read = blocks(
            r#"{"http":{"status":200,"title":"Login","server":null,"html":"<html>","robots":"x","html_hash":-5,
            "favicon":{"data":"AAAA","hash":42,"location":"x"},"securitytxt":"Contact: x","components":{"jQuery":{"categories":["a"]}}}}"#,
        );
        let expected = json!({"http": {"status": 200, "title": "Login", "html_hash": -5, "favicon": {"hash": 42},
            "securitytxt": true, "components": {"jQuery": {"categories": ["a"]}}}});
        assert_eq!(read, expected);
    }

    #[test]
    fn databases_keep_what_tells_that_they_are_open() {
        let filler = "x".repeat(20_000);
        let read = blocks(&format!(
            r#"{{"mongodb":{{"authentication":false,"serverStatus":{{"x":"{filler}"}},"listDatabases":{{"databases":[{{"name":"READ_ME"}}]}}}}}}"#
        ));
        assert_eq!(
            read,
            json!({"mongodb": {"authentication": false, "listDatabases": {"databases": [{"name": "READ_ME"}]}}})
        );
    }

    #[test]
    fn pictures_dates_and_chains_are_left_out() {
        let read = blocks(
            r#"{"screenshot":{"data":"/9j/","labels":["webcam"],"mime":"image/jpeg"},"devicetype":"webcam",
                "ssl":{"chain":["-----BEGIN"],"dhparams":{"bits":1024},"jarm":null},
                "opts":{"raw":"00","heartbleed":"2020/12/16 20:00:12 192.0.2.1:993 - SAFE\n"}}"#,
        );
        let expected = json!({"screenshot": {"labels": ["webcam"], "mime": "image/jpeg"}, "devicetype": "webcam",
            "ssl": {"dhparams": {"bits": 1024}}, "opts": {"heartbleed": "SAFE"}});
        assert_eq!(read, expected);
    }

    #[test]
    fn all_blocks_together_stay_within_the_bound() {
        let block = format!(r#"{{"a":"{0}","b":"{0}","c":"{0}"}}"#, "x".repeat(1000));
        let many: Vec<String> = (0..20).map(|n| format!(r#""block{n}":{block}"#)).collect();
        let read = blocks(&format!(r#"{{{},"mqtt":{{"code":0}}}}"#, many.join(",")));
        assert!(serde_json::to_string(&read).unwrap().len() <= LARGEST_BLOCKS);
        assert_eq!(read["mqtt"], json!({"code": 0}), "the smallest survive");
        assert_eq!(read.as_object().unwrap().len(), 21, "and none is gone in silence");
        assert_eq!(read["block9"], cut());
    }

    #[test]
    fn names_without_end_are_bounded() {
        let many: Vec<String> = (0..50_000).map(|n| format!(r#""block{n}":{{"a":1}}"#)).collect();
        let read = blocks(&format!("{{{}}}", many.join(",")));
        assert!(serde_json::to_string(&read).unwrap().len() <= LARGEST_BLOCKS);
    }
}
