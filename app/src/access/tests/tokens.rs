use std::collections::BTreeSet;

use domain::role::{Action, Role, Scope};
use jiff::SignedDuration;

use super::*;
use crate::ports::Value;
use crate::testing::Fault;

fn wanted(scopes: &[Scope]) -> NewApiToken {
    NewApiToken { name: "grafana".into(), scopes: scopes.iter().copied().collect(), expires_at: None }
}

#[tokio::test]
async fn an_api_token_may_what_its_scopes_say_until_it_is_revoked() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let (token, secret) = create_api_token(&bench, &owner, wanted(&[Scope::Read, Scope::Triage])).await.unwrap();
    assert!(secret.starts_with(&token.prefix) && secret.starts_with("iotm_"));
    let caller = bearer(&bench, &secret).await.unwrap();
    assert_eq!((&caller.org, caller.user.as_ref(), caller.actor.name.as_str()), (&owner.org, None, "grafana"));
    assert!(caller.may(Action::Triage).is_ok());
    assert!(matches!(caller.may(Action::WriteAssets), Err(Error::Forbidden(_))));
    assert!(viewer(&bench, &caller).await.unwrap().token.unwrap().last_used_at.is_some());

    revoke_api_token(&bench, &owner, &token.id).await.unwrap();
    assert!(bearer(&bench, &secret).await.is_none());
    assert!(list_api_tokens(&bench, &owner).await.unwrap().is_empty());
    let tombstone = api_token(&bench, &owner.org, &token.id).await.unwrap().unwrap();
    assert_eq!((tombstone.name.as_str(), tombstone.revoked_at), ("grafana", Some(bench.now())));
    assert_eq!(revoke_api_token(&bench, &owner, &token.id).await.unwrap(), tombstone);
}

#[tokio::test]
async fn an_api_token_ends_when_it_was_told_to_and_opens_no_session() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let end = bench.now() + SignedDuration::from_hours(1);
    let new = NewApiToken { expires_at: Some(end), ..wanted(&[Scope::Read]) };
    let (_, secret) = create_api_token(&bench, &owner, new).await.unwrap();
    assert!(authenticate(&bench, Credential::Cookie(&secret)).await.unwrap().is_none());
    let caller = bearer(&bench, &secret).await.unwrap();
    assert_eq!(code(logout(&bench, &caller).await).0, UserErrorCode::NotAllowed);
    bench.clock.set(end);
    assert!(bearer(&bench, &secret).await.is_none());
}

#[tokio::test]
async fn no_token_passes_on_more_than_it_has() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let (_, secret) = create_api_token(&bench, &owner, wanted(&[Scope::Admin, Scope::Read])).await.unwrap();
    let caller = bearer(&bench, &secret).await.unwrap();
    let more = create_api_token(&bench, &caller, wanted(&[Scope::Read, Scope::Triage])).await;
    assert_eq!(code(more), (UserErrorCode::NotAllowed, "scopes".into()));
    assert!(create_api_token(&bench, &caller, wanted(&[Scope::Read])).await.is_ok());
    let (_, reader) = create_api_token(&bench, &owner, wanted(&[Scope::Read])).await.unwrap();
    let reader = bearer(&bench, &reader).await.unwrap();
    assert!(matches!(create_api_token(&bench, &reader, wanted(&[Scope::Read])).await, Err(Error::Forbidden(_))));
    let member = Caller { role: Role::Member, ..owner.clone() };
    assert!(matches!(create_api_token(&bench, &member, wanted(&[Scope::Read])).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn what_is_wrong_with_a_new_api_token_is_told_at_once() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let bad = NewApiToken { name: " ".into(), scopes: BTreeSet::new(), expires_at: Some(bench.now()) };
    let told = codes(&create_api_token(&bench, &owner, bad).await.unwrap_err());
    let expected =
        [(UserErrorCode::Required, "name"), (UserErrorCode::Required, "scopes"), (UserErrorCode::Invalid, "expiresAt")];
    assert_eq!(told, expected.map(|(code, field)| (code, field.to_owned())));
}

#[tokio::test]
async fn a_token_of_another_organization_is_not_found() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let other =
        register(&bench, Register { email: "eve@example.com".into(), ..ada() }, &anywhere()).await.unwrap().caller;
    let (token, secret) = create_api_token(&bench, &owner, wanted(&[Scope::Read])).await.unwrap();
    assert_eq!(code(revoke_api_token(&bench, &other, &token.id).await).0, UserErrorCode::NotFound);
    assert!(list_api_tokens(&bench, &other).await.unwrap().is_empty());
    assert!(bearer(&bench, &secret).await.is_some());
}

#[tokio::test]
async fn a_token_that_was_not_finished_opens_nothing_and_is_not_listed() {
    for fault in [Fault::Before, Fault::After] {
        let bench = Bench::new();
        let owner = registered(&bench).await.caller;
        bench.tables.fail_at(2, fault);
        assert!(create_api_token(&bench, &owner, wanted(&[Scope::Read])).await.is_err());
        assert!(list_api_tokens(&bench, &owner).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_at_rest_opens_a_door() {
    let bench = Bench::new();
    let signed_in = registered(&bench).await;
    let (_, secret) = create_api_token(&bench, &signed_in.caller, wanted(&[Scope::Read])).await.unwrap();
    for (_, partition, row) in bench.tables.everything() {
        let texts = row.columns.iter().filter_map(|(_, value)| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        });
        for text in texts.chain([partition.as_str(), row.key.as_str()]) {
            for known in [PASSWORD, &signed_in.token, &secret] {
                assert!(!text.contains(known), "{partition} {}", row.key);
            }
        }
    }
    assert!(!format!("{signed_in:?}").contains(&signed_in.token));
}
