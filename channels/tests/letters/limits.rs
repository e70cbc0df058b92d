//! The largest that can be said stays within what each product takes, whatever it is made of.

use app::ports::{
    ChannelLetter, ChatService, DigestLetter, EventLine, EvidenceLine, FindingLetter, Footer, GroupLetter, Incident,
    Letter, Letters, SummaryLetter,
};
use channels::email::Stationery;
use domain::event::{Action, Change, EventType};
use domain::severity::Severity;

use crate::fixtures::{at, channel, digest, finding, first_poll, group};
use crate::messenger::{SERVICES, body, messenger};

/// Characters that grow when a product's markup or JSON escapes them, or that are many bytes, or two UTF-16 units.
const STUFF: [&str; 12] = ["a", "\"", "\\", "&", "<", "`", "*_~|", "]((", "é", "\u{1f4a3}", "@here ", "a b"];

/// More than any input allows.
const MANY: usize = 100;
const LONG: usize = 12_000;

fn huge(stuff: &str) -> Vec<Letter> {
    let text = stuff.repeat(LONG / stuff.len());
    let url = format!("https://iot.example/{}", "a%3C".repeat(2_000));
    let footer = Footer {
        channel_id: text.clone(),
        channel: text.clone(),
        manage_url: url.clone(),
        unsubscribe_url: Some(url.clone()),
    };
    let line = EventLine {
        event: EventType::FindingSeverityChanged,
        at: at("2026-11-22T12:00:00Z"),
        severity: Some(Severity::Critical),
        title: text.clone(),
        place: Some(text.clone()),
        asset: Some(text.clone()),
        url: format!("https://iot.example/{}", "a".repeat(900)),
    };
    let evidence =
        EvidenceLine { source: text.clone(), field: text.clone(), value: text.clone(), observed_at: line.at };
    let change = Change { field: text.clone(), before: Some(text.clone()), after: Some(text.clone()) };
    let lines = vec![line.clone(); MANY];
    let counts = Severity::ALL.map(|severity| (severity, u32::MAX)).to_vec();
    let finding = FindingLetter {
        finding: text.clone(),
        organization: text.clone(),
        actor: Some(text.clone()),
        changes: vec![change; MANY],
        note: Some(vec![text.clone(); 20].join("\n")),
        severity: Severity::Critical,
        title: text.clone(),
        place: Some(text.clone()),
        asset: text.clone(),
        owner: Some(text.clone()),
        reasons: vec![text.clone(); MANY],
        evidence: vec![evidence; MANY],
        remediation: vec![text.clone(); 20].join("\n"),
        url: url.clone(),
        footer: footer.clone(),
        ..finding()
    };
    let total = u32::MAX;
    vec![
        Letter::Finding(Box::new(finding)),
        Letter::Findings(GroupLetter {
            organization: text.clone(),
            lines: lines.clone(),
            total,
            url: url.clone(),
            footer: footer.clone(),
        }),
        Letter::Findings(GroupLetter { lines: vec![line], total: 1, ..group() }),
        Letter::FirstPoll(SummaryLetter {
            counts: counts.clone(),
            worst: lines.clone(),
            assets: total,
            services: total,
            ..first_poll()
        }),
        Letter::Digest(DigestLetter {
            opened: counts,
            lines,
            total,
            resolved: total,
            footer: footer.clone(),
            ..digest(app::ports::Period::Weekly)
        }),
        Letter::ChannelFailing(ChannelLetter {
            organization: text.clone(),
            channel: text.clone(),
            last_error: text,
            undelivered: total,
            url,
            footer,
            ..channel()
        }),
    ]
}

#[test]
fn the_largest_letter_is_taken_by_every_product() {
    let messenger = messenger();
    for stuff in STUFF {
        let incident = Incident { key: stuff.repeat(1_000), action: Action::Open };
        for letter in huge(stuff) {
            for service in SERVICES {
                let body = body(&messenger, service, &letter, Some(&incident));
                assert!(body.is_some() || service == ChatService::PagerDuty, "{service:?} {stuff}");
            }
        }
    }
}

/// What nobody can read to the end is not sent: a few hundred KB at the very most, the subject a line.
#[test]
fn the_largest_mail_is_bounded() {
    for stuff in STUFF {
        for letter in huge(stuff) {
            let mail = Stationery.compose(&letter);
            assert!(mail.subject.len() <= 200, "{stuff}");
            assert!(
                mail.text.len() + mail.html.len() <= 2_000_000,
                "{stuff}: {} bytes",
                mail.text.len() + mail.html.len()
            );
            assert!(mail.headers.iter().all(|(_, value)| value.len() <= 300), "{stuff}");
        }
    }
}

#[test]
fn a_letter_of_nothing_is_taken_too() {
    let messenger = messenger();
    let incident = Incident { key: "k".into(), action: Action::Open };
    let finding = FindingLetter {
        title: String::new(),
        asset: String::new(),
        place: None,
        owner: None,
        organization: String::new(),
        reasons: vec![],
        evidence: vec![],
        remediation: String::new(),
        url: String::new(),
        footer: Footer::default(),
        ..finding()
    };
    let nothing = GroupLetter {
        organization: String::new(),
        lines: vec![],
        total: 0,
        url: String::new(),
        footer: Footer::default(),
    };
    for letter in [Letter::Finding(Box::new(finding)), Letter::Findings(nothing)] {
        for service in SERVICES {
            let body = body(&messenger, service, &letter, Some(&incident));
            assert!(body.is_some() || service == ChatService::PagerDuty, "{service:?}");
        }
    }
}
