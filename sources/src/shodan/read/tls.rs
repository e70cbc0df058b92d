use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::observation::Tls;

use shodan_client::lenient::{Object, asn1_instant, digits, integer, line, string, texts};

/// Reads the `ssl` block of a banner; `tags` are the banner's.
pub(super) fn read(ssl: &Object<'_>, tags: &[String]) -> Tls {
    let cert = ssl.object("cert");
    let (subject, issuer) = (cert.object("subject"), cert.object("issuer"));
    let (subject, issuer) = (names(&subject), names(&issuer));
    let date = |name| cert.read(name, string).and_then(|at| asn1_instant(&at));
    Tls {
        versions: versions(ssl),
        cipher: ssl.object("cipher").read("name", string).and_then(|name| line(&name, 128)),
        subject: distinguished(&subject),
        issuer: distinguished(&issuer),
        not_before: date("issued"),
        not_after: date("expires"),
        self_signed: (!subject.is_empty() && subject == issuer) || tags.iter().any(|tag| tag == "self-signed"),
        key_bits: cert.object("pubkey").read("bits", integer),
        signature_algorithm: cert.read("sig_alg", string).and_then(|name| line(&name, 64)),
        fingerprint_sha256: cert.object("fingerprint").read("sha256", string).and_then(|hex| fingerprint(&hex)),
        serial: cert.read("serial", digits).and_then(|serial| decimal_digits(&serial)),
    }
}

/// What is spoken. A `-` before a version says that it is refused.
fn versions(ssl: &Object<'_>) -> Vec<String> {
    let said = ssl.get("versions").map(texts).unwrap_or_default();
    let spoken = said.iter().filter(|version| !version.trim_start().starts_with('-'));
    let mut versions: Vec<String> = spoken.filter_map(|version| line(version, 16)).collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

fn names<'a>(object: &'a Object<'a>) -> BTreeMap<&'a str, Cow<'a, str>> {
    object.members().filter_map(|(name, value)| Some((name, digits(value)?))).collect()
}

/// The common name, else the whole name as `C=…, O=…`.
fn distinguished(names: &BTreeMap<&str, Cow<'_, str>>) -> Option<String> {
    if let Some(common) = names.get("CN").and_then(|common| line(common, 256)) {
        return Some(common);
    }
    let parts: Vec<String> = names.iter().map(|(name, value)| format!("{name}={value}")).collect();
    line(&parts.join(", "), 256)
}

fn fingerprint(hex: &str) -> Option<String> {
    let hex: String = hex.chars().filter(|c| *c != ':').collect();
    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then(|| hex.to_ascii_lowercase())
}

fn decimal_digits(serial: &str) -> Option<String> {
    let serial = serial.trim();
    let digits = serial.strip_prefix('-').unwrap_or(serial);
    // RFC 5280 allows 20 octets; what is longer is longer than any certificate's.
    (!digits.is_empty() && digits.len() <= 80 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| serial.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(json: &str) -> Tls {
        read(&serde_json::from_str(json).unwrap(), &[])
    }

    #[test]
    fn only_what_is_spoken_is_a_version() {
        let tls = tls(r#"{"versions":["TLSv1.2","-SSLv2","TLSv1","-SSLv3","TLSv1.2"]}"#);
        assert_eq!(tls.versions, ["TLSv1", "TLSv1.2"]);
    }

    #[test]
    fn a_serial_keeps_every_digit() {
        let tls =
            tls(r#"{"cert":{"serial":13831246104116866423589240412134,"expires":"20240101120000Z","issued":"bad"}}"#);
        assert_eq!(tls.serial.as_deref(), Some("13831246104116866423589240412134"));
        assert_eq!(tls.not_after.unwrap().to_string(), "2024-01-01T12:00:00Z");
        assert_eq!(tls.not_before, None);
    }

    #[test]
    fn who_signs_for_himself_is_self_signed() {
        assert!(tls(r#"{"cert":{"subject":{"CN":"a","O":"b"},"issuer":{"O":"b","CN":"a"}}}"#).self_signed);
        assert!(!tls(r#"{"cert":{"subject":{"CN":"a"},"issuer":{"CN":"b"}}}"#).self_signed);
        assert!(!tls(r#"{"cert":{}}"#).self_signed);
        assert_eq!(tls(r#"{"cert":{"subject":{"O":"b","C":"NL"}}}"#).subject.as_deref(), Some("C=NL, O=b"));
    }
}
