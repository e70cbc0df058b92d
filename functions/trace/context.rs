use std::fmt;

use app::ports::Ids;
use axum::http::{HeaderMap, HeaderName};

/// Both ways.
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A trace, our part of it, and whether its beginner wants it recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    /// Whose part ours is one of, if another began the trace.
    pub(super) caller: Option<[u8; 8]>,
    pub(super) flags: u8,
}

impl TraceContext {
    /// A trace of our own.
    pub fn begin(ids: &dyn Ids) -> Self {
        Self { trace: filled(ids), span: filled(ids), caller: None, flags: 1 }
    }

    /// Our part of the trace that a request names; of our own where it names none, or names it wrongly or twice.
    pub fn of(headers: &HeaderMap, ids: &dyn Ids) -> Self {
        let mut named = headers.get_all(TRACEPARENT).iter();
        let parent = match (named.next(), named.next()) {
            (Some(one), None) => one.to_str().ok().and_then(parse),
            _ => None,
        };
        match parent {
            Some((trace, caller, flags)) => Self { trace, span: filled(ids), caller: Some(caller), flags },
            None => Self::begin(ids),
        }
    }

    /// 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        hex(&self.trace)
    }
}

/// As `traceparent` says it, version 00.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", hex(&self.trace), hex(&self.span), self.flags)
    }
}

/// Never all zeroes, which means none: chance gives that once in 2^64 times.
pub(super) fn filled<const N: usize>(ids: &dyn Ids) -> [u8; N] {
    let mut bytes = [0; N];
    ids.fill(&mut bytes);
    if bytes == [0; N] {
        bytes[0] = 1;
    }
    bytes
}

/// Of later versions what this one knows is read, as the specification wants it.
fn parse(text: &str) -> Option<([u8; 16], [u8; 8], u8)> {
    let (version, rest) = text.split_once('-')?;
    let [version] = unhex(version)?;
    let (known, more) = rest.split_at_checked(52)?;
    let fits = match version {
        0 => more.is_empty(),
        0xff => false,
        _ => more.is_empty() || more.starts_with('-'),
    };
    let mut parts = known.split('-');
    let (trace, span, [flags]) = (unhex(parts.next()?)?, unhex::<8>(parts.next()?)?, unhex(parts.next()?)?);
    // Only the first two bits have a meaning, and the second only to who made the id.
    (fits && trace != [0; 16] && span != [0; 8]).then_some((trace, span, flags & 1))
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = text.as_bytes();
    let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if bytes.len() != 2 * N || !bytes.iter().all(lower) {
        return None;
    }
    let mut out = [0; N];
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outside::SystemIds;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn of(values: &[&str]) -> TraceContext {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().unwrap());
        }
        TraceContext::of(&headers, &SystemIds)
    }

    #[test]
    fn a_well_formed_trace_is_carried_on_with_a_part_of_our_own() {
        let context = of(&[&format!("00-{TRACE}-b7ad6b7169203331-01")]);
        assert_eq!(context.trace_id(), TRACE);
        let sent = context.to_string();
        assert!(sent.starts_with(&format!("00-{TRACE}-")) && sent.ends_with("-01"), "{sent}");
        assert!(!sent.contains("b7ad6b7169203331"), "the caller's part is not ours");
        assert_eq!(of(&[&format!("cc-{TRACE}-b7ad6b7169203331-01-more")]).trace_id(), TRACE);
        assert!(of(&[&format!("00-{TRACE}-b7ad6b7169203331-00")]).to_string().ends_with("-00"));
    }

    #[test]
    fn anything_else_begins_a_trace_of_its_own() {
        let good = format!("00-{TRACE}-b7ad6b7169203331-01");
        let upper = good.to_uppercase();
        for wrong in [
            "",
            "00",
            &good[..54],
            &format!("{good}-x"),
            &upper,
            &good.replace("00-", "ff-"),
            &good.replace(TRACE, &"0".repeat(32)),
            &good.replace("b7ad6b7169203331", "0000000000000000"),
            &good.replace('-', "_"),
            "00-'; drop table-b7ad6b7169203331-01",
        ] {
            let context = of(&[wrong]);
            assert!(context.trace_id() != TRACE && context.trace_id().len() == 32, "{wrong}");
        }
        assert_ne!(of(&[&good, &good]).trace_id(), TRACE);
        assert_ne!(of(&[]).trace_id(), of(&[]).trace_id());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _may_be_either = parse(&text);
        }
    }
}
