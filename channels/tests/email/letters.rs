//! The words of each letter, as people get them. After a change: `INSTA_UPDATE=always`, and read the difference.

use app::ports::{
    AccountLetter, AccountLink, AccountMatter, ChannelLetter, Composed, ConfirmLetter, EventLine, EvidenceLine,
    FindingLetter, Footer, GroupLetter, Letter, Letters, SummaryLetter, TestLetter,
};
use channels::email::Stationery;
use domain::event::{Change, EventType};
use domain::severity::{Confidence, Severity};
use jiff::Timestamp;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn footer() -> Footer {
    Footer {
        channel: "Plant operations".into(),
        manage_url: "https://iot.example/app/channels/chn_1".into(),
        unsubscribe_url: Some("https://iot.example/hooks/email/unsubscribe/tok_1".into()),
    }
}

fn finding() -> FindingLetter {
    FindingLetter {
        organization: "Stadtwerke Süd".into(),
        event: EventType::FindingOpened,
        at: at("2026-11-22T12:00:00Z"),
        actor: None,
        changes: vec![],
        note: None,
        severity: Severity::High,
        confidence: Confidence::Verified,
        title: "Telnet open".into(),
        place: Some("203.0.113.7:23".into()),
        asset: "Pump 3".into(),
        owner: Some("Ana Ruiz".into()),
        risk_score: 72,
        reasons: vec![
            "HIGH by the rule Telnet.".into(),
            "The flaw itself was seen.".into(),
            "How much depends on the asset.".into(),
        ],
        evidence: vec![EvidenceLine {
            source: "Shodan".into(),
            observed_at: at("2026-11-22T09:10:00Z"),
            field: "data".into(),
            value: "\r\nMoxa NPort <login>: see https://evil.example/\r\n".into(),
        }],
        remediation: "Switch Telnet off, or close port 23 at the firewall.\nUse SSH for maintenance.".into(),
        due_at: Some(at("2026-11-29T12:00:00Z")),
        url: "https://iot.example/app/findings/fnd_1".into(),
        footer: footer(),
    }
}

fn line(
    event: EventType,
    severity: Option<Severity>,
    title: &str,
    place: Option<&str>,
    asset: Option<&str>,
) -> EventLine {
    EventLine {
        event,
        at: at("2026-11-22T12:00:00Z"),
        severity,
        title: title.into(),
        place: place.map(Into::into),
        asset: asset.map(Into::into),
        url: "https://iot.example/app/findings/fnd_1".into(),
    }
}

fn lines() -> Vec<EventLine> {
    vec![
        line(
            EventType::FindingAddedToKev,
            Some(Severity::Critical),
            "CVE-2024-1 in Moxa NPort 1.2",
            Some("203.0.113.9:443"),
            Some("Gate"),
        ),
        line(EventType::FindingOpened, Some(Severity::High), "Telnet open", Some("203.0.113.7:23"), Some("Pump 3")),
        line(EventType::HostAppeared, None, "203.0.113.20 was seen for the first time", None, Some("Plant network")),
    ]
}

fn compose(letter: &Letter) -> Composed {
    Stationery.compose(letter)
}

/// Both parts in one snapshot each.
fn snapshot(name: &str, letter: &Letter) {
    let composed = compose(letter);
    insta::assert_snapshot!(format!("{name}.txt"), format!("Subject: {}\n\n{}", composed.subject, composed.text));
    insta::assert_snapshot!(format!("{name}.html"), composed.html);
}

#[test]
fn a_finding_is_told_with_what_where_why_and_what_to_do() {
    snapshot("finding_opened", &Letter::Finding(Box::new(finding())));
}

#[test]
fn the_end_of_a_finding_asks_for_nothing() {
    let letter = FindingLetter {
        event: EventType::FindingResolved,
        actor: Some("Ana Ruiz".into()),
        changes: vec![Change { field: "state".into(), before: Some("OPEN".into()), after: Some("RESOLVED".into()) }],
        note: Some("Replaced the device.\nThe old one is scrapped.".into()),
        due_at: None,
        ..finding()
    };
    snapshot("finding_resolved", &Letter::Finding(Box::new(letter)));
}

#[test]
fn several_events_are_a_list() {
    let letter = GroupLetter {
        organization: "Stadtwerke Süd".into(),
        lines: lines(),
        total: 12,
        url: "https://iot.example/app/events".into(),
        footer: footer(),
    };
    snapshot("group", &Letter::Findings(letter));
}

#[test]
fn one_event_that_is_not_about_a_finding_is_its_own_subject() {
    let lines = lines().split_off(2);
    let letter = GroupLetter {
        organization: "Stadtwerke Süd".into(),
        lines,
        total: 1,
        url: "https://iot.example/app/events".into(),
        footer: footer(),
    };
    let subject = compose(&Letter::Findings(letter)).subject;
    assert_eq!(subject, "[iotmonitor] new host: 203.0.113.20 was seen for the first time (Plant network)");
}

#[test]
fn the_first_poll_is_one_letter() {
    let letter = SummaryLetter {
        organization: "Stadtwerke Süd".into(),
        assets: 40,
        services: 112,
        counts: vec![
            (Severity::Critical, 1),
            (Severity::High, 4),
            (Severity::Medium, 9),
            (Severity::Low, 0),
            (Severity::Info, 3),
        ],
        worst: lines().drain(..2).collect(),
        url: "https://iot.example/app/findings".into(),
        footer: footer(),
    };
    snapshot("first_poll", &Letter::FirstPoll(letter));
}

#[test]
fn a_first_poll_that_found_nothing_says_so() {
    let letter = SummaryLetter {
        organization: "Stadtwerke Süd".into(),
        assets: 1,
        services: 0,
        counts: vec![],
        worst: vec![],
        url: "https://iot.example/app/findings".into(),
        footer: footer(),
    };
    let composed = compose(&Letter::FirstPoll(letter));
    assert_eq!(composed.subject, "[iotmonitor] First poll of 1 asset: 0 findings");
    assert!(composed.text.contains("Nothing is wrong as far as the Internet can see."), "{}", composed.text);
}

#[test]
fn a_test_asks_for_nothing() {
    let letter = TestLetter {
        organization: "Stadtwerke Süd".into(),
        actor: Some("Ana Ruiz".into()),
        at: at("2026-11-22T12:00:00Z"),
        footer: footer(),
    };
    snapshot("test", &Letter::Test(letter));
}

fn confirm() -> ConfirmLetter {
    ConfirmLetter {
        organization: "Stadtwerke Süd".into(),
        channel: "Plant operations".into(),
        actor: Some("Ana Ruiz".into()),
        url: "https://iot.example/hooks/email/confirm/tok_1".into(),
        code: "4711-0815".into(),
        expires_at: at("2026-11-23T12:00:00Z"),
    }
}

#[test]
fn a_confirmation_has_a_link_and_a_code() {
    snapshot("confirm", &Letter::Confirm(confirm()));
}

#[test]
fn a_confirmation_carries_no_link_of_whoever_asked_for_it() {
    let letter = ConfirmLetter {
        organization: "You won! https://evil.example/prize".into(),
        actor: Some("www.evil.example".into()),
        ..confirm()
    };
    let composed = compose(&Letter::Confirm(letter));
    for part in [&composed.text, &composed.html, &composed.subject] {
        assert!(!part.contains("://evil") && !part.contains("evil.example"), "{part}");
    }
}

#[test]
fn a_failing_channel_is_told_before_it_is_switched_off() {
    let letter = ChannelLetter {
        organization: "Stadtwerke Süd".into(),
        channel: "SIEM webhook".into(),
        disabled: false,
        failing_since: at("2026-11-21T12:00:00Z"),
        last_error: "HTTP 503".into(),
        undelivered: 17,
        disabled_at: Some(at("2026-11-26T12:00:00Z")),
        url: "https://iot.example/app/channels/chn_2".into(),
        footer: footer(),
    };
    snapshot("channel_failing", &Letter::ChannelFailing(letter.clone()));
    snapshot("channel_disabled", &Letter::ChannelFailing(ChannelLetter { disabled: true, ..letter }));
}

/// Takes out everything that the templates themselves write with angle brackets.
fn foreign_markup(html: &str, harmless: &str) -> bool {
    let tags = |html: &str| html.matches('<').count();
    tags(html) != tags(harmless)
}

/// What ends a line, or turns the direction of reading.
const STEERING: [char; 4] = ['\r', '\n', '\0', '\u{202e}'];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever a banner, a title or a name holds: no markup, no second line in the subject, no link of theirs.
    #[test]
    fn no_text_of_strangers_becomes_markup(hostile in "[<>\"'&a-z/=: \r\n\u{0}\u{202e}]{0,60}") {
        let hostile = format!("x{hostile}<script>alert(1)</script>\"><img src=x onerror=y>\r\nBcc: z");
        let with = |text: &str| FindingLetter {
            title: text.into(), asset: text.into(), owner: Some(text.into()), place: Some(text.into()), organization: text.into(),
            reasons: vec![text.into()], remediation: text.lines().collect::<String>(), actor: Some(text.into()),
            changes: vec![Change { field: text.into(), before: Some(text.into()), after: None }],
            evidence: vec![EvidenceLine { source: text.into(), field: text.into(), value: text.into(), observed_at: at("2026-11-22T09:10:00Z") }],
            footer: Footer { channel: text.into(), ..footer() },
            ..finding()
        };
        let evil = compose(&Letter::Finding(Box::new(with(&hostile))));
        let tame = compose(&Letter::Finding(Box::new(with("tame"))));
        prop_assert!(!foreign_markup(&evil.html, &tame.html), "{}", evil.html);
        prop_assert!(!evil.subject.contains(STEERING), "{}", evil.subject);
        prop_assert!(evil.subject.len() <= 200);
        prop_assert!(!evil.text.replace('\n', "").contains(STEERING), "{}", evil.text);
    }
}

fn account(matter: AccountMatter, link: bool) -> Letter {
    let link = link.then(|| AccountLink {
        url: "https://iot.example/app/verify-email#token=iotv_1".into(),
        code: "iotv_1".into(),
        expires_at: at("2026-11-23T12:00:00Z"),
    });
    Letter::Account(Box::new(AccountLetter {
        matter,
        name: Some("Ana Ruiz".into()),
        at: at("2026-11-22T12:00:00Z"),
        link,
    }))
}

#[test]
fn a_letter_about_an_account_says_what_to_do_and_what_if_it_was_not_you() {
    let words = Stationery.compose(&account(AccountMatter::ResetPassword, true));
    assert_eq!(words.subject, "[iotmonitor] Choose a new password");
    for part in [&words.text, &words.html] {
        for said in ["Hello Ana Ruiz", "#token=iotv_1", "2026-11-23 12:00 UTC", "do nothing"] {
            assert!(part.contains(said), "{said}: {part}");
        }
    }
    let told = Stationery.compose(&account(AccountMatter::PasswordChanged, false));
    assert!(told.text.contains("If it was not you") && !told.text.contains("http"), "{}", told.text);
}

#[test]
fn an_invitation_cannot_be_made_a_lure() {
    let matter = AccountMatter::Invitation {
        organization: "Acme https://evil.example/x".into(),
        actor: "www.evil.example\r\nBcc: all@example.com".into(),
        role: domain::role::Role::Viewer,
    };
    let words = Stationery.compose(&account(matter, true));
    for part in [&words.text, &words.html] {
        assert!(!part.contains("://evil") && !part.contains("www.evil"), "{part}");
    }
    assert_eq!(words.text.matches("https://").count(), 1);
}
