//! What strangers say, made safe to keep and to show: bounded, valid text without anything that steers a terminal,
//! a log, a mail header or the direction of reading.

use domain::payload::cut;

/// At most so much of a foreign answer is kept, in bytes.
pub(crate) const MAX_EXCERPT: usize = 2048;

/// The beginning of a foreign answer on one line; `None` if there is nothing to see.
pub(crate) fn excerpt(bytes: &[u8]) -> Option<String> {
    // A code point is at most 4 bytes and every invalid byte becomes 3: nothing after this can be part of the result.
    let head = bytes.get(..MAX_EXCERPT + 4).unwrap_or(bytes);
    let text = one_line(&String::from_utf8_lossy(head), MAX_EXCERPT);
    (!text.is_empty()).then_some(text)
}

/// One line of at most `max` bytes: white space collapsed, other control and direction characters dropped.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let head = cut(text.trim_start(), max);
    if is_one_line(head) {
        return head.trim_end().to_owned();
    }
    let mut line = String::with_capacity(text.len().min(max));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut visible = word.chars().filter(|c| !steers(*c)).peekable();
        if visible.peek().is_some() && !line.is_empty() {
            line.push(' ');
        }
        for c in visible {
            if line.len() + c.len_utf8() > max {
                return line.trim_end().to_owned();
            }
            line.push(c);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Most texts are what they should be: visible ASCII with single blanks.
fn is_one_line(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~')) && !text.contains("  ")
}

/// Characters that show nothing and change what others show: marks and overrides of direction, joiners, tags.
const fn steers(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(one_line(" a\r\nBcc: x\0y\u{202e}z\u{1b}[2J\u{2028}end ", 100), "a Bcc: x yz [2J end");
        assert_eq!(one_line("\r\n\t\0", 100), "");
    }

    #[test]
    fn it_is_cut_between_characters() {
        assert_eq!(one_line("aäöü", 4), "aä");
        assert_eq!(one_line("ab cd", 3), "ab");
        assert!(one_line(&"é".repeat(5000), MAX_EXCERPT).len() <= MAX_EXCERPT);
    }

    #[test]
    fn bytes_become_text() {
        assert_eq!(excerpt(b"\xff\xfeok\r\nSet-Cookie: a=b").unwrap(), "\u{fffd}\u{fffd}ok Set-Cookie: a=b");
        assert_eq!(excerpt(b" \n "), None);
        assert!(excerpt(&vec![0xff; 70_000]).unwrap().len() <= MAX_EXCERPT);
    }
}
