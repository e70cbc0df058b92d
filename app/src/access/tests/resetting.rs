use jiff::SignedDuration;

use super::*;

async fn asked(bench: &Bench, email: &str) {
    request_password_reset(bench, email, &anywhere()).await.unwrap();
}

#[tokio::test]
async fn who_has_the_mailbox_chooses_a_new_password_once() {
    let bench = Mailing::new();
    let before = registered(&bench).await;
    bench.letters().await;
    asked(&bench, "ADA@example.com").await;
    let token = bench.token("resetPassword").await;
    assert_eq!(code(reset_password(&bench, &token, "short", &anywhere()).await).0, UserErrorCode::WeakPassword);
    let inside = reset_password(&bench, &token, "another sentence", &anywhere()).await.unwrap();
    assert!(bearer(&bench, &inside.token).await.is_some() && bearer(&bench, &before.token).await.is_none());
    assert!(viewer(&bench, &inside.caller).await.unwrap().user.unwrap().email_verified);
    assert_eq!(bench.letters().await[0].1, "passwordChanged");
    let again = reset_password(&bench, &token, "a third sentence", &anywhere()).await;
    assert_eq!(code(again), (UserErrorCode::Expired, "token".into()));
    login(&bench, login_of("ada@example.com", "another sentence"), &anywhere()).await.unwrap();
}

#[tokio::test]
async fn of_two_who_use_one_token_at_once_one_gets_in() {
    let bench = Mailing::new();
    registered(&bench).await;
    bench.letters().await;
    asked(&bench, "ada@example.com").await;
    let token = bench.token("resetPassword").await;
    let client = anywhere();
    let (one, other) = tokio::join!(
        reset_password(&bench, &token, "the first sentence", &client),
        reset_password(&bench, &token, "the second sentence", &client)
    );
    assert!(one.is_ok() != other.is_ok());
}

#[tokio::test]
async fn the_answer_and_its_work_are_the_same_whether_there_is_an_account() {
    let bench = Mailing::new();
    registered(&bench).await;
    bench.letters().await;
    let mut work = Vec::new();
    for email in ["ada@example.com", "eve@example.com"] {
        let (calls, hashes) = (bench.tables.calls(), bench.hashing.done());
        asked(&bench, email).await;
        work.push((bench.tables.calls() - calls, bench.hashing.done() - hashes));
    }
    assert_eq!(work[0], work[1]);
    assert_eq!(bench.letters().await.len(), 1);
    // And both are slowed down alike.
    for email in ["ada@example.com", "eve@example.com"] {
        asked(&bench, email).await;
        asked(&bench, email).await;
        let more = request_password_reset(&bench, email, &anywhere()).await;
        assert!(matches!(more, Err(Error::RateLimited(1))), "{email}");
    }
}

#[tokio::test]
async fn a_token_works_for_half_an_hour_and_the_last_one_alone() {
    let bench = Mailing::new();
    registered(&bench).await;
    bench.letters().await;
    asked(&bench, "ada@example.com").await;
    let first = bench.token("resetPassword").await;
    asked(&bench, "ada@example.com").await;
    let second = bench.token("resetPassword").await;
    let late = reset_password(&bench, &first, "another sentence", &anywhere()).await;
    assert_eq!(code(late).0, UserErrorCode::Expired);
    bench.clock.advance(SignedDuration::from_mins(30));
    let late = reset_password(&bench, &second, "another sentence", &anywhere()).await;
    assert_eq!(code(late).0, UserErrorCode::Expired);
}

#[tokio::test]
async fn without_a_mail_server_it_is_said_that_nothing_will_come() {
    let refused = request_password_reset(&Bench::new(), "ada@example.com", &anywhere()).await;
    assert_eq!(code(refused).0, UserErrorCode::NotAllowed);
}
