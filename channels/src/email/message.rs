use app::ports::{Mail, MailError};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::refusal::unsendable;
use crate::excerpt::one_line;

/// Longest display name and subject, in bytes.
const MAX_NAME: usize = 100;
const MAX_SUBJECT: usize = 200;
const MAX_HEADER: usize = 4096;

/// A mail as it goes over the wire. Whatever the texts hold, there are no headers but those that are meant.
pub(super) fn message(from: &Mailbox, mail: &Mail) -> Result<Message, MailError> {
    let to: Address =
        mail.to.as_str().parse().map_err(|_| unsendable("the recipient's address cannot be written to"))?;
    let mut builder = Message::builder()
        .from(from.clone())
        .to(mailbox(mail.to_name.as_deref(), to))
        .subject(one_line(&mail.subject, MAX_SUBJECT))
        .message_id(message_id(&mail.message_id, from.email.domain()))
        // RFC 3834: no "I am on holiday" in return.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
    for (name, value) in &mail.headers {
        builder = builder.raw_header(header(name, value)?);
    }
    builder
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|error| unsendable(&error.to_string()))
}

/// A mailbox with a display name that stays one: lettre panics at line breaks in it.
pub(super) fn mailbox(name: Option<&str>, address: Address) -> Mailbox {
    let name = name.map(|n| one_line(n, MAX_NAME)).filter(|n| !n.is_empty());
    Mailbox::new(name, address)
}

/// A `Message-ID` of what RFC 5322's dot-atom takes without question; `None` of nothing, where lettre makes one up.
fn message_id(id: &str, host: &str) -> Option<String> {
    let left: String =
        id.chars().take(120).map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect();
    (!left.is_empty()).then(|| format!("<{left}@{host}>"))
}

fn header(name: &str, value: &str) -> Result<HeaderValue, MailError> {
    let refused = || unsendable("a mail cannot have such a header");
    let token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let lower = name.to_ascii_lowercase();
    if !token || STRUCTURE.contains(&lower.as_str()) || lower.starts_with("content-") || lower.starts_with("resent-") {
        return Err(refused());
    }
    let name = HeaderName::new_from_ascii(name.into()).map_err(|_| refused())?;
    Ok(HeaderValue::new(name, one_line(value, MAX_HEADER)))
}

/// Headers that are made from the mail itself.
const STRUCTURE: [&str; 14] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "auto-submitted",
    "dkim-signature",
];

#[cfg(test)]
#[path = "../../tests/letters/banners.rs"]
mod banners;

#[cfg(test)]
mod tests {
    use domain::email::EmailAddress;
    use proptest::prelude::*;

    use super::*;

    fn mail(name: &str, subject: &str, id: &str) -> Mail {
        Mail {
            to: EmailAddress::parse("ops@plant.example").unwrap(),
            to_name: Some(name.into()),
            subject: subject.into(),
            text: "Text.\n".into(),
            html: "<p>Text.</p>".into(),
            message_id: id.into(),
            headers: vec![("List-Unsubscribe".into(), "<https://iot.example/u/1>".into())],
        }
    }

    fn from() -> Mailbox {
        mailbox(Some("iotmonitor"), "alerts@iot.example".parse().unwrap())
    }

    /// Names of the headers before the first empty line, without folded continuations.
    fn header_names(mail: &Mail) -> Vec<String> {
        let raw = String::from_utf8(message(&from(), mail).unwrap().formatted()).unwrap();
        let head = raw.split_once("\r\n\r\n").unwrap().0;
        assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head:?}");
        head.split("\r\n")
            .filter(|l| !l.starts_with([' ', '\t']))
            .map(|l| l.split_once(':').unwrap().0.to_owned())
            .collect()
    }

    #[test]
    fn a_repeat_has_the_same_message_id() {
        let mail = mail("Ops", "s", "dlv_1.a@b>\r\nBcc: x");
        let raw = String::from_utf8(message(&from(), &mail).unwrap().formatted()).unwrap();
        assert!(raw.contains("Message-ID: <dlv_1-a-b---Bcc--x@iot.example>\r\n"), "{raw}");
    }

    #[test]
    fn structure_cannot_be_set_from_outside() {
        for name in ["Bcc", "TO", "Content-Type", "X-A\r\nBcc", "X A", "", "X:A", "Ä"] {
            let mut mail = mail("Ops", "s", "1");
            mail.headers = vec![(name.into(), "x@y.example".into())];
            assert!(!message(&from(), &mail).unwrap_err().retry, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_text_adds_a_header_or_panics(
            name in hostile(), subject in hostile(), id in hostile(), value in hostile(),
        ) {
            let mut hostile = mail(&name, &subject, &id);
            hostile.headers = vec![("List-Unsubscribe".into(), value)];
            prop_assert_eq!(header_names(&hostile), header_names(&mail("Ops", "s", "1")));
        }
    }

    /// Whatever a device says in a letter's title: the headers are those that are meant, each on its line.
    #[test]
    fn no_banner_of_ten_thousand_adds_a_header() {
        let expected = header_names(&mail("Ops", "s", "1"));
        for banner in super::banners::banners(10_000) {
            let mut hostile = mail(&banner, &format!("HIGH opened: {banner}"), &banner);
            hostile.headers[0].1 = banner.clone();
            assert_eq!(header_names(&hostile), expected, "{banner:?}");
        }
    }

    /// Text that is made of what breaks headers.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\r\n".to_owned()),
            Just("\n".to_owned()),
            Just("\r".to_owned()),
            Just("\0".to_owned()),
            Just("\r\n\r\n".to_owned()),
            Just("\nBcc: evil@example.com\n".to_owned()),
            Just("=?utf-8?q?=0ABcc:_a?=".to_owned()),
            Just("\u{2028}".to_owned()),
            Just("\"<>,;:@\\".to_owned()),
            any::<String>(),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }
}
