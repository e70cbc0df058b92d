//! The bodies of chat messages. After a change: `INSTA_UPDATE=always`, and read the difference.

use app::ports::{ChatService, Chats, FindingLetter, GroupLetter, Incident, Letter};
use domain::event::{Action, EventType};
use serde_json::json;

use crate::fixtures::{finding, group, lines, of_accounts, of_channels};
use crate::messenger::{SERVICES, body, messenger};

#[test]
fn every_letter_has_a_body_in_every_product() {
    let messenger = messenger();
    for (name, letter) in of_channels() {
        for (service, product) in SERVICES.into_iter().zip(["slack", "teams", "discord"]) {
            let body = body(&messenger, service, &letter, None).unwrap();
            insta::assert_snapshot!(format!("{name}.{product}"), serde_json::to_string_pretty(&body).unwrap());
        }
    }
}

fn incident(action: Action) -> Incident {
    Incident { key: "fnd_1".into(), action }
}

#[test]
fn an_incident_is_triggered_with_all_that_is_known() {
    let letter = Letter::Finding(Box::new(finding()));
    let body = body(&messenger(), ChatService::PagerDuty, &letter, Some(&incident(Action::Open))).unwrap();
    insta::assert_snapshot!("finding_opened.pagerduty", serde_json::to_string_pretty(&body).unwrap());
}

#[test]
fn an_incident_ends_and_is_acknowledged_by_its_key() {
    let letter = Letter::Finding(Box::new(finding()));
    for (action, word) in [(Action::Close, "resolve"), (Action::Acknowledge, "acknowledge")] {
        let body = body(&messenger(), ChatService::PagerDuty, &letter, Some(&incident(action))).unwrap();
        assert_eq!(body, json!({"event_action": word, "dedup_key": "fnd_1"}));
    }
    let reopened = body(&messenger(), ChatService::PagerDuty, &letter, Some(&incident(Action::Reopen))).unwrap();
    assert_eq!(reopened["event_action"], "trigger");
}

/// Otherwise every comment would wake somebody, and a raised severity nobody.
#[test]
fn an_open_incident_is_triggered_again_only_for_something_worse() {
    for (event, told) in [
        (EventType::FindingSeverityChanged, true),
        (EventType::FindingAddedToKev, true),
        (EventType::FindingOverdue, true),
        (EventType::FindingCommented, false),
        (EventType::FindingAssigned, false),
        (EventType::FindingUpdated, false),
    ] {
        let letter = Letter::Finding(Box::new(FindingLetter { event, ..finding() }));
        let body = body(&messenger(), ChatService::PagerDuty, &letter, Some(&incident(Action::Update)));
        assert_eq!(body.is_some(), told, "{event:?}");
    }
}

#[test]
fn what_pagerduty_has_no_use_for_is_not_sent() {
    let messenger = messenger();
    let finding = Letter::Finding(Box::new(finding()));
    let several = Letter::Findings(group());
    assert_eq!(messenger.compose(ChatService::PagerDuty, &finding, None), None);
    assert_eq!(messenger.compose(ChatService::PagerDuty, &finding, Some(&incident(Action::None))), None);
    assert_eq!(messenger.compose(ChatService::PagerDuty, &several, Some(&incident(Action::Open))), None);
    for (name, letter) in of_accounts() {
        assert_eq!(messenger.compose(ChatService::PagerDuty, &letter, Some(&incident(Action::Open))), None, "{name}");
    }
}

#[test]
fn what_is_no_finding_can_be_an_incident_too() {
    let messenger = messenger();
    for (name, letter) in of_channels() {
        let alone = !matches!(
            letter,
            Letter::Findings(_)
                | Letter::FirstPoll(_)
                | Letter::Digest(_)
                | Letter::Flood(_)
                | Letter::Release(_)
                | Letter::Reminder(_)
        );
        let body = body(&messenger, ChatService::PagerDuty, &letter, Some(&incident(Action::Open)));
        assert_eq!(body.is_some(), alone, "{name}");
    }
    let host = GroupLetter { lines: lines().split_off(2), total: 1, ..group() };
    let body =
        body(&messenger, ChatService::PagerDuty, &Letter::Findings(host), Some(&incident(Action::Open))).unwrap();
    assert_eq!(body["payload"]["summary"], "new host: 203.0.113.20 was seen for the first time (Plant network)");
}

#[test]
fn the_same_letter_gives_the_same_body() {
    let messenger = messenger();
    for (_, letter) in of_channels() {
        for service in SERVICES {
            let compose = || messenger.compose(service, &letter, Some(&incident(Action::Open)));
            assert_eq!(compose(), compose());
        }
    }
}
