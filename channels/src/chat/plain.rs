//! Foreign text on its way into a product's field.

use crate::excerpt::one_line;

/// What products take for a call to everybody in the room, after an `@`.
const EVERYBODY: [&str; 5] = ["here", "channel", "everyone", "all", "team"];

/// The text without a call to everybody: an invisible character parts the `@` from the word.
pub(super) fn unpinged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('@');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let calls = |word: &str| part.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        out.push('@');
        if EVERYBODY.iter().any(|word| calls(word)) {
            out.push('\u{200b}');
        }
        out.push_str(part);
    }
    out
}

/// At most `max` bytes, cut between characters, with an ellipsis where something was cut.
///
/// Products count characters or UTF-16 units; neither is ever more than bytes.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text[..end].trim_end())
}

/// Foreign text for a field that the product shows as it is.
pub(super) fn plain(text: &str, max: usize) -> String {
    cut(&unpinged(text), max)
}

/// One character after the other through `escape`, for as long as the result has at most `max` bytes: an escape is
/// never cut in two.
pub(super) fn escaped(text: &str, max: usize, escape: impl Fn(char) -> Option<&'static str>) -> String {
    let room = max.saturating_sub('…'.len_utf8());
    let (mut out, mut fits) = (String::new(), 0);
    for c in unpinged(text).chars() {
        match escape(c) {
            Some(piece) => out.push_str(piece),
            None => out.push(c),
        }
        if out.len() <= room {
            fits = out.len();
        } else if out.len() > max {
            out.truncate(fits);
            out.push('…');
            return out;
        }
    }
    out
}

/// A text of ours and strangers' as one line, for a field that knows no lines.
pub(super) fn plain_line(text: &str, max: usize) -> String {
    plain(&one_line(text, max), max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_is_called() {
        assert_eq!(
            unpinged("@here @Channel a@everyone @HERE! @ana b@plant.example @"),
            "@\u{200b}here @\u{200b}Channel a@\u{200b}everyone @\u{200b}HERE! @ana b@plant.example @"
        );
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abc…");
        assert_eq!(cut("äöüß", 7), "äö…");
    }

    #[test]
    fn an_escape_is_never_cut_in_two() {
        let amp = |c| (c == '&').then_some("&amp;");
        assert_eq!(escaped("a&b", 7, amp), "a&amp;b");
        assert_eq!(escaped("a&bc", 8, amp), "a&amp;bc");
        assert_eq!(escaped("a&&", 9, amp), "a&amp;…");
        assert_eq!(escaped("&&", 5, amp), "…");
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_asked(text: String, max in 3..200_usize) {
            prop_assert!(plain(&text, max).len() <= max);
            prop_assert!(escaped(&text, max, |c| (c < 'm').then_some("&quot;")).len() <= max);
        }
    }
}
