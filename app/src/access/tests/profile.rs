use jiff::SignedDuration;

use super::*;
use crate::access::password::{Password, tests::old_hash};
use crate::access::store::Command;
use crate::ports::Op;

fn named(name: &str) -> ProfilePatch {
    ProfilePatch { name: Some(name.into()), ..ProfilePatch::default() }
}

fn moved(email: &str) -> ProfilePatch {
    ProfilePatch { email: Some(email.into()), ..ProfilePatch::default() }
}

#[tokio::test]
async fn a_profile_changes_field_by_field_and_history_keeps_the_old_name() {
    let bench = Bench::new();
    let ada = registered(&bench).await.caller;
    bench.clock.advance(SignedDuration::from_secs(1));
    let patch = ProfilePatch { time_zone: Some("Europe/Rome".into()), ..named(" Ada King ") };
    let user = update_profile(&bench, &ada, &patch).await.unwrap();
    assert_eq!((user.name.as_str(), user.time_zone.as_str()), ("Ada King", "Europe/Rome"));
    let log = told(&bench, &ada).await;
    assert_eq!(log.last().unwrap(), "Ada King user.updated Ada King");
    assert!(log.contains(&"Ada organization.created Ada's organization".to_owned()), "{log:?}");
    for bad in ["", "Mars", "Europe/../../etc", &"A/".repeat(40)] {
        let patch = ProfilePatch { time_zone: Some(bad.into()), ..ProfilePatch::default() };
        assert_eq!(code(update_profile(&bench, &ada, &patch).await), (UserErrorCode::Invalid, "timeZone".into()));
    }
    assert_eq!(code(update_profile(&bench, &ada, &named(" ")).await).0, UserErrorCode::Required);
}

#[tokio::test]
async fn a_new_address_counts_once_its_mailbox_answered_and_the_old_one_is_told() {
    let bench = Mailing::new();
    let owner = registered(&bench).await.caller;
    let first = bench.token("verifyAddress").await;
    assert!(verify_email(&bench, &first, &anywhere()).await.unwrap().email_verified);
    assert_eq!(code(verify_email(&bench, &first, &anywhere()).await).0, UserErrorCode::Expired, "it works once");

    let user = update_profile(&bench, &owner, &moved("countess@example.com")).await.unwrap();
    assert_eq!(user.email.as_str(), "Ada@example.com");
    let letters = bench.letters().await;
    assert_eq!(letters[0].0, "countess@example.com");
    login(&bench, login_of("countess@example.com", PASSWORD), &anywhere()).await.unwrap_err();
    let user = verify_email(&bench, letters[0].2.as_ref().unwrap(), &anywhere()).await.unwrap();
    assert_eq!((user.email.as_str(), user.email_verified), ("countess@example.com", true));
    let told = bench.letters().await;
    assert_eq!((told[0].0.as_str(), told[0].1.as_str()), ("Ada@example.com", "addressChanged"));
    login(&bench, login_of("countess@example.com", PASSWORD), &anywhere()).await.unwrap();
    login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap_err();
    // The old address is free for somebody else.
    bench.clock.advance(SignedDuration::from_hours(2));
    registered(&bench).await;
}

#[tokio::test]
async fn an_address_of_somebody_else_is_not_to_be_had() {
    let bench = Mailing::new();
    let ada = registered(&bench).await.caller;
    let input = Register { email: "eve@example.com".into(), name: "Eve".into(), ..super::ada() };
    let eve = register(&bench, input, &anywhere()).await.unwrap().caller;
    bench.letters().await;
    assert_eq!(code(update_profile(&bench, &eve, &moved("ADA@example.com")).await).0, UserErrorCode::Taken);
    update_profile(&bench, &eve, &moved("new@example.com")).await.unwrap();
    update_profile(&bench, &ada, &moved("new@example.com")).await.unwrap();
    let tokens: Vec<String> = bench.letters().await.into_iter().filter_map(|(_, _, code)| code).collect();
    verify_email(&bench, &tokens[0], &anywhere()).await.unwrap();
    assert_eq!(code(verify_email(&bench, &tokens[1], &anywhere()).await).0, UserErrorCode::Taken);
}

#[tokio::test]
async fn a_link_to_verify_works_for_a_day_and_the_last_one_alone() {
    let bench = Mailing::new();
    let ada = registered(&bench).await.caller;
    let first = bench.token("verifyAddress").await;
    update_profile(&bench, &ada, &moved("ada@example.com")).await.unwrap();
    let second = bench.token("verifyAddress").await;
    assert_eq!(code(verify_email(&bench, &first, &anywhere()).await).0, UserErrorCode::Expired);
    bench.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(code(verify_email(&bench, &second, &anywhere()).await).0, UserErrorCode::Expired);
    for garbage in ["", "x", "iotv_", &second.replace("iotv_", "iotr_")] {
        assert_eq!(code(verify_email(&bench, garbage, &anywhere()).await).0, UserErrorCode::Expired);
    }
}

#[tokio::test]
async fn changing_the_password_ends_every_other_session() {
    let bench = Mailing::new();
    let first = registered(&bench).await;
    let second = login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
    let wrong = change_password(&bench, &second.caller, "not this one", "another sentence").await;
    assert_eq!(code(wrong), (UserErrorCode::InvalidCredentials, "currentPassword".into()));
    let weak = change_password(&bench, &second.caller, PASSWORD, "short").await;
    assert_eq!(code(weak), (UserErrorCode::WeakPassword, "newPassword".into()));
    bench.letters().await;
    change_password(&bench, &second.caller, PASSWORD, "another sentence").await.unwrap();
    assert!(bearer(&bench, &first.token).await.is_none() && bearer(&bench, &second.token).await.is_some());
    assert_eq!(bench.letters().await[0].1, "passwordChanged");
    login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap_err();
    login(&bench, login_of("ada@example.com", "another sentence"), &anywhere()).await.unwrap();
}

#[tokio::test]
async fn guessing_the_current_password_is_slowed_down_as_at_the_door() {
    let bench = Bench::new();
    let ada = registered(&bench).await.caller;
    for _ in 0..3 {
        change_password(&bench, &ada, "not this one", "another sentence").await.unwrap_err();
    }
    assert!(matches!(change_password(&bench, &ada, PASSWORD, "another sentence").await, Err(Error::RateLimited(_))));
}

#[tokio::test]
async fn a_password_that_was_hashed_with_less_work_is_hashed_anew_at_login() {
    let bench = Bench::new();
    let ada = registered(&bench).await.caller;
    let partition = user::partition(ada.user.as_ref().unwrap());
    let old = Password { hash: old_hash(PASSWORD), changed_at: bench.now() };
    let command = Command::new(&bench);
    let row = command.row(user::PASSWORD, &old).unwrap();
    command.apply(&partition, vec![Op::Upsert(row)]).await.unwrap();
    for hashes in [2, 1] {
        let before = bench.hashing.done();
        login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
        assert_eq!(bench.hashing.done() - before, hashes);
    }
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_nobody_elses() {
    let bench = Bench::new();
    let ada = registered(&bench).await;
    let bob = joined(&bench, &ada.caller, "Bob", domain::role::Role::Admin).await;
    let second = login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
    let id = second.caller.session.clone().unwrap();
    assert_eq!(code(revoke_session(&bench, &bob.caller, &id).await).0, UserErrorCode::NotFound);
    revoke_session(&bench, &ada.caller, &id).await.unwrap();
    assert!(bearer(&bench, &second.token).await.is_none() && bearer(&bench, &ada.token).await.is_some());
}
