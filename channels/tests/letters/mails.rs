//! The words of each letter in mail. After a change: `INSTA_UPDATE=always`, and read the difference.

use app::ports::{
    AccountMatter, Composed, ConfirmLetter, EventLine, FindingLetter, Footer, GroupLetter, Letter, Letters,
    SummaryLetter,
};
use channels::email::Stationery;

use crate::fixtures::{account, confirm, finding, first_poll, footer, group, lines, of_accounts, of_channels};

fn compose(letter: &Letter) -> Composed {
    Stationery.compose(letter)
}

/// Headers and both parts of every letter in one snapshot each.
#[test]
fn every_letter_says_what_there_is_to_know() {
    for (name, letter) in of_channels().into_iter().chain(of_accounts()) {
        let composed = compose(&letter);
        let headers: String = composed.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let text = format!("Subject: {}\n{headers}\n{}", composed.subject, composed.text);
        insta::assert_snapshot!(format!("{name}.txt"), text);
        insta::assert_snapshot!(format!("{name}.html"), composed.html);
    }
}

#[test]
fn one_event_that_is_not_about_a_finding_is_its_own_subject() {
    let lines: Vec<EventLine> = lines().split_off(2);
    let subject = compose(&Letter::Findings(GroupLetter { lines, total: 1, ..group() })).subject;
    assert_eq!(subject, "[iotmonitor] new host: 203.0.113.20 was seen for the first time (Plant network)");
}

#[test]
fn a_first_poll_that_found_nothing_says_so() {
    let letter = SummaryLetter { assets: 1, services: 0, counts: vec![], worst: vec![], ..first_poll() };
    let composed = compose(&Letter::FirstPoll(letter));
    assert_eq!(composed.subject, "[iotmonitor] First poll of 1 asset: 0 findings");
    assert!(composed.text.contains("Nothing is wrong as far as the Internet can see."), "{}", composed.text);
}

#[test]
fn every_subject_begins_alike_and_every_letter_of_a_channel_names_its_list() {
    for (name, letter) in of_channels() {
        let composed = compose(&letter);
        assert!(composed.subject.starts_with("[iotmonitor] "), "{name}: {}", composed.subject);
        assert!(composed.headers.contains(&("List-Id".into(), "<chn_1.iot.example>".into())), "{name}");
    }
    for (name, letter) in of_accounts() {
        assert!(compose(&letter).headers.iter().all(|(header, _)| header != "List-Id"), "{name} is of no list");
    }
}

#[test]
fn letters_about_one_finding_are_one_conversation() {
    let references = |id: &str| {
        let letter = FindingLetter { finding: id.into(), ..finding() };
        compose(&Letter::Finding(Box::new(letter))).headers.into_iter().find(|(name, _)| name == "References")
    };
    assert_eq!(references("fnd_1"), Some(("References".into(), "<fnd_1@findings.iotmonitor>".into())));
    assert_eq!(references("fnd>\r\nBcc: x"), None);
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
fn a_way_out_stands_in_every_letter_that_has_one() {
    let without = Footer { unsubscribe_url: None, ..footer() };
    let with = compose(&Letter::Findings(group()));
    let without = compose(&Letter::Findings(GroupLetter { footer: without, ..group() }));
    assert!(with.html.contains("Stop these mails") && with.text.contains("Stop these mails: https://"));
    assert!(!without.html.contains("Stop these mails") && !without.text.contains("Stop these mails"));
}

#[test]
fn a_letter_about_an_account_says_what_to_do_and_what_if_it_was_not_you() {
    let words =
        Stationery.compose(&account(AccountMatter::ResetPassword, Some("https://iot.example/app/reset#token=iotv_1")));
    assert_eq!(words.subject, "[iotmonitor] Choose a new password");
    for part in [&words.text, &words.html] {
        for said in ["Hello Ana Ruiz", "#token=iotv_1", "2026-11-23 12:00 UTC", "do nothing"] {
            assert!(part.contains(said), "{said}: {part}");
        }
    }
    let told = Stationery.compose(&account(AccountMatter::PasswordChanged, None));
    assert!(told.text.contains("If it was not you") && !told.text.contains("http"), "{}", told.text);
}

#[test]
fn an_invitation_cannot_be_made_a_lure() {
    let matter = AccountMatter::Invitation {
        organization: "Acme https://evil.example/x".into(),
        actor: "www.evil.example\r\nBcc: all@example.com".into(),
        role: domain::role::Role::Viewer,
    };
    let words = Stationery.compose(&account(matter, Some("https://iot.example/app/invitations#token=iotv_1")));
    for part in [&words.text, &words.html] {
        assert!(!part.contains("://evil") && !part.contains("www.evil"), "{part}");
    }
    assert_eq!(words.text.matches("https://").count(), 1);
}
