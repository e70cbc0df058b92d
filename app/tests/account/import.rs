use std::sync::Arc;

use app::access::Caller;
use app::assets::Outcome;
use app::monitor::{Moved, import_alerts};
use app::notify::{ChannelKind, channels};
use app::ports::{Alert, AlertTrigger, Ignored, Notifier};
use app::repeat::ClientRequest;
use app::testing::RecordingMailer;
use app::{Error, UserErrorCode};
use domain::role::{Role, Scope};

use super::plant::Plant;

fn alert(name: &str, networks: &[&str], notifiers: &[&str]) -> Alert {
    Alert {
        id: name.to_owned(),
        name: name.to_owned(),
        networks: networks.iter().map(|n| (*n).to_owned()).collect(),
        created: None,
        expires: None,
        triggers: vec![AlertTrigger { name: "new_service".into(), ignored: Vec::new() }],
        notifiers: notifiers.iter().map(|n| (*n).to_owned()).collect(),
    }
}

fn notifier(id: &str, provider: &str, args: &[(&str, &str)]) -> Notifier {
    Notifier {
        id: id.to_owned(),
        provider: provider.to_owned(),
        description: Some(format!("to {id}")),
        args: args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

/// Somebody with alerts of all kinds.
async fn plant() -> Plant {
    let mut plant = Plant::new().await;
    plant.bench.app.mailer = Arc::new(RecordingMailer::default());
    let mut north = alert("North", &["8.8.4.0/24", "8.8.8.8", "10.0.0.1"], &["slack", "mail", "pager"]);
    north.triggers[0].ignored =
        vec![Ignored { ip: "8.8.8.8".parse().unwrap(), port: 443, cves: vec!["CVE-2021-36260".into()] }];
    plant.account.book().alerts = vec![north, alert("__domain: plant.example", &["9.9.9.9"], &["hook"])];
    plant.account.book().notifiers = vec![
        notifier("mail", "email", &[("to", "ops@plant.example")]),
        notifier("slack", "slack", &[("webhook_url", "https://hooks.slack.example/x")]),
        notifier("pager", "pagerduty", &[("routing_key", "0123456789abcdef0123456789abcdef")]),
        notifier("hook", "webhook", &[("url", "https://siem.example/in")]),
        notifier("idle", "webhook", &[("url", "https://idle.example/in")]),
        notifier("chat", "telegram", &[("chat_id", "7"), ("token", "t")]),
    ];
    plant
}

async fn import(plant: &Plant, dry_run: bool) -> Moved {
    import_alerts(&plant.bench, &plant.caller, dry_run, None).await.unwrap()
}

fn outcomes(moved: &Moved) -> Vec<Outcome> {
    moved.assets.iter().map(|row| row.outcome).collect()
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_changes_nothing() {
    let plant = plant().await;
    let moved = import(&plant, true).await;
    assert_eq!(outcomes(&moved), [Outcome::Created, Outcome::Created, Outcome::Rejected, Outcome::Created]);
    assert_eq!(moved.planned.len(), 4);
    assert!(moved.channels.is_empty());
    let left = moved.left.join("\n");
    assert_eq!(moved.planned_policies.len(), 1);
    assert!(moved.planned_policies[0].starts_with("accept what is found at 8.8.8.8:443 (CVE-2021-36260), until 2027-"));
    assert!(moved.policies.is_empty());
    for part in ["telegram", "no alert uses it"] {
        assert!(left.contains(part), "{part}: {left}");
    }
    assert!(!format!("{:?}", moved.planned).contains("0123456789abcdef"), "no secret is told");
    assert!(channels(&plant.bench, &plant.caller).await.unwrap().is_empty());
    plant.tick().await;
    assert!(plant.account.book().alerts.iter().all(|alert| !alert.name.starts_with("iotmonitor ")));
}

#[tokio::test]
async fn assets_and_channels_come_along_once_and_nothing_is_sent_before_somebody_says_so() {
    let plant = plant().await;
    let moved = import(&plant, false).await;
    let asset = moved.assets[0].asset.as_ref().unwrap();
    assert_eq!(
        (asset.target.to_string().as_str(), asset.tags.as_slice()),
        ("8.8.4.0/24", &["shodan-north".to_owned()][..])
    );
    assert_eq!(moved.assets[3].asset.as_ref().unwrap().target.to_string(), "plant.example");
    assert_eq!(moved.channels.len(), 4, "{:?}", moved.left);
    for channel in &moved.channels {
        let asks = matches!(channel.kind, ChannelKind::Email { .. });
        assert!(asks || !channel.enabled, "{} is switched on", channel.name);
        let wanted = if channel.name == "Shodan: to hook" { "shodan-plant.example" } else { "shodan-north" };
        assert_eq!(channel.trigger.asset_tags, [wanted]);
    }
    let [policy] = moved.policies.as_slice() else { panic!("{:?}", moved.left) };
    assert!(policy.note.contains("\"North\" for new_service"), "{}", policy.note);
    assert_eq!(policy.findings.ports.as_deref(), Some(&[443][..]));
    // Once more: everything is there.
    plant.tick().await;
    let again = import(&plant, false).await;
    assert_eq!(outcomes(&again), [Outcome::Unchanged, Outcome::Unchanged, Outcome::Rejected, Outcome::Unchanged]);
    assert!(again.channels.is_empty() && again.policies.is_empty());
    assert_eq!(channels(&plant.bench, &plant.caller).await.unwrap().len(), 4);
}

#[tokio::test]
async fn our_own_alerts_are_not_brought_along() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.tick().await;
    assert_eq!(plant.account.book().alerts.len(), 1);
    let moved = import(&plant, true).await;
    assert_eq!((moved.assets.len(), moved.planned.len(), moved.left.len()), (0, 0, 0), "{moved:?}");
}

#[tokio::test]
async fn who_may_make_assets_but_no_channels_is_told() {
    let plant = plant().await;
    let member = Caller { role: Role::Member, ..plant.caller.clone() };
    let moved = import_alerts(&plant.bench, &member, false, None).await.unwrap();
    assert_eq!((moved.assets.len(), moved.channels.len(), moved.planned.len()), (4, 0, 0));
    assert!(moved.left.iter().filter(|why| why.contains("you may not make channels")).count() == 4);
    assert!(moved.policies.is_empty() && moved.left.iter().any(|why| why.contains("you may not make triage policies")));
    let scopes = Some([Scope::Read].into());
    let reader = Caller { scopes, ..plant.caller.clone() };
    assert!(matches!(import_alerts(&plant.bench, &reader, true, None).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn a_repeat_gets_the_same_assets_and_an_account_that_is_shared_none() {
    let plant = plant().await;
    let request = ClientRequest::new(&plant.caller, "importShodanAlerts", "4711", &false).unwrap();
    let first = import_alerts(&plant.bench, &plant.caller, false, Some(&request)).await.unwrap();
    let again = import_alerts(&plant.bench, &plant.caller, false, Some(&request)).await.unwrap();
    let ids = |moved: &Moved| moved.assets.iter().filter_map(|row| row.asset.clone()).map(|a| a.id).collect::<Vec<_>>();
    assert_eq!((ids(&first), outcomes(&again)), (ids(&again), outcomes(&first)));
    let shared = Plant::without_key().await;
    let refused = import_alerts(&shared.bench, &shared.caller, true, None).await;
    assert!(matches!(refused, Err(Error::User(faults)) if faults[0].code == UserErrorCode::NotAllowed));
}
