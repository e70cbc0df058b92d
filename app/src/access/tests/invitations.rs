use domain::role::{Role, Scope};
use jiff::SignedDuration;

use super::*;
use crate::Registration;
use crate::testing::Fault;

fn bob(token: &str) -> Register {
    Register { email: "bob@example.com".into(), name: "Bob".into(), invitation_token: Some(token.into()), ..ada() }
}

#[tokio::test]
async fn who_is_invited_by_mail_comes_into_that_organization_with_that_role() {
    let mut bench = Mailing::new();
    bench.bench.app.settings.registration = Registration::Invited;
    let owner = bootstrap(&bench, "ada@example.com", PASSWORD, "Ada", Some("Acme")).await.unwrap();
    let invited = invite_member(&bench, &owner, "Bob@Example.com", Role::Member).await.unwrap();
    assert!(invited.url.is_none(), "the mail has it");
    let token = bench.token("invitation").await;
    let eve = Register { email: "eve@example.com".into(), ..bob(&token) };
    assert_eq!(code(register(&bench, eve, &anywhere()).await), (UserErrorCode::NotAllowed, "email".into()));
    let inside = register(&bench, bob(&token), &anywhere()).await.unwrap();
    assert_eq!((&inside.caller.org, inside.caller.role), (&owner.org, Role::Member));
    assert!(viewer(&bench, &inside.caller).await.unwrap().user.unwrap().email_verified, "the mail came to them");
    assert!(bench.letters().await.is_empty(), "nobody has to prove it twice");
    assert!(invitations(&bench, &owner).await.unwrap().is_empty());
    let again = Register { email: "bob@example.com".into(), ..bob(&token) };
    assert_eq!(code(register(&bench, again, &anywhere()).await).0, UserErrorCode::Expired, "it works once");
    assert_eq!(memberships(&bench, &owner).await.unwrap().len(), 2);
}

#[tokio::test]
async fn who_has_an_account_accepts_and_switches() {
    let bench = Bench::new();
    let owner = registered(&bench).await;
    let register_bob = Register { email: "bob@example.com".into(), name: "Bob".into(), ..ada() };
    let bob = register(&bench, register_bob, &anywhere()).await.unwrap();
    let url = invite_member(&bench, &owner.caller, "bob@example.com", Role::Admin).await.unwrap().url.unwrap();
    assert!(url.starts_with("http://127.0.0.1:7071/app/invitation#token=ioti_"));
    let token = url.split_once("#token=").unwrap().1;
    let wrong = accept_invitation(&bench, &owner.caller, token).await;
    assert_eq!(code(wrong), (UserErrorCode::NotAllowed, "token".into()));
    let organization = accept_invitation(&bench, &bob.caller, token).await.unwrap();
    assert_eq!(organization.id, owner.caller.org);
    assert_eq!(code(accept_invitation(&bench, &bob.caller, token).await).0, UserErrorCode::Expired);
    let there = switch_organization(&bench, &bob.caller, &organization.id, &anywhere()).await.unwrap();
    assert_eq!((there.caller.role, &there.caller.org), (Role::Admin, &owner.caller.org));
    assert!(bearer(&bench, &bob.token).await.is_none(), "the session that asked has ended");
    assert_eq!(viewer(&bench, &there.caller).await.unwrap().organizations.len(), 2);
    let stranger = bench.ulid();
    let nowhere = domain::ids::OrgId::from_ulid(&stranger).unwrap();
    let refused = switch_organization(&bench, &there.caller, &nowhere, &anywhere()).await;
    assert_eq!(code(refused).0, UserErrorCode::NotFound);
}

#[tokio::test]
async fn an_invitation_ends_by_time_by_revocation_and_by_a_newer_one() {
    let bench = Mailing::new();
    let owner = registered(&bench).await.caller;
    bench.letters().await;
    let first = invite_member(&bench, &owner, "bob@example.com", Role::Viewer).await.unwrap().invitation;
    let replaced = bench.token("invitation").await;
    invite_member(&bench, &owner, "BOB@example.com", Role::Member).await.unwrap();
    let second = bench.token("invitation").await;
    assert_eq!(invitations(&bench, &owner).await.unwrap().len(), 1);
    assert_eq!(code(revoke_invitation(&bench, &owner, &first.id).await).0, UserErrorCode::NotFound);
    assert_eq!(code(register(&bench, bob(&replaced), &anywhere()).await).0, UserErrorCode::Expired);
    bench.clock.advance(SignedDuration::from_hours(7 * 24));
    assert_eq!(code(register(&bench, bob(&second), &anywhere()).await).0, UserErrorCode::Expired);
    assert!(invitations(&bench, &owner).await.unwrap().is_empty());
    let third = invite_member(&bench, &owner, "bob@example.com", Role::Member).await.unwrap().invitation;
    let token = bench.token("invitation").await;
    revoke_invitation(&bench, &owner, &third.id).await.unwrap();
    assert_eq!(code(register(&bench, bob(&token), &anywhere()).await).0, UserErrorCode::Expired);
}

#[tokio::test]
async fn nobody_invites_above_themselves_nor_whom_they_have() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let admin = joined(&bench, &owner, "Bob", Role::Admin).await.caller;
    let member = joined(&bench, &owner, "Carl", Role::Member).await.caller;
    let refused = invite_member(&bench, &admin, "eve@example.com", Role::Owner).await;
    assert_eq!(code(refused), (UserErrorCode::NotAllowed, "role".into()));
    invite_member(&bench, &admin, "eve@example.com", Role::Admin).await.unwrap();
    assert!(matches!(invite_member(&bench, &member, "dan@example.com", Role::Viewer).await, Err(Error::Forbidden(_))));
    let again = invite_member(&bench, &owner, "bob@example.com", Role::Viewer).await;
    assert_eq!(code(again), (UserErrorCode::Taken, "email".into()));
    let scopes = [Scope::Read].into_iter().collect();
    let token = NewApiToken { name: "t".into(), scopes, expires_at: None };
    let (_, secret) = create_api_token(&bench, &owner, token).await.unwrap();
    let token = bearer(&bench, &secret).await.unwrap();
    assert!(matches!(invite_member(&bench, &token, "dan@example.com", Role::Viewer).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn wherever_joining_breaks_off_the_person_gets_in_at_their_next_login() {
    let calls = {
        let bench = Bench::new();
        let owner = registered(&bench).await.caller;
        let before = bench.tables.calls();
        joined(&bench, &owner, "Bob", Role::Member).await;
        bench.tables.calls() - before
    };
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for call in 1..=calls {
            let bench = Bench::new();
            let owner = registered(&bench).await.caller;
            let url = invite_member(&bench, &owner, "bob@example.com", Role::Member).await.unwrap().url.unwrap();
            let token = url.split_once("#token=").unwrap().1.to_owned();
            bench.tables.fail_at(call, fault);
            let died = register(&bench, bob(&token), &anywhere()).await;
            bench.tables.heal();
            bench.clock.advance(SignedDuration::from_mins(5));
            let inside = match login(&bench, login_of("bob@example.com", PASSWORD), &anywhere()).await {
                Ok(inside) => inside,
                Err(error) => {
                    assert!(died.is_err(), "{fault:?} at {call}: {error}");
                    register(&bench, bob(&token), &anywhere()).await.unwrap_or_else(|e| panic!("{fault:?} {call}: {e}"))
                }
            };
            assert_eq!((&inside.caller.org, inside.caller.role), (&owner.org, Role::Member), "{fault:?} at {call}");
            assert_eq!(memberships(&bench, &owner).await.unwrap().len(), 2);
        }
    }
}
