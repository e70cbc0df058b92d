//! One letter of each kind, all true to life, one of them with a banner that says what banners say.

use app::ports::{
    AccountLetter, AccountLink, AccountMatter, ChannelLetter, ConfirmLetter, DigestLetter, EventLine, EvidenceLine,
    FindingLetter, FloodLetter, Footer, GroupLetter, Letter, Period, ReleaseLetter, ReminderLetter, SourceLetter,
    SummaryLetter, TestLetter,
};
use domain::event::{Change, EventType};
use domain::severity::{Confidence, Severity};
use jiff::Timestamp;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn footer() -> Footer {
    Footer {
        channel_id: "chn_1".into(),
        channel: "Plant operations".into(),
        manage_url: "https://iot.example/app/channels/chn_1".into(),
        unsubscribe_url: Some("https://iot.example/hooks/email/unsubscribe/tok_1".into()),
    }
}

pub(crate) fn finding() -> FindingLetter {
    FindingLetter {
        finding: "fnd_1".into(),
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

pub(crate) fn line(
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

pub(crate) fn lines() -> Vec<EventLine> {
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

const ORGANIZATION: &str = "Stadtwerke Süd";
const URL: &str = "https://iot.example/app/findings";

pub(crate) fn resolved() -> FindingLetter {
    FindingLetter {
        event: EventType::FindingResolved,
        actor: Some("Ana Ruiz".into()),
        changes: vec![Change { field: "state".into(), before: Some("OPEN".into()), after: Some("RESOLVED".into()) }],
        note: Some("Replaced the device.\nThe old one is scrapped.".into()),
        due_at: None,
        ..finding()
    }
}

pub(crate) fn group() -> GroupLetter {
    let url = "https://iot.example/app/events".into();
    GroupLetter { organization: ORGANIZATION.into(), lines: lines(), total: 12, url, footer: footer() }
}

pub(crate) fn reminder() -> ReminderLetter {
    ReminderLetter {
        organization: ORGANIZATION.into(),
        lines: lines().drain(..2).collect(),
        counts: counts(),
        total: 17,
        overdue: 3,
        url: URL.into(),
        footer: footer(),
    }
}

fn counts() -> Vec<(Severity, u32)> {
    let counts = [1, 4, 9, 0, 3];
    Severity::ALL.into_iter().rev().zip(counts).collect()
}

pub(crate) fn first_poll() -> SummaryLetter {
    SummaryLetter {
        organization: ORGANIZATION.into(),
        assets: 40,
        services: 112,
        counts: counts(),
        worst: lines().drain(..2).collect(),
        url: URL.into(),
        footer: footer(),
    }
}

pub(crate) fn digest(period: Period) -> DigestLetter {
    let from = match period {
        Period::Hourly => "2026-11-22T11:00:00Z",
        Period::Daily => "2026-11-21T12:00:00Z",
        Period::Weekly => "2026-11-15T12:00:00Z",
    };
    DigestLetter {
        organization: ORGANIZATION.into(),
        period,
        from: at(from),
        until: at("2026-11-22T12:00:00Z"),
        opened: counts(),
        resolved: 2,
        lines: lines(),
        total: 31,
        url: URL.into(),
        footer: footer(),
    }
}

pub(crate) fn channel() -> ChannelLetter {
    ChannelLetter {
        organization: ORGANIZATION.into(),
        channel: "SIEM webhook".into(),
        disabled: false,
        failing_since: at("2026-11-21T12:00:00Z"),
        last_error: "HTTP 503".into(),
        undelivered: 17,
        disabled_at: Some(at("2026-11-26T12:00:00Z")),
        url: "https://iot.example/app/channels/chn_2".into(),
        footer: footer(),
    }
}

fn source(event: EventType, message: &str) -> Letter {
    let low = event == EventType::CreditsLow;
    Letter::Source(SourceLetter {
        organization: ORGANIZATION.into(),
        event,
        at: at("2026-11-22T12:00:00Z"),
        source: "Shodan".into(),
        since: (!low).then(|| at("2026-11-22T11:57:00Z")),
        message: message.into(),
        affected_assets: (!low).then_some(212),
        credits_left: low.then_some(19),
        resets_at: low.then(|| at("2026-12-01T00:00:00Z")),
        url: "https://iot.example/app/sources".into(),
        footer: footer(),
    })
}

pub(crate) fn confirm() -> ConfirmLetter {
    ConfirmLetter {
        organization: ORGANIZATION.into(),
        channel: "Plant operations".into(),
        actor: Some("Ana Ruiz".into()),
        url: "https://iot.example/hooks/email/confirm/tok_1".into(),
        code: "4711-0815".into(),
        expires_at: at("2026-11-23T12:00:00Z"),
    }
}

/// What a channel gets.
pub(crate) fn of_channels() -> Vec<(&'static str, Letter)> {
    let empty = DigestLetter { opened: vec![], resolved: 0, lines: vec![], total: 0, ..digest(Period::Daily) };
    vec![
        ("finding_opened", Letter::Finding(Box::new(finding()))),
        ("finding_resolved", Letter::Finding(Box::new(resolved()))),
        ("group", Letter::Findings(group())),
        ("first_poll", Letter::FirstPoll(first_poll())),
        ("digest_hourly", Letter::Digest(digest(Period::Hourly))),
        ("digest_daily", Letter::Digest(digest(Period::Daily))),
        ("digest_weekly", Letter::Digest(digest(Period::Weekly))),
        ("digest_empty", Letter::Digest(empty)),
        (
            "flood",
            Letter::Flood(FloodLetter {
                organization: ORGANIZATION.into(),
                since: at("2026-11-22T11:00:00Z"),
                limit: 20,
                counts: counts(),
                worst: lines(),
                total: 340,
                url: URL.into(),
                footer: footer(),
            }),
        ),
        (
            "release",
            Letter::Release(ReleaseLetter {
                organization: ORGANIZATION.into(),
                from: at("2026-11-21T21:00:00Z"),
                until: at("2026-11-22T06:00:00Z"),
                lines: lines().drain(..2).collect(),
                ended: lines().drain(2..).collect(),
                total: 2,
                url: URL.into(),
                footer: footer(),
            }),
        ),
        ("reminder", Letter::Reminder(reminder())),
        ("source_failing", source(EventType::SourceFailing, "401 Unauthorized: the key was rejected")),
        ("source_recovered", source(EventType::SourceRecovered, "")),
        ("credits_low", source(EventType::CreditsLow, "")),
        ("channel_failing", Letter::ChannelFailing(channel())),
        ("channel_disabled", Letter::ChannelFailing(ChannelLetter { disabled: true, ..channel() })),
        (
            "test",
            Letter::Test(TestLetter {
                organization: ORGANIZATION.into(),
                actor: Some("Ana Ruiz".into()),
                at: at("2026-11-22T12:00:00Z"),
                footer: footer(),
            }),
        ),
    ]
}

/// What one person gets, by mail only.
pub(crate) fn of_accounts() -> Vec<(&'static str, Letter)> {
    vec![
        ("confirm", Letter::Confirm(confirm())),
        (
            "invitation",
            account(
                AccountMatter::Invitation {
                    organization: ORGANIZATION.into(),
                    actor: "Ana Ruiz".into(),
                    role: domain::role::Role::Viewer,
                },
                Some("https://iot.example/app/invitations#token=iotv_2"),
            ),
        ),
        ("verify", account(AccountMatter::VerifyAddress, Some("https://iot.example/app/verify-email#token=iotv_3"))),
        ("reset", account(AccountMatter::ResetPassword, Some("https://iot.example/app/reset#token=iotv_4"))),
        ("password_changed", account(AccountMatter::PasswordChanged, None)),
        ("address_changed", account(AccountMatter::AddressChanged, None)),
        ("identity_linked", account(AccountMatter::IdentityLinked { issuer: "https://id.example".into() }, None)),
        ("account_deleted", account(AccountMatter::AccountDeleted, None)),
    ]
}

/// A letter about an account, perhaps with something to follow.
pub(crate) fn account(matter: AccountMatter, url: Option<&str>) -> Letter {
    let link = url.map(|url| AccountLink {
        url: url.into(),
        code: url.rsplit('=').next().unwrap_or_default().into(),
        expires_at: at("2026-11-23T12:00:00Z"),
    });
    let invited = matches!(matter, AccountMatter::Invitation { .. });
    Letter::Account(Box::new(AccountLetter {
        matter,
        // Nobody knows what somebody is called who has no account yet.
        name: (!invited).then(|| "Ana Ruiz".into()),
        at: at("2026-11-22T12:00:00Z"),
        link,
    }))
}
