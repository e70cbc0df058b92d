use domain::role::{Role, Scope};
use jiff::SignedDuration;

use super::*;
use crate::ports::Tables;

fn removal(user: &Caller) -> Removal {
    Removal { user: user.user.clone().unwrap(), reassign_to: None, revoke_tokens: false }
}

#[tokio::test]
async fn a_role_changes_within_what_the_one_who_changes_it_is() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let admin = joined(&bench, &owner, "Bob", Role::Admin).await;
    let member = joined(&bench, &owner, "Carl", Role::Member).await;
    let (carl, ada) = (member.caller.user.clone().unwrap(), owner.user.clone().unwrap());
    change_member_role(&bench, &admin.caller, &carl, Role::Admin).await.unwrap();
    assert_eq!(bearer(&bench, &member.token).await.unwrap().role, Role::Admin, "at once");
    for (whom, role) in [(&carl, Role::Owner), (&ada, Role::Viewer)] {
        assert_eq!(code(change_member_role(&bench, &admin.caller, whom, role).await).0, UserErrorCode::NotAllowed);
    }
    let stranger = domain::ids::UserId::from_ulid(&bench.ulid()).unwrap();
    let nobody = change_member_role(&bench, &owner, &stranger, Role::Viewer).await;
    assert_eq!(code(nobody), (UserErrorCode::NotFound, "userId".into()));
}

#[tokio::test]
async fn the_last_owner_stays_whoever_asks() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let ada = owner.user.clone().unwrap();
    assert_eq!(code(change_member_role(&bench, &owner, &ada, Role::Admin).await).0, UserErrorCode::NotAllowed);
    assert_eq!(code(remove_member(&bench, &owner, &removal(&owner)).await).0, UserErrorCode::NotAllowed);
    let second = joined(&bench, &owner, "Bob", Role::Owner).await.caller;
    remove_member(&bench, &owner, &removal(&owner)).await.unwrap();
    assert_eq!(code(remove_member(&bench, &second, &removal(&second)).await).0, UserErrorCode::NotAllowed);
}

#[tokio::test]
async fn of_two_owners_who_leave_at_once_one_stays() {
    for round in 0..8u64 {
        let bench = Bench::new();
        let one = registered(&bench).await.caller;
        let other = joined(&bench, &one, "Bob", Role::Owner).await.caller;
        let late = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            remove_member(&bench, &other, &removal(&other)).await
        };
        let early = removal(&one);
        let (first, second) = tokio::join!(remove_member(&bench, &one, &early), late);
        assert!(first.is_ok() != second.is_ok(), "{round}");
    }
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_told_what_of_theirs_still_works() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let admin = joined(&bench, &owner, "Bob", Role::Admin).await;
    let scopes: std::collections::BTreeSet<Scope> = [Scope::Read].into();
    let token = NewApiToken { name: "SIEM".into(), scopes, expires_at: None };
    let (_, secret) = create_api_token(&bench, &admin.caller, token).await.unwrap();
    let left = remove_member(&bench, &owner, &removal(&admin.caller)).await.unwrap();
    assert_eq!(left.tokens_still_valid.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["SIEM"]);
    assert!(bearer(&bench, &admin.token).await.is_none() && bearer(&bench, &secret).await.is_some());
    assert!(fellow(&bench, &owner, admin.caller.user.as_ref().unwrap()).await.unwrap().is_none());

    let again = joined(&bench, &owner, "Carl", Role::Admin).await.caller;
    let token = NewApiToken { name: "cron".into(), scopes: [Scope::Read].into(), expires_at: None };
    let (_, secret) = create_api_token(&bench, &again, token).await.unwrap();
    let removal = Removal { revoke_tokens: true, ..removal(&again) };
    assert!(remove_member(&bench, &owner, &removal).await.unwrap().tokens_still_valid.is_empty());
    assert!(bearer(&bench, &secret).await.is_none());
    let log = told(&bench, &owner).await;
    for line in ["Ada member.removed Bob", "Ada token.revoked cron", "Carl token.created cron", "Bob member.joined Bob"]
    {
        assert!(log.iter().any(|l| l == line), "{line}: {log:?}");
    }
}

#[tokio::test]
async fn settings_change_within_their_bounds_and_the_log_says_from_what_to_what() {
    let bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let patch = OrganizationPatch {
        name: Some("Acme".into()),
        poll_interval: Some(600),
        sla: Some(vec![(domain::severity::Severity::Critical, 3)]),
        event_retention_days: Some(Some(365)),
        ..OrganizationPatch::default()
    };
    bench.clock.advance(SignedDuration::from_secs(1));
    let after = update_organization(&bench, &owner, &patch).await.unwrap();
    assert_eq!((after.name.as_str(), after.settings.poll_interval, after.settings.sla.high), ("Acme", 600, None));
    let log =
        crate::audit::page(&bench, &owner, &crate::audit::AuditFilter::default(), (None, 1, false)).await.unwrap();
    let changes: Vec<String> =
        log.items[0].1.changes.iter().map(|c| format!("{} {:?} {:?}", c.field, c.before, c.after)).collect();
    assert!(changes.contains(&"pollInterval Some(\"3600\") Some(\"600\")".to_owned()), "{changes:?}");
    assert!(changes.contains(&"sla.HIGH Some(\"30\") None".to_owned()), "{changes:?}");
    let bad =
        OrganizationPatch { poll_interval: Some(299), close_after_misses: Some(0), ..OrganizationPatch::default() };
    let faults = codes(&update_organization(&bench, &owner, &bad).await.unwrap_err());
    assert_eq!(faults.len(), 2);
    let before = bench.tables.everything();
    update_organization(&bench, &owner, &patch).await.unwrap();
    assert_eq!(bench.tables.everything(), before, "no change, no row");
}

#[tokio::test]
async fn a_shodan_key_is_checked_sealed_and_nowhere_told() {
    let mut bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let key = "abcdefghijklmnopqrstuvwxyz012345";
    let refused = set_shodan_key(&bench, &owner, Some(key)).await;
    assert_eq!(code(refused), (UserErrorCode::Upstream, "key".into()), "the source is silent");
    bench.app.exposure = Arc::new(asking::Knowing);
    let with = set_shodan_key(&bench, &owner, Some(key)).await.unwrap();
    assert_eq!(shodan_key(&bench, &with).unwrap().as_deref(), Some(key));
    assert!(!format!("{:?}", bench.tables.everything()).contains(key), "not in clear, nor in the log");
    assert_eq!(code(set_shodan_key(&bench, &owner, Some("bad key")).await).0, UserErrorCode::Invalid);
    assert_eq!(code(set_shodan_key(&bench, &owner, Some("wrong")).await).0, UserErrorCode::InvalidCredentials);
    assert!(set_shodan_key(&bench, &owner, None).await.unwrap().shodan_key.is_none());
    assert_eq!(told(&bench, &owner).await.iter().filter(|l| l.contains("shodan_key_changed")).count(), 2);
}

#[tokio::test]
async fn who_is_an_owner_founds_another_organization() {
    let mut bench = Bench::new();
    let owner = registered(&bench).await.caller;
    let viewer_ = joined(&bench, &owner, "Bob", Role::Viewer).await.caller;
    bench.app.settings.registration = crate::Registration::Invited;
    assert_eq!(code(create_organization(&bench, &viewer_, "Mine", None).await).0, UserErrorCode::NotAllowed);
    let second = create_organization(&bench, &owner, "Second", None).await.unwrap();
    bench.clock.advance(SignedDuration::from_secs(1));
    let there = switch_organization(&bench, &owner, &second.id, &anywhere()).await.unwrap().caller;
    assert_eq!((there.role, there.organization.as_str()), (Role::Owner, "Second"));
    assert_eq!(told(&bench, &there).await, ["Ada organization.created Second", "Ada session.started Ada"]);
    assert!(bench.tables.get(crate::ports::Table::Accounts, "orgs", second.id.as_str()).await.unwrap().is_some());
}
