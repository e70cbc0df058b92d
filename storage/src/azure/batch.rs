//! The multipart body of a batch, on its way to Azure and back.

use bytes::Bytes;
use serde_json::{Value, json};

/// What the service says about a request, or a change of a batch, that it refuses.
#[derive(Debug, PartialEq)]
pub(super) struct OdataError {
    /// Such as `EntityAlreadyExists`.
    pub(super) code: String,
    /// Begins with the change's index when it is about one of a batch: `1:The specified entity …`.
    pub(super) message: String,
}

impl OdataError {
    /// As the crates read it.
    pub(super) fn into_body(self) -> Bytes {
        json!({ "error": { "code": self.code, "message": self.message } }).to_string().into()
    }
}

/// Makes proper MIME of the crate's body (CRLF, a closing boundary) and asks for answers without the rows.
///
/// No row can be hit: JSON has no raw line breaks and begins with a brace, so it is never one of these lines. What
/// JavaScript calls a line break too is escaped in rows: Azurite looks for a row's end with an expression.
pub(super) fn mend_request(body: &[u8]) -> Bytes {
    const ECHO: &[u8] = b"accept: application/json;odata=fullmetadata";
    const QUIET: &[u8] = b"accept: application/json;odata=minimalmetadata\r\nprefer: return-no-content";
    let mut out = Vec::with_capacity(body.len() + body.len() / 8 + 1024);
    let lines = body.strip_suffix(b"\n").unwrap_or(body).split(|byte| *byte == b'\n');
    for (number, line) in lines.enumerate() {
        match line {
            ECHO => out.extend_from_slice(QUIET),
            [b'{', ..] => push_row(&mut out, line),
            _ => out.extend_from_slice(line),
        }
        // The crate opens the batch a second time where it should close it.
        if number > 0 && line.starts_with(b"--batch_") && !line.ends_with(b"--") {
            out.extend_from_slice(b"--");
        }
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

/// The first change that the answer to a batch says was refused: its status and what it says.
///
/// Only a whole line counts as a status, so that nothing inside of a row looks like one.
pub(super) fn failed_change(body: &[u8]) -> Option<(u16, Option<OdataError>)> {
    let text = std::str::from_utf8(body).ok()?;
    let mut rest = text;
    loop {
        let line = rest.lines().next()?;
        if let Some(status) = line.strip_prefix("HTTP/1.1 ")
            && !status.starts_with('2')
        {
            let status = status.get(..3).and_then(|status| status.parse().ok()).unwrap_or(400);
            return Some((status, odata_error(rest.as_bytes())));
        }
        rest = rest.split_once('\n')?.1;
    }
}

/// The `odata.error` in a body: JSON, with or without something around it.
pub(super) fn odata_error(body: &[u8]) -> Option<OdataError> {
    let start = body.iter().position(|byte| *byte == b'{')?;
    let end = body.iter().rposition(|byte| *byte == b'}')?;
    let json: Value = serde_json::from_slice(body.get(start..=end)?).ok()?;
    let error = json.get("odata.error")?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(OdataError { code: text(&error["code"])?, message: text(&error["message"]["value"]).unwrap_or_default() })
}

fn push_row(out: &mut Vec<u8>, mut row: &[u8]) {
    const SEPARATORS: [(&[u8], &[u8]); 2] = [("\u{2028}".as_bytes(), b"\\u2028"), ("\u{2029}".as_bytes(), b"\\u2029")];
    while let Some(at) = row.windows(3).position(|window| SEPARATORS.iter().any(|(raw, _)| *raw == window)) {
        out.extend_from_slice(&row[..at]);
        let escaped =
            SEPARATORS.iter().find(|(raw, _)| row[at..].starts_with(raw)).map_or(&b""[..], |(_, escaped)| escaped);
        out.extend_from_slice(escaped);
        row = &row[at + 3..];
    }
    out.extend_from_slice(row);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_becomes_mime_and_asks_for_no_echo() {
        let body = "--batch_1\nContent-Type: multipart/mixed; boundary=changeset_2\n\n--changeset_2\n\
                    accept: application/json;odata=fullmetadata\n\n{\"t\":\"accept: application/json;odata=fullmetadata\"}\n\
                    --changeset_2--\n--batch_1\n";
        let mended = String::from_utf8(mend_request(body.as_bytes()).to_vec()).unwrap();
        let expected = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_2\r\n\r\n--changeset_2\r\n\
                        accept: application/json;odata=minimalmetadata\r\nprefer: return-no-content\r\n\r\n\
                        {\"t\":\"accept: application/json;odata=fullmetadata\"}\r\n--changeset_2--\r\n--batch_1--\r\n";
        assert_eq!(mended, expected);
    }

    #[test]
    fn what_javascript_calls_a_line_break_is_escaped_in_rows() {
        let mended = mend_request("{\"t\":\"\u{2028}é\u{2029}\u{2028}\u{2027}\"}\n".as_bytes());
        assert_eq!(std::str::from_utf8(&mended).unwrap(), "{\"t\":\"\\u2028é\\u2029\\u2028\u{2027}\"}\r\n");
    }

    #[test]
    fn the_refused_change_is_found_with_its_code() {
        let body = "--batchresponse_1\r\nContent-Type: multipart/mixed\r\n\r\n--changesetresponse_2\r\n\r\n\
                    HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\n\r\n\
                    {\"odata.error\":{\"code\":\"EntityAlreadyExists\",\"message\":{\"lang\":\"en-US\",\
                    \"value\":\"17:The specified entity already exists.\\nRequestId:1\"}}}\r\n\
                    --changesetresponse_2--\r\n--batchresponse_1--\r\n";
        let (status, error) = failed_change(body.as_bytes()).unwrap();
        assert_eq!(status, 409);
        let error = error.unwrap();
        assert_eq!(error.code, "EntityAlreadyExists");
        assert!(error.message.starts_with("17:"));
    }

    #[test]
    fn a_status_inside_of_a_row_is_no_status() {
        let body = "HTTP/1.1 201 Created\r\n\r\n{\"text\":\"\\nHTTP/1.1 409 Conflict\", \"x\":\"HTTP/1.1 500 \"}\r\n\
                    HTTP/1.1 204 No Content\r\n";
        assert_eq!(failed_change(body.as_bytes()), None);
    }

    #[test]
    fn a_refusal_without_words_is_still_one() {
        assert_eq!(failed_change(b"x\nHTTP/1.1 412 Precondition Failed\r\n\r\n"), Some((412, None)));
        assert_eq!(failed_change(b"HTTP/1.1 4"), Some((400, None)));
        for body in [&b""[..], b"{", b"}{", b"{}", b"{\"odata.error\":{}}", b"\xff{}"] {
            assert_eq!(odata_error(body), None);
            assert_eq!(failed_change(body), None);
        }
    }
}
