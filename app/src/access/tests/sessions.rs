use jiff::SignedDuration;

use super::*;
use crate::ports::Tables;
use crate::testing::Fault;

#[tokio::test]
async fn login_opens_a_session_of_its_own_and_logout_ends_that_one_alone() {
    let bench = Bench::new();
    let first = registered(&bench).await;
    let second = login(&bench, login_of("ADA@example.com", PASSWORD), &anywhere()).await.unwrap();
    assert_ne!(first.token, second.token);
    assert_eq!(viewer(&bench, &second.caller).await.unwrap().sessions.len(), 2);
    logout(&bench, &second.caller).await.unwrap();
    assert!(bearer(&bench, &second.token).await.is_none());
    assert!(bearer(&bench, &first.token).await.is_some());
    logout(&bench, &second.caller).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_are_answered_alike() {
    let bench = Bench::new();
    registered(&bench).await;
    let (before, hashed) = (bench.tables.calls(), bench.hashing.done());
    let wrong = login(&bench, login_of("ada@example.com", "another sentence"), &anywhere()).await.unwrap_err();
    let (between, hashed_between) = (bench.tables.calls(), bench.hashing.done());
    let unknown = login(&bench, login_of("eve@example.com", PASSWORD), &anywhere()).await.unwrap_err();
    assert_eq!(format!("{wrong:?}"), format!("{unknown:?}"));
    assert_eq!(codes(&wrong)[0].0, UserErrorCode::InvalidCredentials);
    assert_eq!(between - before, bench.tables.calls() - between, "the same work");
    assert_eq!((hashed_between - hashed, bench.hashing.done() - hashed_between), (1, 1), "one hash each");
}

#[tokio::test]
async fn what_cannot_be_an_account_is_answered_the_same_without_work() {
    let bench = Bench::new();
    for (email, password) in [("nonsense", PASSWORD), ("ada@example.com", &*"x".repeat(2_000)), ("", "")] {
        let refused = login(&bench, login_of(email, password), &anywhere()).await;
        assert_eq!(code(refused).0, UserErrorCode::InvalidCredentials);
    }
    assert_eq!(bench.tables.calls(), 0);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_accounts_that_exist_and_for_those_that_do_not() {
    let bench = Bench::new();
    registered(&bench).await;
    for email in ["ada@example.com", "eve@example.com"] {
        for _ in 0..3 {
            assert_eq!(
                code(login(&bench, login_of(email, "not this one"), &anywhere()).await).0,
                UserErrorCode::InvalidCredentials
            );
        }
        assert!(
            matches!(login(&bench, login_of(email, PASSWORD), &anywhere()).await, Err(Error::RateLimited(1))),
            "{email}"
        );
    }
    bench.clock.advance(SignedDuration::from_secs(1));
    login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
    for _ in 0..2 {
        login(&bench, login_of("ada@example.com", "not this one"), &anywhere()).await.unwrap_err();
    }
    login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_is_slowed_down() {
    let bench = Bench::new();
    let client = Client { address: Some("203.0.113.7".parse().unwrap()), user_agent: None };
    for number in 0..20 {
        login(&bench, login_of(&format!("p{number}@example.com"), PASSWORD), &client).await.unwrap_err();
    }
    let next = login(&bench, login_of("p99@example.com", PASSWORD), &client).await;
    assert!(matches!(next, Err(Error::RateLimited(1))));
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_after_seven_days_in_any_case() {
    let bench = Bench::new();
    let signed_in = registered(&bench).await;
    assert_eq!(signed_in.expires_at, bench.now() + SignedDuration::from_hours(7 * 24));
    bench.clock.advance(SignedDuration::from_hours(12));
    assert!(bearer(&bench, &signed_in.token).await.is_none());

    let signed_in = login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
    for _ in 0..15 {
        bench.clock.advance(SignedDuration::from_hours(11));
        assert!(bearer(&bench, &signed_in.token).await.is_some());
    }
    bench.clock.advance(SignedDuration::from_hours(3));
    assert!(bearer(&bench, &signed_in.token).await.is_none());
}

#[tokio::test]
async fn use_is_noted_at_most_every_five_minutes_and_need_not_be() {
    let bench = Bench::new();
    let signed_in = registered(&bench).await;
    let state = bench.tables.everything();
    bench.clock.advance(SignedDuration::from_mins(4));
    assert!(bearer(&bench, &signed_in.token).await.is_some());
    assert_eq!(bench.tables.everything(), state);
    bench.clock.advance(SignedDuration::from_mins(1));
    bench.tables.fail_at(4, Fault::Before);
    assert!(bearer(&bench, &signed_in.token).await.is_some());
    assert_eq!(bench.tables.everything(), state);
    assert!(bearer(&bench, &signed_in.token).await.is_some());
    assert_ne!(bench.tables.everything(), state);
}

#[tokio::test]
async fn signing_in_clears_away_what_has_ended_and_keeps_fifty_at_most() {
    let bench = Bench::new();
    let first = registered(&bench).await;
    for _ in 0..55 {
        bench.clock.advance(SignedDuration::from_secs(1));
        login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
    }
    let sessions = viewer(&bench, &first.caller).await.unwrap().sessions;
    assert_eq!(sessions.len(), 50);
    assert!(bearer(&bench, &first.token).await.is_none());
    bench.clock.advance(SignedDuration::from_hours(12));
    login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.unwrap();
    let pointers = bench.tables.everything().into_iter().filter(|(_, partition, _)| partition.starts_with("token:"));
    assert_eq!(pointers.count(), 1);
}

#[tokio::test]
async fn garbage_is_refused_before_anything_is_looked_up() {
    let bench = Bench::new();
    let signed_in = registered(&bench).await;
    let before = bench.tables.calls();
    let cut = &signed_in.token[..signed_in.token.len() - 1];
    for garbage in ["", "Bearer", "iotm_", "iots_x", cut, &signed_in.token.to_uppercase(), "ünïcödé_"] {
        assert!(bearer(&bench, garbage).await.is_none());
    }
    assert_eq!(bench.tables.calls(), before);
}

#[tokio::test]
async fn a_store_that_is_down_lets_nobody_in_and_says_so() {
    let bench = Bench::new();
    let signed_in = registered(&bench).await;
    bench.tables.down_at(1);
    assert!(matches!(authenticate(&bench, Credential::Bearer(&signed_in.token)).await, Err(Error::Store(_))));
    assert!(matches!(login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await, Err(Error::Store(_))));
    assert!(bench.tables.prepare().await.is_err());
}
