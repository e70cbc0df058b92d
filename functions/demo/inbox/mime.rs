//! Reads of a message what a person wants to see: subject and plain text. Enough for the mails of this program; what
//! cannot be read stays as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Subject and plain text.
pub(super) fn read(source: &str) -> (String, String) {
    let source = source.replace("\r\n", "\n");
    let (head, body) = split(&source);
    (decoded_words(&header(&head, "subject")), plain(&head, body))
}

/// The head with its lines unfolded, and the body.
fn split(part: &str) -> (String, &str) {
    let (head, body) = part.split_once("\n\n").unwrap_or((part, ""));
    (head.replace("\n ", " ").replace("\n\t", " "), body)
}

fn header(head: &str, name: &str) -> String {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .into_iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

/// The first plain part, however deep.
fn plain(head: &str, body: &str) -> String {
    let kind = header(head, "content-type");
    let boundary =
        kind.split(';').filter_map(|p| p.trim().split_once('=')).find(|(n, _)| n.eq_ignore_ascii_case("boundary"));
    if let Some((_, boundary)) = boundary {
        let line = format!("--{}", boundary.trim_matches('"'));
        let parts = body.split(line.as_str()).skip(1).filter(|part| !part.starts_with("--"));
        return parts
            .map(|part| split(part.trim_start_matches('\n')))
            .map(|(h, b)| plain(&h, b))
            .find(|t| !t.is_empty())
            .unwrap_or_default();
    }
    if !kind.is_empty() && !kind.to_ascii_lowercase().starts_with("text/plain") {
        return String::new();
    }
    let bytes = match header(head, "content-transfer-encoding").to_ascii_lowercase().as_str() {
        "base64" => STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).unwrap_or_else(|_| body.into()),
        "quoted-printable" => unquoted(&body.replace("=\n", ""), false),
        _ => body.into(),
    };
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// `=?utf-8?b?…?=` and `=?utf-8?q?…?=` in a header.
fn decoded_words(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, word)) = rest.split_once("=?") {
        let mut fields = word.splitn(4, '?');
        let (Some(_), Some(form), Some(data), Some(after)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            break;
        };
        let Some(after) = after.strip_prefix('=') else { break };
        let bytes = match form {
            "b" | "B" => STANDARD.decode(data).unwrap_or_default(),
            _ => unquoted(data, true),
        };
        // Blanks between two words belong to neither.
        if shown.is_empty() || !before.trim().is_empty() {
            shown.push_str(before);
        }
        shown.push_str(&String::from_utf8_lossy(&bytes));
        rest = after;
    }
    shown + rest
}

fn unquoted(text: &str, header: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, hex) {
            (b'=', Some(value)) => {
                plain.push(value);
                at += 2;
            }
            (b'_', _) if header => plain.push(b' '),
            _ => plain.push(byte),
        }
        at += 1;
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn subject_and_plain_part_are_decoded() {
        let source = "Subject: =?utf-8?b?w4RyZ2Vy?= =?utf-8?q?_bei_=C3=9C?= 1\r\nContent-Type: multipart/alternative;\r\n boundary=\"b1\"\r\n\r\n\
            --b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nL=C3=BCfter =\r\nsteht\r\n\
            --b1\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b1--\r\n";
        assert_eq!(read(source), ("Ärger bei Ü 1".into(), "Lüfter steht".into()));
        assert_eq!(read("Subject: a\nContent-Transfer-Encoding: base64\n\naGVs\nbG8=\n"), ("a".into(), "hello".into()));
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(source in "(Subject: |=\\?utf-8\\?q\\?|\\?=|=|boundary=b|Content-Type: |--b|\n|[a-zä;:]){0,40}") {
            let _ = read(&source);
        }
    }
}
