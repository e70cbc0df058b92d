//! What mail programs filter and thread by.
//!
//! `List-Id` (RFC 2919) names the channel, `Keywords` (RFC 5322) and `X-Iotmonitor-…` say what a letter is about,
//! `References` (RFC 5322) lays all letters about one finding together. The names and the words of the API stay; texts
//! that strangers made up are in none of them.

use app::ports::{AccountMatter, FindingLetter, Footer, Letter};
use domain::event::EventType;
use domain::severity::Severity;
use url::Url;

/// The headers of a letter, the same for every attempt.
pub(super) fn headers(letter: &Letter) -> Vec<(String, String)> {
    let facts = facts(letter);
    let mut headers = Vec::new();
    let mut put = |name: &str, value: String| headers.push((name.to_owned(), value));
    put("X-Iotmonitor-Letter", facts.letter.into());
    if let Some(event) = facts.event {
        put("X-Iotmonitor-Event", event.wire());
    }
    if let Some(severity) = facts.severity {
        put("X-Iotmonitor-Severity", severity.as_str().into());
    }
    let words = [Some("iotmonitor".into()), facts.event.map(EventType::wire), facts.severity.map(word)];
    put("Keywords", words.into_iter().flatten().collect::<Vec<String>>().join(", "));
    if let Some(finding) = facts.finding.and_then(token) {
        put("X-Iotmonitor-Finding", finding.into());
        put("References", format!("<{finding}@findings.iotmonitor>"));
    }
    if let Some((channel, host)) = facts.footer.and_then(list) {
        put("X-Iotmonitor-Channel", channel.into());
        put("List-Id", format!("<{channel}.{host}>"));
    }
    headers
}

struct Facts<'a> {
    letter: &'static str,
    event: Option<EventType>,
    severity: Option<Severity>,
    finding: Option<&'a str>,
    footer: Option<&'a Footer>,
}

fn facts(letter: &Letter) -> Facts<'_> {
    let of = |letter, footer| Facts { letter, event: None, severity: None, finding: None, footer };
    match letter {
        Letter::Finding(l) => finding(l),
        Letter::Findings(l) => {
            let only = l.lines.first().filter(|_| l.total <= 1).map(|line| line.event);
            let worst = l.lines.iter().filter_map(|line| line.severity).max();
            Facts { event: only, severity: worst, ..of("group", Some(&l.footer)) }
        }
        Letter::FirstPoll(l) => Facts { severity: worst(&l.counts), ..of("first-poll", Some(&l.footer)) },
        Letter::Digest(l) => Facts { severity: worst(&l.opened), ..of("digest", Some(&l.footer)) },
        Letter::Flood(l) => Facts { severity: worst(&l.counts), ..of("flood", Some(&l.footer)) },
        Letter::Release(l) => {
            let worst = l.lines.iter().filter_map(|line| line.severity).max();
            Facts { severity: worst, ..of("release", Some(&l.footer)) }
        }
        Letter::Reminder(l) => Facts { severity: worst(&l.counts), ..of("reminder", Some(&l.footer)) },
        Letter::Source(l) => Facts { event: Some(l.event), ..of("source", Some(&l.footer)) },
        Letter::Test(l) => Facts { event: Some(EventType::Test), ..of("test", Some(&l.footer)) },
        Letter::ChannelFailing(l) => {
            let event = if l.disabled { EventType::ChannelDisabled } else { EventType::ChannelFailing };
            Facts { event: Some(event), ..of("channel", Some(&l.footer)) }
        }
        Letter::Confirm(_) => of("confirm", None),
        Letter::Account(l) => of(matter(&l.matter), None),
    }
}

const fn matter(matter: &AccountMatter) -> &'static str {
    match matter {
        AccountMatter::VerifyAddress => "verify",
        AccountMatter::ResetPassword => "reset",
        AccountMatter::Invitation { .. } => "invitation",
        AccountMatter::PasswordChanged
        | AccountMatter::AddressChanged
        | AccountMatter::IdentityLinked { .. }
        | AccountMatter::AccountDeleted => "account",
    }
}

fn finding(l: &FindingLetter) -> Facts<'_> {
    Facts {
        letter: "finding",
        event: Some(l.event),
        severity: Some(l.severity),
        finding: Some(&l.finding),
        footer: Some(&l.footer),
    }
}

fn worst(counts: &[(Severity, u32)]) -> Option<Severity> {
    counts.iter().filter(|(_, count)| *count > 0).map(|(severity, _)| *severity).max()
}

fn word(severity: Severity) -> String {
    severity.as_str().to_lowercase()
}

/// An id as it may stand in a header that has a grammar of its own.
fn token(id: &str) -> Option<&str> {
    let plain = !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    plain.then_some(id)
}

/// The channel, and the host under which its name is ours to give (RFC 2919 §2; `localhost` where there is none, §3).
fn list(footer: &Footer) -> Option<(&str, String)> {
    let url = Url::parse(&footer.manage_url).ok();
    let host = url.as_ref().and_then(Url::domain).filter(|host| host.contains('.')).unwrap_or("localhost");
    Some((token(&footer.channel_id)?, host.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_name_below_our_host() {
        let footer =
            |id: &str, url: &str| Footer { channel_id: id.into(), manage_url: url.into(), ..Footer::default() };
        let named = |id: &str, url: &str| list(&footer(id, url)).map(|(id, host)| format!("{id}.{host}"));
        assert_eq!(named("chn_1", "https://iot.example/app/channels/1").as_deref(), Some("chn_1.iot.example"));
        assert_eq!(named("chn_1", "http://127.0.0.1:7071/app").as_deref(), Some("chn_1.localhost"));
        for bad in ["", "a b", "a>", "a\r\nBcc", &"a".repeat(65)] {
            assert_eq!(named(bad, "https://iot.example/"), None, "{bad:?}");
        }
    }
}
