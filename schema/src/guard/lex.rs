use async_graphql::Pos;

use super::{Limits, Refused};

/// Counts bytes, tokens, brackets and the items of lists of a text, whatever it says: one pass, no recursion.
///
/// It has to see the same strings as the parser, or brackets hide in what only looks like one. A string without an end
/// is where they differ: the parser takes `"""x"` for two strings. So such a text goes no further.
pub fn lex(text: &str, limits: &Limits) -> Result<(), Refused> {
    if text.len() > limits.bytes {
        return Err(Refused::too_complex("bytes", text.len(), limits.bytes));
    }
    let bytes = text.as_bytes();
    let mut counts = Counts::default();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => 1,
            b'#' => run(rest, |b| !matches!(b, b'\n' | b'\r')),
            b'{' | b'[' | b'(' => {
                counts.open(byte == b'[');
                1
            }
            b'}' | b']' | b')' => {
                counts.close();
                1
            }
            b'"' => {
                counts.value();
                string(rest).ok_or_else(|| unending(text, at))?
            }
            b'-' | b'0'..=b'9' => {
                counts.value();
                run(rest, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'+' | b'-'))
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                counts.value();
                run(rest, |b| b.is_ascii_alphanumeric() || b == b'_')
            }
            _ => {
                counts.tokens += 1;
                if rest.starts_with(b"...") { 3 } else { run(rest, |b| b >= 0x80).max(1) }
            }
        };
    }
    counts.within(limits)
}

#[derive(Default)]
struct Counts {
    tokens: usize,
    /// The brackets around: of a list, how many items it has so far.
    open: Vec<Option<usize>>,
    nesting: usize,
    longest_list: usize,
}

impl Counts {
    /// A token that may be an item of a list.
    fn value(&mut self) {
        self.tokens += 1;
        if let Some(Some(items)) = self.open.last_mut() {
            *items += 1;
            self.longest_list = self.longest_list.max(*items);
        }
    }

    fn open(&mut self, list: bool) {
        self.value();
        self.open.push(list.then_some(0));
        self.nesting = self.nesting.max(self.open.len());
    }

    fn close(&mut self) {
        self.tokens += 1;
        self.open.pop();
    }

    fn within(&self, limits: &Limits) -> Result<(), Refused> {
        if self.nesting > limits.nesting {
            return Err(Refused::too_complex("levels of brackets", self.nesting, limits.nesting));
        }
        if self.tokens > limits.tokens {
            return Err(Refused::too_complex("tokens", self.tokens, limits.tokens));
        }
        if self.longest_list > limits.list_items {
            return Err(Refused::list(self.longest_list, limits));
        }
        Ok(())
    }
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|b| !belongs(*b)).unwrap_or(bytes.len())
}

/// The length of the string that begins here, if it ends.
fn string(bytes: &[u8]) -> Option<usize> {
    let block = bytes.starts_with(b"\"\"\"");
    let mut at = if block { 3 } else { 1 };
    loop {
        match bytes.get(at)? {
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'"' if block && bytes[at..].starts_with(b"\"\"\"") => return Some(at + 3),
            _ if block => at += 1,
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' if !matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => at += 2,
            _ => at += 1,
        }
    }
}

fn unending(text: &str, at: usize) -> Refused {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let at = Pos { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 };
    Refused { code: "BAD_USER_INPUT", message: "a string has no end".to_owned(), at: Some(at) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(text: &str) -> String {
        lex(text, &Limits::default()).map_or_else(|refused| refused.message, |()| "taken".to_owned())
    }

    #[test]
    fn brackets_in_strings_and_comments_are_no_brackets() {
        let deep = "[".repeat(1000);
        for text in [
            format!("{{ a(b: \"{deep}\") }}"),
            format!("{{ a(b: \"\\\\\", c: \"\\\"{deep}\") }}"),
            format!("{{ a # {deep}\n }}"),
            format!("{{ a(b: \"\"\"{deep} \\\"\"\" {deep}\"\"\") }}"),
            format!("{{ a(b: \"\"\"\"{deep}\"\"\", c: \"\") }}"),
        ] {
            assert_eq!(message(&text), "taken");
        }
        let deep_count = "too many levels of brackets: 1002, at most 40";
        assert_eq!(message(&format!("{{ a(b: {deep}")), deep_count);
        assert_eq!(message(&format!("{{ a(b: \"x\\\"\" c: {deep}")), deep_count);
        assert_eq!(message(&format!("{{ a(b: \"\" c: {deep}")), deep_count);
        assert_eq!(message(&format!("{{ a(b: # \"\n {deep}")), deep_count);
    }

    #[test]
    fn a_string_without_an_end_hides_nothing() {
        for text in
            ["{ a(b: [\"\"\"x\" [[[[", "{ a(b: \"x\n\") }", "{ a(b: \"x\\\n\") }", "\"", "\"\\", "\"\"\"\\\"\"\""]
        {
            assert_eq!(message(text), "a string has no end", "{text}");
        }
        let refused = lex("{ a }\n# é\n é \"", &Limits::default()).unwrap_err();
        assert_eq!(refused.at, Some(Pos { line: 3, column: 4 }));
    }

    #[test]
    fn tokens_without_spaces_are_counted_one_by_one() {
        let limits = Limits { tokens: 7, ..Limits::default() };
        assert_eq!(lex("{...a...b}!", &limits), Ok(()));
        assert_eq!(lex("{...a...b}!!", &limits), Err(Refused::too_complex("tokens", 8, 7)));
        assert_eq!(lex("{a(b:-1.5e+9)}", &Limits { tokens: 8, ..limits }), Ok(()));
        assert_eq!(lex("{,,a,,, # a a a a a a\n}", &limits), Ok(()));
    }

    #[test]
    fn items_of_lists_are_counted_where_they_stand() {
        let limits = Limits { list_items: 3, ..Limits::default() };
        for text in ["{ a(b: [1, -2.5, \"x\"]) }", "{ a(b: [[1 2 3] $a {a: [1 2 3], b: 1, c: 2, d: 3}]) }"] {
            assert_eq!(lex(text, &limits), Ok(()), "{text}");
        }
        assert_eq!(lex("{ a(b: [[] $a {a: 1} b]) }", &limits), Err(Refused::list(4, &limits)));
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
