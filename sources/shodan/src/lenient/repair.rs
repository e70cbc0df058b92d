use std::borrow::Cow;

/// What stands for half a character.
const REPLACEMENT: &str = "\\ufffd";

/// The text with every byte that is no UTF-8 and every escaped surrogate without its partner replaced, since
/// `serde_json` refuses the whole document for one of them. Costs no copy where nothing is wrong.
pub fn repaired(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    let Some(first) = next_unpaired(&text, 0) else { return text };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut next = Some(first);
    while let Some(at) = next {
        out.push_str(&text[copied..at]);
        out.push_str(REPLACEMENT);
        copied = at + REPLACEMENT.len();
        next = next_unpaired(&text, copied);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Where the next escaped surrogate without a partner begins, looking from `from`, which is not inside an escape.
fn next_unpaired(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text.get(at..)?.find('\\')?;
        at += match unit(text, at) {
            Some(0xD800..=0xDBFF) if matches!(unit(text, at + 6), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => return Some(at),
            Some(_) => 6,
            // Two bytes for an escape; a backslash before anything but ASCII is none, and the parser will say so.
            None if text.as_bytes().get(at + 1).is_some_and(u8::is_ascii) => 2,
            None => 1,
        };
    }
}

/// The UTF-16 unit of a `\uXXXX` that begins at `at`.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::repaired;

    fn read(json: &str) -> String {
        serde_json::from_str(&repaired(json.as_bytes())).unwrap()
    }

    #[test]
    fn half_characters_are_replaced_and_whole_ones_are_kept() {
        assert_eq!(read(r#""a\ud8e1b""#), "a\u{fffd}b");
        assert_eq!(read(r#""\udc00\ud83d\ude00\ud83d""#), "\u{fffd}😀\u{fffd}");
        assert_eq!(read(r#""\ud83d\ud83d\ude00""#), "\u{fffd}😀");
        assert_eq!(read(r#""\\ud8e1""#), "\\ud8e1", "an escaped backslash, then letters");
        assert_eq!(read(r#""\uD8E1\\""#), "\u{fffd}\\");
    }

    #[test]
    fn sound_text_is_not_copied() {
        assert!(matches!(repaired(br#"{"a":"\u00e9\n\ud83d\ude00"}"#), Cow::Borrowed(_)));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced() {
        assert_eq!(read(&repaired(b"\"a\xffb\"")), "a\u{fffd}b");
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_string_can_be_read_afterwards(parts in prop::collection::vec(
            prop_oneof![Just(r"\ud800"), Just(r"\udfff"), Just(r"\\"), Just(r"\u0041"), Just("é"), Just(r"\n")], 0..20,
        )) {
            let json = format!("\"{}\"", parts.concat());
            prop_assert!(serde_json::from_str::<String>(&repaired(json.as_bytes())).is_ok());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\\'), Just(b'u'), Just(b'd')], 0..64)) {
            let _ = repaired(&bytes);
        }
    }
}
