//! Splits an expression into tokens, one pass, no recursion. Stricter than `cel`: what it does not know is refused,
//! so that `cel`'s own lexer cannot see brackets or operators that were not counted here.

use super::{ExpressionError, MAX_TOKENS, at};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Name,
    /// A number.
    Number,
    /// A text in quotes.
    Text,
    /// An operator, a bracket, a comma …
    Sign,
}

/// A piece of an expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Its first byte.
    pub start: usize,
}

const SIGNS: [&str; 21] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")", "[", "]", ","];

/// The tokens of a text.
pub(super) fn split(text: &str) -> Result<Vec<Token<'_>>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let Some((kind, length)) = next(rest).map_err(|message| at(text, start, message))? else {
            start += blank(rest);
            continue;
        };
        if tokens.len() == MAX_TOKENS {
            return Err(at(text, start, format!("more than {MAX_TOKENS} names, numbers and signs")));
        }
        tokens.push(Token { kind, text: &rest[..length], start });
        start += length;
    }
    if tokens.is_empty() { Err(at(text, 0, "an expression is needed")) } else { Ok(tokens) }
}

/// The kind and length of what comes next; `None`: a blank or a comment.
fn next(rest: &str) -> Result<Option<(Kind, usize)>, String> {
    if blank(rest) > 0 {
        return Ok(None);
    }
    let bytes = rest.as_bytes();
    let first = bytes[0];
    if let Some(length) = quoted(rest)? {
        return Ok(Some((Kind::Text, length)));
    }
    if first.is_ascii_alphabetic() || first == b'_' {
        let length = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        return if bytes.get(length).is_some_and(|b| matches!(b, b'"' | b'\'')) {
            Err("only plain texts and raw texts (r'…') are allowed".into())
        } else {
            Ok(Some((Kind::Name, length)))
        };
    }
    if first.is_ascii_digit() {
        return number(rest).map(|length| Some((Kind::Number, length)));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok(Some((Kind::Sign, sign.len())));
    }
    match first {
        b'.' => Ok(Some((Kind::Sign, 1))),
        b'&' | b'|' => Err("write && for and, || for or".into()),
        b'=' => Err("write == to compare".into()),
        b'{' | b'}' => Err("maps and messages are not allowed".into()),
        _ => Err(format!("unexpected character {:?}", rest.chars().next().unwrap_or_default())),
    }
}

/// Bytes of blanks or of a comment at the start.
fn blank(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    rest.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// The length of a text in quotes, if one starts here.
fn quoted(rest: &str) -> Result<Option<usize>, String> {
    let raw = usize::from(rest.starts_with(['r', 'R']));
    let bytes = rest.as_bytes();
    let Some(quote) = bytes.get(raw).copied().filter(|b| matches!(b, b'"' | b'\'')) else { return Ok(None) };
    if bytes.get(raw + 1) == Some(&quote) && bytes.get(raw + 2) == Some(&quote) {
        return Err("texts in three quotes are not allowed".into());
    }
    let mut place = raw + 1;
    while let Some(byte) = bytes.get(place) {
        match byte {
            b if *b == quote => return Ok(Some(place + 1)),
            b'\n' | b'\r' => break,
            b'\\' if raw == 0 => place += 2,
            _ => place += 1,
        }
    }
    Err("this text is not closed on its line".into())
}

/// The length of a number: `23`, `2.5`, `0x17`, `1e6`, `7u`.
fn number(rest: &str) -> Result<usize, String> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut length = if rest.starts_with("0x") {
        2 + bytes.iter().skip(2).take_while(|b| b.is_ascii_hexdigit()).count()
    } else {
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            length += 1 + sign + digits(length + 1 + sign);
        }
        length
    };
    length += usize::from(matches!(bytes.get(length), Some(b'u' | b'U')));
    match bytes.get(length) {
        Some(b) if b.is_ascii_alphanumeric() || *b == b'_' => Err("not a number".into()),
        _ => Ok(length),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn words(text: &str) -> Vec<&str> {
        split(text).unwrap().iter().map(|t| t.text).collect()
    }

    #[test]
    fn splits_what_an_expression_is_made_of() {
        assert_eq!(words("a.b>=0x1F&&!c[1.5e-3]"), ["a", ".", "b", ">=", "0x1F", "&&", "!", "c", "[", "1.5e-3", "]"]);
        assert_eq!(
            words("r'\\d' + \"it's \\\" \u{e9}\" // no\n-1u"),
            ["r'\\d'", "+", "\"it's \\\" \u{e9}\"", "-", "1u"]
        );
        assert_eq!(words("1.size()"), ["1", ".", "size", "(", ")"]);
    }

    #[test]
    fn refuses_what_cel_could_read_otherwise() {
        for text in [
            "'''a'''", "b'x'", "rb'x'", "'a\nb'", "'a", "{}", "`a`", "a = b", "a & b", "1abc", "\u{e9}", "'a\\", "",
            " // ",
        ] {
            assert!(split(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn tells_line_and_character() {
        let error = split("'\u{e9}\u{e9}' ==\n  #").unwrap_err();
        assert_eq!((error.line, error.column), (2, 3));
    }
}
