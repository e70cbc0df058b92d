//! 10 000 banners from hostile mouths, in every field that a stranger can fill: nobody is called, nothing leads
//! elsewhere, nothing becomes markup, nothing panics, and every product would take it.

use app::ports::{
    ChatService, EventLine, EvidenceLine, FindingLetter, Footer, GroupLetter, Incident, Letter, Letters, SourceLetter,
};
use channels::email::Stationery;
use domain::event::{Action, EventType};
use domain::severity::Severity;

use crate::banners::banners;
use crate::fixtures::{at, finding, footer, group};
use crate::messenger::{body, messenger};
use crate::products::active;

const BANNERS: usize = 10_000;

/// Every field that a device, a DNS server, a source or another organization's person may have filled.
fn letters(said: &str) -> Vec<Letter> {
    let text = || format!("x{said}");
    let evidence =
        EvidenceLine { source: text(), field: text(), value: text(), observed_at: at("2026-11-22T09:10:00Z") };
    let line = EventLine {
        event: EventType::ServiceOpened,
        at: at("2026-11-22T12:00:00Z"),
        severity: Some(Severity::High),
        title: text(),
        place: Some(text()),
        asset: Some(text()),
        url: "https://iot.example/app/findings/fnd_1".into(),
    };
    let footer = Footer { channel: text(), ..footer() };
    let finding = FindingLetter {
        title: text(),
        place: Some(text()),
        asset: text(),
        owner: Some(text()),
        reasons: vec![text(); 2],
        evidence: vec![evidence; 2],
        footer: footer.clone(),
        ..finding()
    };
    vec![
        Letter::Finding(Box::new(finding)),
        Letter::Findings(GroupLetter { lines: vec![line; 2], total: 2, footer: footer.clone(), ..group() }),
        Letter::Source(SourceLetter {
            organization: "Stadtwerke Süd".into(),
            event: EventType::SourceFailing,
            at: at("2026-11-22T12:00:00Z"),
            source: text(),
            since: None,
            message: text(),
            affected_assets: None,
            credits_left: None,
            resets_at: None,
            url: "https://iot.example/app/sources".into(),
            footer,
        }),
    ]
}

/// Every banner is told as a finding, and every tenth in the other letters, whose fields are the same few.
fn is_told(letter: usize, turn: u32) -> bool {
    letter == 0 || turn.is_multiple_of(10)
}

#[test]
fn no_banner_is_active_in_slack() {
    no_banner_is_active_in(ChatService::Slack);
}

#[test]
fn no_banner_is_active_in_teams() {
    no_banner_is_active_in(ChatService::Teams);
}

#[test]
fn no_banner_is_active_in_discord() {
    no_banner_is_active_in(ChatService::Discord);
}

#[test]
fn no_banner_is_active_in_pagerduty() {
    no_banner_is_active_in(ChatService::PagerDuty);
}

fn no_banner_is_active_in(service: ChatService) {
    let messenger = messenger();
    let incident = Incident { key: "fnd_1".into(), action: Action::Open };
    let active_in =
        |letter: &Letter| body(&messenger, service, letter, Some(&incident)).map(|body| active(service, &body));
    let tame: Vec<usize> =
        letters("").iter().map(|letter| active_in(letter).map_or(0, |active| active.links.len())).collect();
    for (banner, turn) in banners(BANNERS).zip(0..) {
        for (letter, at) in letters(&banner).iter().zip(0..).filter(|(_, at)| is_told(*at, turn)) {
            let Some(active) = active_in(letter) else { continue };
            assert!(active.others.is_empty(), "{banner:?} → {:?}", active.others);
            let ours = active.links.iter().all(|link| link.starts_with("https://iot.example/app/"));
            assert!(ours && active.links.len() == tame[at], "{banner:?} → {:?}", active.links);
        }
    }
}

/// What ends a line, or turns the direction of reading.
const STEERING: [char; 6] = ['\r', '\n', '\0', '\u{1b}', '\u{202e}', '\u{2028}'];

#[test]
fn no_banner_is_active_in_a_mail() {
    let tame: Vec<_> = letters("").iter().map(|letter| Stationery.compose(letter)).collect();
    for (banner, turn) in banners(BANNERS).zip(0..) {
        for ((letter, tame), _) in letters(&banner).iter().zip(&tame).zip(0..).filter(|(_, at)| is_told(*at, turn)) {
            let mail = Stationery.compose(letter);
            assert!(!mail.subject.contains(STEERING) && mail.subject.len() <= 200, "{:?}", mail.subject);
            assert!(!mail.text.replace('\n', "").contains(STEERING), "{:?}", mail.text);
            assert_eq!(mail.headers, tame.headers, "{banner:?}");
            assert_eq!(mail.html.matches('<').count(), tame.html.matches('<').count(), "{banner:?}: {}", mail.html);
            assert_eq!(mail.text.lines().count(), tame.text.lines().count(), "{banner:?}: {}", mail.text);
            for part in [&mail.html, &mail.text, &mail.subject] {
                let elsewhere = part.matches("://").count() - part.matches("https://iot.example/").count();
                assert_eq!(elsewhere, 0, "{banner:?}: {part}");
                assert!(!part.to_lowercase().contains("www.") && !part.to_lowercase().contains("mailto:"), "{part}");
            }
        }
    }
}
