//! What lies in the queue `notifications`: a JSON array that says what to do. Base64 is the queue's business.
//!
//! Arrays, because the Functions host copies the members of an object over its own metadata of the message.

use domain::ids::{Bucket, EventId, OrgId};
use serde_json::{Value, json};
use thiserror::Error;

use super::delivery::DeliveryId;
use crate::access::Parcel;

/// The layout that is written and the only one that is read.
const VERSION: u64 = 1;

/// What a message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Decide which channels want an event, and make the first attempts.
    Route {
        /// Whose event.
        org: OrgId,
        /// Which.
        event: EventId,
    },
    /// Make one attempt of a delivery.
    Attempt {
        /// Whose delivery.
        org: OrgId,
        /// Which.
        delivery: DeliveryId,
        /// The attempt's number, from 1. If it is not the delivery's next one, the message is stale.
        number: u32,
    },
    /// Write a letter about an account.
    Letter {
        /// Which.
        parcel: Parcel,
        /// How often that was tried.
        tries: u32,
    },
}

/// Why a message cannot be understood. Repeating does not help.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadMessage {
    /// Not a JSON array that begins with a version and a word.
    #[error("the message is not one of ours")]
    Foreign,
    /// Written by a newer program.
    #[error("the message has version {0}; this program reads version {VERSION}")]
    Version(u64),
    /// A word that this version does not have.
    #[error("the message asks for {0:?}, which this program does not know")]
    Kind(String),
    /// Not what belongs behind its word.
    #[error("the message {0:?} lacks what belongs to it")]
    Arguments(&'static str),
}

/// The message that asks for the routing of an event.
pub fn route(org: &OrgId, bucket: Bucket, number: u64) -> String {
    json!([VERSION, "route", org, bucket.to_string(), number]).to_string()
}

/// The message that asks for an attempt of a delivery.
pub fn attempt(org: &OrgId, delivery: &DeliveryId, number: u32) -> String {
    json!([VERSION, "attempt", org, delivery, number]).to_string()
}

/// The message that asks for a letter about an account.
pub(crate) fn letter(parcel: &Parcel, tries: u32) -> String {
    let mut parts = vec![json!(VERSION), json!("letter"), json!(tries)];
    parts.extend(parcel.parts());
    Value::Array(parts).to_string()
}

/// Reads a message.
pub fn parse(body: &str) -> Result<Work, BadMessage> {
    let parts: Vec<Value> = serde_json::from_str(body).map_err(|_| BadMessage::Foreign)?;
    let version = parts.first().and_then(Value::as_u64).ok_or(BadMessage::Foreign)?;
    if version != VERSION {
        return Err(BadMessage::Version(version));
    }
    let kind = parts.get(1).and_then(Value::as_str).ok_or(BadMessage::Foreign)?;
    match kind {
        "route" => route_of(&parts).ok_or(BadMessage::Arguments("route")),
        "attempt" => attempt_of(&parts).ok_or(BadMessage::Arguments("attempt")),
        "letter" => letter_of(&parts).ok_or(BadMessage::Arguments("letter")),
        other => Err(BadMessage::Kind(other.chars().take(40).collect())),
    }
}

fn route_of(parts: &[Value]) -> Option<Work> {
    let [_, _, org, bucket, number] = parts else { return None };
    let number = number.as_u64().filter(|n| (1..10_u64.pow(13)).contains(n))?;
    let event = format!("event_{}{number:013}", bucket.as_str()?).parse().ok()?;
    Some(Work::Route { org: org.as_str()?.parse().ok()?, event })
}

fn attempt_of(parts: &[Value]) -> Option<Work> {
    let [_, _, org, delivery, number] = parts else { return None };
    let number = number.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)?;
    Some(Work::Attempt { org: org.as_str()?.parse().ok()?, delivery: delivery.as_str()?.parse().ok()?, number })
}

fn letter_of(parts: &[Value]) -> Option<Work> {
    let tries = parts.get(2)?.as_u64().and_then(|n| u32::try_from(n).ok())?;
    Some(Work::Letter { parcel: Parcel::parse(parts.get(3..)?)?, tries })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org() -> OrgId {
        OrgId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7H").unwrap()
    }

    #[test]
    fn messages_are_arrays_and_read_back() {
        let body = route(&org(), Bucket(10), 42);
        assert_eq!(body, r#"[1,"route","org_01J8ZQ4W3E9V6T5R2P1N0M8K7H","0a",42]"#);
        assert_eq!(parse(&body), Ok(Work::Route { org: org(), event: EventId { bucket: Bucket(10), number: 42 } }));
        let delivery: DeliveryId = format!("delivery_{}", "0".repeat(26)).parse().unwrap();
        let body = attempt(&org(), &delivery, 3);
        assert!(body.starts_with(r#"[1,"attempt","#));
        assert_eq!(parse(&body), Ok(Work::Attempt { org: org(), delivery, number: 3 }));
    }

    #[test]
    fn a_newer_version_is_refused_by_its_number() {
        assert_eq!(parse(r#"[2,"route","x"]"#), Err(BadMessage::Version(2)));
        assert!(BadMessage::Version(2).to_string().contains("version 2"));
    }

    #[test]
    fn nothing_else_is_taken_for_a_message() {
        let org = org();
        let foreign = ["", "{}", "[]", "null", "[\"route\"]", "[1]", "[1.5,\"route\"]", "\u{0}", "[[[[["];
        for body in foreign {
            assert_eq!(parse(body), Err(BadMessage::Foreign), "{body}");
        }
        for body in [
            format!(r#"[1,"route","{org}","0a"]"#),
            format!(r#"[1,"route","{org}","0a",0]"#),
            format!(r#"[1,"route","{org}","0a",-1]"#),
            format!(r#"[1,"route","{org}","zz",1]"#),
            format!(r#"[1,"route","{org}","00",10000000000000]"#),
            r#"[1,"route","org_x","00",1]"#.to_owned(),
            format!(r#"[1,"route","{org}","00",1,2]"#),
        ] {
            assert_eq!(parse(&body), Err(BadMessage::Arguments("route")), "{body}");
        }
        assert_eq!(
            parse(&format!(r#"[1,"attempt","{org}","delivery_../x",1]"#)),
            Err(BadMessage::Arguments("attempt"))
        );
        assert_eq!(parse(r#"[1,"drop"]"#), Err(BadMessage::Kind("drop".into())));
    }
}
