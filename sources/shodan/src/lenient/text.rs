/// What stands for a character that must not reach a terminal, a mail or a page.
const UNPRINTABLE: char = '.';

/// Text of several lines, at most `max` bytes: line ends become `\n`, control characters and those that turn the
/// direction of writing are replaced, blanks at the end are dropped.
pub fn block(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let c = match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\r' => '\n',
            '\n' | '\t' => c,
            c if is_unprintable(c) => UNPRINTABLE,
            c => c,
        };
        if out.len() + c.len_utf8() > max {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out
}

/// Text of one line, at most `max` bytes, without blanks around it. `None`: nothing is left.
pub fn line(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    let mut out = String::with_capacity(text.len().min(max));
    for c in text.chars() {
        let c = match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_unprintable(c) => UNPRINTABLE,
            c => c,
        };
        if out.len() + c.len_utf8() > max {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    (!out.is_empty()).then_some(out)
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{block, line};

    #[test]
    fn control_characters_and_turned_writing_are_replaced() {
        assert_eq!(block("a\r\nb\rc\u{1b}[31m\0\u{202e}é\t\n \n", 100), "a\nb\nc.[31m..é");
        assert_eq!(line("  a\nb\u{7} ", 100).as_deref(), Some("a b."));
        assert_eq!(line(" \n ", 100), None);
    }

    proptest! {
        #[test]
        fn the_bound_holds_at_every_character_boundary(text in any::<String>(), max in 0usize..40) {
            prop_assert!(block(&text, max).len() <= max);
            prop_assert!(line(&text, max).is_none_or(|l| l.len() <= max));
        }
    }
}
