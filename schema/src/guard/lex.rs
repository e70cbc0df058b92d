use super::{Limits, Refused};

/// Counts bytes, tokens and brackets of a text, whatever it says: one pass, no recursion.
pub fn lex(text: &str, limits: &Limits) -> Result<(), Refused> {
    if text.len() > limits.bytes {
        return Err(Refused::too_complex("bytes", text.len(), limits.bytes));
    }
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut depth) = (0, 0, 0usize);
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' => string(&bytes[at..]),
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > limits.nesting {
                    return Err(Refused::too_complex("levels of brackets", depth, limits.nesting));
                }
                1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                1
            }
            b if word(b) => bytes[at..].iter().position(|b| !word(*b)).unwrap_or(bytes.len() - at),
            _ => 1,
        };
        tokens += 1;
        if tokens > limits.tokens {
            return Err(Refused::too_complex("tokens", tokens, limits.tokens));
        }
    }
    Ok(())
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'.' || byte >= 0x80
}

/// The length of the string that begins here; of one without an end, all that is left.
fn string(bytes: &[u8]) -> usize {
    let block = bytes.starts_with(b"\"\"\"");
    let mut at = if block { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if block && bytes[at..].starts_with(b"\"\"\"") => return at + 3,
            b'"' if !block => return at + 1,
            b'\n' | b'\r' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brackets_in_strings_and_comments_are_no_brackets() {
        let deep = "[".repeat(1000);
        for text in [
            format!("{{ a(b: \"{deep}\") }}"),
            format!("{{ a # {deep}\n }}"),
            format!("{{ a(b: \"\"\"{deep} \\\"\"\" {deep}\"\"\") }}"),
        ] {
            assert_eq!(lex(&text, &Limits::default()), Ok(()));
        }
        assert!(lex(&format!("{{ a(b: {deep}"), &Limits::default()).is_err());
        assert!(lex(&format!("{{ a(b: \"x\\\"\" c: {deep}"), &Limits::default()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_counted(text in "\\PC{0,400}") {
            let _ = lex(&text, &Limits::default());
        }

        #[test]
        fn any_tokens_are_counted(parts in proptest::collection::vec(prop_oneof![
            Just("{"), Just("}"), Just("\""), Just("\"\"\""), Just("\\"), Just("#"), Just("\n"), Just("a"), Just("["), Just("é")
        ], 0..200)) {
            let _ = lex(&parts.concat(), &Limits::default());
        }
    }
}
