use domain::role::Role;
use jiff::SignedDuration;

use super::*;
use crate::testing::Fault;

#[tokio::test]
async fn who_deletes_their_account_is_gone_and_their_name_stays_in_history() {
    let bench = Mailing::new();
    let owner = registered(&bench).await.caller;
    bench.letters().await;
    invite_member(&bench, &owner, "bob@example.com", Role::Admin).await.unwrap();
    let invitation_token = Some(bench.token("invitation").await);
    let input = Register { email: "bob@example.com".into(), name: "Bob".into(), invitation_token, ..ada() };
    let bob = register(&bench, input, &anywhere()).await.unwrap();
    let wrong = delete_account(&bench, &bob.caller, "not this one").await;
    assert_eq!(code(wrong), (UserErrorCode::InvalidCredentials, "password".into()));
    delete_account(&bench, &bob.caller, PASSWORD).await.unwrap();
    assert!(bearer(&bench, &bob.token).await.is_none());
    login(&bench, login_of("bob@example.com", PASSWORD), &anywhere()).await.unwrap_err();
    assert_eq!(memberships(&bench, &owner).await.unwrap().len(), 1);
    let tombstone = user(&bench, bob.caller.user.as_ref().unwrap()).await.unwrap().unwrap();
    assert_eq!((tombstone.name.as_str(), tombstone.email.as_str()), ("Bob", "deleted@account.invalid"));
    let log = told(&bench, &owner).await;
    assert!(
        log.contains(&"Bob member.left Bob".to_owned()) && log.contains(&"Bob user.deleted Bob".to_owned()),
        "{log:?}"
    );
    assert_eq!(bench.letters().await[0].1, "accountDeleted");
    // The address is free again at once.
    bench.clock.advance(SignedDuration::from_hours(2));
    let input = Register { email: "bob@example.com".into(), name: "Robert".into(), ..ada() };
    register(&bench, input, &anywhere()).await.unwrap();
}

#[tokio::test]
async fn the_last_owner_of_others_cannot_leave_and_of_nobody_takes_the_organization_along() {
    let bench = Bench::new();
    let owner = registered(&bench).await;
    let bob = joined(&bench, &owner.caller, "Bob", Role::Admin).await;
    let refused = delete_account(&bench, &owner.caller, PASSWORD).await;
    assert_eq!(code(refused).0, UserErrorCode::NotAllowed);
    assert!(bearer(&bench, &owner.token).await.is_some());
    delete_account(&bench, &bob.caller, PASSWORD).await.unwrap();
    let draft =
        crate::assets::AssetDraft { target: Some("203.0.113.7".into()), ..crate::assets::AssetDraft::default() };
    let mut bench = bench;
    bench.app.settings.target_allow = vec!["203.0.113.0/24".parse().unwrap()];
    crate::assets::create(&bench, &owner.caller, &draft).await.unwrap();
    let scopes = [domain::role::Scope::Read].into();
    let token = NewApiToken { name: "t".into(), scopes, expires_at: None };
    let (_, secret) = create_api_token(&bench, &owner.caller, token).await.unwrap();
    delete_account(&bench, &owner.caller, PASSWORD).await.unwrap();
    assert!(organization(&bench, &owner.caller.org).await.unwrap().is_none());
    assert!(bearer(&bench, &secret).await.is_none(), "its tokens end with it");
    bench.clock.advance(SignedDuration::from_hours(25));
    crate::retention::purge(&bench).await.unwrap();
    let org = owner.caller.org.to_string();
    let left: Vec<_> = bench
        .tables
        .everything()
        .into_iter()
        .filter(|(_, partition, row)| partition.contains(&org) || row.key.contains(&org))
        .filter(|(_, partition, _)| !partition.starts_with("user:"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(organizations(&bench).await.unwrap().is_empty());
}

#[tokio::test]
async fn wherever_leaving_breaks_off_it_is_finished_or_never_began() {
    let calls = {
        let (bench, _, bob) = two().await;
        let before = bench.tables.calls();
        delete_account(&bench, &bob.caller, PASSWORD).await.unwrap();
        bench.tables.calls() - before
    };
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for call in 1..=calls {
            let (bench, owner, bob) = two().await;
            bench.tables.fail_at(call, fault);
            let died = delete_account(&bench, &bob.caller, PASSWORD).await;
            bench.tables.heal();
            bench.clock.advance(SignedDuration::from_hours(25));
            crate::retention::purge(&bench).await.unwrap();
            let inside = login(&bench, login_of("bob@example.com", PASSWORD), &anywhere()).await.is_ok();
            assert!(died.is_err() || !inside, "{fault:?} at {call}");
            let members = memberships(&bench, &owner.caller).await.unwrap().len();
            assert_eq!(members, if inside { 2 } else { 1 }, "{fault:?} at {call}");
        }
    }
}

async fn two() -> (Bench, SignedIn, SignedIn) {
    let bench = Bench::new();
    let owner = registered(&bench).await;
    let bob = joined(&bench, &owner.caller, "Bob", Role::Admin).await;
    (bench, owner, bob)
}
