use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use domain::role::Role;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::Registration;
use crate::ports::Clock;
use crate::testing::{Fault, ManualClock};

fn invited(setup_code: Option<&str>) -> Bench {
    let mut bench = Bench::new();
    bench.app.settings.registration = Registration::Invited;
    bench.app.settings.setup_code = setup_code.map(str::to_owned);
    bench
}

#[tokio::test]
async fn who_registers_owns_an_organization_and_is_signed_in() {
    let bench = Bench::new();
    let signed_in = registered(&bench).await;
    let caller = bearer(&bench, &signed_in.token).await.unwrap();
    assert_eq!(caller, signed_in.caller);
    assert_eq!((caller.role, caller.organization.as_str()), (Role::Owner, "Ada's organization"));
    assert_eq!(caller.actor.email.as_deref(), Some("Ada@example.com"));
    let seen = viewer(&bench, &caller).await.unwrap();
    assert_eq!(seen.user.unwrap().name, "Ada");
    assert_eq!(seen.organizations[0].id, caller.org);
    assert_eq!(organizations(&bench).await.unwrap(), [caller.org]);
}

#[tokio::test]
async fn every_fault_of_a_registration_is_told_at_once() {
    let bench = Bench::new();
    let bad = Register {
        email: "ada".into(),
        password: "short".into(),
        organization_name: Some("x".repeat(201)),
        ..Register::default()
    };
    let told = codes(&register(&bench, bad, &anywhere()).await.unwrap_err());
    let expected = [
        (UserErrorCode::Invalid, "email"),
        (UserErrorCode::Required, "name"),
        (UserErrorCode::TooLong, "organizationName"),
        (UserErrorCode::WeakPassword, "password"),
    ];
    assert_eq!(told, expected.map(|(code, field)| (code, field.to_owned())));
    assert!(bench.tables.everything().is_empty());
}

#[tokio::test]
async fn an_address_has_one_account_however_it_is_written() {
    let bench = Bench::new();
    registered(&bench).await;
    let again = Register { email: " ada@EXAMPLE.com".into(), ..ada() };
    assert_eq!(code(register(&bench, again, &anywhere()).await), (UserErrorCode::Taken, "email".into()));
    assert_eq!(organizations(&bench).await.unwrap().len(), 1);
}

#[tokio::test]
async fn registration_is_as_open_as_the_operator_says() {
    let bench = invited(None);
    assert_eq!(code(register(&bench, ada(), &anywhere()).await).0, UserErrorCode::NotAllowed);
    let with_code = Register { setup_code: Some(String::new()), ..ada() };
    assert_eq!(code(register(&bench, with_code, &anywhere()).await).0, UserErrorCode::NotAllowed);
    let with_token = Register { invitation_token: Some("x".into()), ..ada() };
    assert_eq!(
        code(register(&bench, with_token, &anywhere()).await),
        (UserErrorCode::Expired, "invitationToken".into())
    );
    let mut bench = invited(Some(""));
    bench.app.settings.registration = Registration::Closed;
    let with_code = Register { setup_code: Some(String::new()), ..ada() };
    assert_eq!(code(register(&bench, with_code, &anywhere()).await).0, UserErrorCode::NotAllowed);
}

#[tokio::test]
async fn the_setup_code_makes_the_first_owner_and_nobody_after() {
    let bench = invited(Some("open sesame"));
    let with = |email: &str, code: &str| Register { email: email.into(), setup_code: Some(code.into()), ..ada() };
    let guess = register(&bench, with("eve@example.com", "open barley"), &anywhere()).await;
    assert_eq!(code(guess), (UserErrorCode::InvalidCredentials, "setupCode".into()));
    let first = register(&bench, with("ada@example.com", "open sesame"), &anywhere()).await.unwrap();
    assert_eq!(first.caller.role, Role::Owner);
    let second = register(&bench, with("bob@example.com", "open sesame"), &anywhere()).await;
    assert_eq!(code(second), (UserErrorCode::NotAllowed, "setupCode".into()));
}

#[tokio::test]
async fn the_setup_code_is_worth_nothing_once_anybody_is_registered_in_any_way() {
    let bench = invited(Some("open sesame"));
    bootstrap(&bench, "ada@example.com", PASSWORD, "Ada", None).await.unwrap();
    let late = Register { email: "bob@example.com".into(), setup_code: Some("open sesame".into()), ..ada() };
    assert_eq!(code(register(&bench, late, &anywhere()).await).0, UserErrorCode::NotAllowed);
}

#[tokio::test]
async fn of_many_who_know_the_setup_code_one_gets_in() {
    let bench = invited(Some("open sesame"));
    let tries = (0..5).map(|number| {
        let input =
            Register { email: format!("p{number}@example.com"), setup_code: Some("open sesame".into()), ..ada() };
        let bench = &bench;
        async move { register(bench, input, &anywhere()).await.is_ok() }
    });
    let inside = futures_util::future::join_all(tries).await;
    assert_eq!(inside.into_iter().filter(|in_| *in_).count(), 1);
}

#[tokio::test]
async fn of_many_who_register_one_address_one_gets_it() {
    let bench = Bench::new();
    bootstrap(&bench, "first@example.com", PASSWORD, "First", None).await.unwrap();
    let inputs = ["first pass phrase", "second pass phrase", "third pass phrase"]
        .map(|password| Register { password: password.into(), ..ada() });
    let client = anywhere();
    let done =
        futures_util::future::join_all(inputs.iter().map(|input| register(&bench, input.clone(), &client))).await;
    let inside: Vec<bool> = done.iter().map(Result::is_ok).collect();
    assert_eq!(inside.iter().filter(|in_| **in_).count(), 1);
    for (input, in_) in inputs.iter().zip(inside) {
        bench.clock.advance(SignedDuration::from_hours(2));
        assert_eq!(login(&bench, login_of(&input.email, &input.password), &client).await.is_ok(), in_);
    }
}

#[tokio::test]
async fn guesses_at_the_setup_code_are_slowed_down_over_all_addresses() {
    let bench = invited(Some("open sesame"));
    let guess = |number: u32| Register {
        email: format!("p{number}@example.com"),
        setup_code: Some(format!("{number}")),
        ..ada()
    };
    for number in 0..3 {
        assert_eq!(code(register(&bench, guess(number), &anywhere()).await).0, UserErrorCode::InvalidCredentials);
    }
    assert!(matches!(register(&bench, guess(3), &anywhere()).await, Err(Error::RateLimited(_))));
}

#[tokio::test]
async fn wherever_a_registration_dies_the_same_person_gets_in_later_and_the_store_is_sound() {
    let calls = {
        let bench = invited(Some("open sesame"));
        register(&bench, Register { setup_code: Some("open sesame".into()), ..ada() }, &anywhere()).await.unwrap();
        bench.tables.calls()
    };
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for call in 1..=calls {
            let bench = invited(Some("open sesame"));
            let input = || Register { setup_code: Some("open sesame".into()), ..ada() };
            bench.tables.fail_at(call, fault);
            let died = register(&bench, input(), &anywhere()).await;
            bench.tables.heal();
            bench.clock.advance(SignedDuration::from_mins(5));
            let inside = login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await;
            let signed_in = match (died, inside) {
                (_, Ok(signed_in)) => signed_in,
                (Ok(_), Err(error)) => panic!("{fault:?} at {call}: registered, but cannot sign in: {error}"),
                (Err(_), Err(_)) => {
                    register(&bench, input(), &anywhere()).await.unwrap_or_else(|e| panic!("{fault:?} at {call}: {e}"))
                }
            };
            let caller = bearer(&bench, &signed_in.token).await.unwrap();
            assert_eq!(caller.role, Role::Owner, "{fault:?} at {call}");
            let late = Register { email: "eve@example.com".into(), ..input() };
            assert_eq!(
                code(register(&bench, late, &anywhere()).await).0,
                UserErrorCode::NotAllowed,
                "{fault:?} at {call}"
            );
            assert!(organizations(&bench).await.unwrap().contains(&caller.org));
        }
    }
}

#[tokio::test]
async fn after_a_crash_the_claims_are_free_again_in_five_minutes() {
    let bench = Bench::new();
    bench.tables.fail_at(7, Fault::Before);
    assert!(register(&bench, ada(), &anywhere()).await.is_err());
    assert!(matches!(register(&bench, ada(), &anywhere()).await, Err(Error::Busy)));
    bench.clock.advance(SignedDuration::from_mins(5));
    registered(&bench).await;
}

/// A clock that jumps by ten minutes at its n-th reading: a process that was frozen there.
struct Frozen {
    clock: Arc<ManualClock>,
    left: AtomicIsize,
}

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.clock.advance(SignedDuration::from_mins(10));
        }
        self.clock.now()
    }
}

#[tokio::test]
async fn a_registration_that_was_frozen_takes_nothing_that_others_may_have_by_then() {
    let mut gave_up = 0;
    for reading in 1..30 {
        let mut bench = Bench::new();
        bench.app.clock = Arc::new(Frozen { clock: bench.clock.clone(), left: AtomicIsize::new(reading) });
        match register(&bench, ada(), &anywhere()).await {
            Ok(_) => {}
            Err(Error::Busy) => gave_up += 1,
            Err(other) => panic!("at {reading}: {other}"),
        }
        let accounts = bench.tables.everything().into_iter().filter(|(_, _, row)| row.key == "password").count();
        let inside = login(&bench, login_of("ada@example.com", PASSWORD), &anywhere()).await.is_ok();
        assert_eq!(usize::from(inside), accounts, "at {reading}");
    }
    assert!(gave_up > 0);
}
