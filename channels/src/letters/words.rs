use domain::event::EventType;
use domain::severity::{Confidence, Severity};
use jiff::Timestamp;

use crate::excerpt::one_line;

/// A foreign text as one clean line of at most `max` bytes, with addresses that no program makes clickable: what
/// strangers and their devices say must not look like a link of ours.
pub(crate) fn line(text: &str, max: usize) -> String {
    // Cleaned first: what stands between two slashes may be invisible.
    one_line(&broken(&one_line(text, max)), max)
}

/// What the organization's own people wrote, as one clean line; their links stay.
pub(crate) fn written(text: &str, max: usize) -> String {
    one_line(text, max)
}

/// Breaks `https://`, `mailto:` and `www.` apart, whatever their case.
fn broken(text: &str) -> String {
    let mut text = text.replace("://", "[:]//");
    for word in ["www.", "mailto:"] {
        let lower = text.to_ascii_lowercase();
        let ends: Vec<usize> = lower.match_indices(word).map(|(at, word)| at + word.len()).collect();
        for end in ends.into_iter().rev() {
            text.insert(end, ']');
            text.insert(end - 1, '[');
        }
    }
    text
}

/// A name that somebody made up, in a mail to somebody who never asked for one: not even `www.` survives.
pub(crate) fn unlinked_name(text: &str) -> String {
    let text = line(text, 80);
    let mut name = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = c == '.' && chars.peek().is_some_and(|next| next.is_alphanumeric());
        name.push_str(if inside { "[.]" } else { "" });
        if !inside {
            name.push(c);
        }
    }
    name
}

/// `Telnet open on 203.0.113.7:23 (Pump 3)`.
pub(crate) fn what_and_where(title: &str, place: Option<&str>, asset: Option<&str>) -> String {
    let mut text = line(title, 300);
    if let Some(place) = place.map(|p| line(p, 100)).filter(|p| !p.is_empty() && !text.contains(p.as_str())) {
        text.push_str(" on ");
        text.push_str(&place);
    }
    if let Some(asset) = asset.map(|a| line(a, 100)).filter(|a| !a.is_empty()) {
        text = format!("{text} ({asset})");
    }
    text
}

/// An instant to the minute.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How long before: `3 hours`.
pub(crate) fn age(seen: Timestamp, at: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(seen.as_second());
    let (count, unit) = match seconds {
        ..60 => return "just now".into(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} before", if count == 1 { "" } else { "s" })
}

/// `1 asset`, `2 assets`.
pub(crate) fn counted(count: u32, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Background of a severity's chip; white text on each has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
pub(crate) const fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#7a1218",
        Severity::High => "#b42318",
        Severity::Medium => "#93500b",
        Severity::Low => "#175cd3",
        Severity::Info => "#475467",
    }
}

/// How sure, in a sentence's part.
pub(crate) const fn sureness(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Verified => "verified: the flaw itself was seen",
        Confidence::Inferred => "inferred: concluded from a version",
    }
}

/// What happened, in a word or two that can follow a severity.
pub(crate) const fn happened(event: EventType) -> &'static str {
    match event {
        EventType::FindingOpened => "opened",
        EventType::FindingReopened => "reopened",
        EventType::FindingResolved => "resolved",
        EventType::FindingSeverityChanged => "severity changed",
        EventType::FindingStateChanged => "state changed",
        EventType::FindingAddedToKev => "now known to be exploited",
        EventType::FindingUpdated => "updated",
        EventType::FindingAssigned => "assigned",
        EventType::FindingCommented => "comment",
        EventType::FindingDueSoon => "due soon",
        EventType::FindingOverdue => "overdue",
        EventType::TriageEnding => "decision ends soon",
        EventType::TriageEnded => "decision ended",
        EventType::ServiceOpened => "service opened",
        EventType::ServiceChanged => "service changed",
        EventType::ServiceClosed => "service closed",
        EventType::HostAppeared => "new host",
        EventType::AssetCreated => "asset created",
        EventType::AssetUpdated => "asset updated",
        EventType::AssetDeleted => "asset deleted",
        EventType::AssetRetired => "asset retired",
        EventType::AssetStale => "asset stale",
        EventType::AssetPollFailed => "asset cannot be polled",
        EventType::AssetRecovered => "asset polled again",
        EventType::AssetFirstPolled => "asset polled for the first time",
        EventType::SourceFailing => "source failing",
        EventType::SourceRecovered => "source recovered",
        EventType::CreditsLow => "credits low",
        EventType::ChannelFailing => "channel failing",
        EventType::ChannelDisabled => "channel switched off",
        EventType::ChannelRecovered => "channel recovered",
        EventType::Test => "test",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (seen, told) in [
            ("2026-11-22T12:00:05Z", "just now"),
            ("2026-11-22T11:59:00Z", "1 minute before"),
            ("2026-11-22T09:10:00Z", "2 hours before"),
            ("2026-11-01T12:00:00Z", "21 days before"),
        ] {
            assert_eq!(age(seen.parse().unwrap(), at), told);
        }
    }

    #[test]
    fn the_place_is_not_said_twice() {
        assert_eq!(
            what_and_where("Telnet open", Some("203.0.113.7:23"), Some("Pump 3")),
            "Telnet open on 203.0.113.7:23 (Pump 3)"
        );
        assert_eq!(
            what_and_where("Telnet on 203.0.113.7:23", Some("203.0.113.7:23"), None),
            "Telnet on 203.0.113.7:23"
        );
    }

    #[test]
    fn what_a_device_says_is_no_link() {
        for (said, told) in [
            ("see https://evil.example/x", "see https[:]//evil.example/x"),
            ("HTTP:/\u{200b}/evil", "HTTP[:]//evil"),
            ("WWW.evil.example or mailto:a@b", "WWW[.]evil.example or mailto[:]a@b"),
            ("w\u{ad}ww.evil", "www[.]evil"),
            ("ftp://x://y", "ftp[:]//x[:]//y"),
            ("version 1.2.3: Süd", "version 1.2.3: Süd"),
        ] {
            assert_eq!(line(said, 100), told);
        }
        assert_eq!(line("a://b", 4), "a[:]");
    }

    #[test]
    fn a_made_up_name_is_no_link() {
        assert_eq!(
            unlinked_name("Acme Inc. https://evil.example/x www.evil.example"),
            "Acme Inc. https[:]//evil[.]example/x www[.]evil[.]example"
        );
    }
}
