use std::sync::Arc;

use app::assets::{self, AssetDraft, OnExisting, Outcome};
use app::findings::{self, FindingFilter};
use app::repeat::ClientRequest;
use app::testing::RecordingWebhooks;
use app::{Error, UserErrorCode, access, notify};
use domain::event::EventType;
use domain::role::Scope;

use super::plant::{Plant, host};

fn device(target: &str) -> AssetDraft {
    AssetDraft { target: Some(target.into()), enabled: true, ..AssetDraft::default() }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> UserErrorCode {
    match result.unwrap_err() {
        Error::User(faults) => faults[0].code,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_makes_nothing_twice() {
    let plant = Plant::new().await;
    let draft = device("8.8.8.8");
    let request = ClientRequest::new(&plant.caller, "createAsset", "4711", &draft).unwrap();
    let first = assets::create_once(&plant.bench, &plant.caller, &draft, Some(&request)).await.unwrap();
    let again = assets::create_once(&plant.bench, &plant.caller, &draft, Some(&request)).await.unwrap();
    assert_eq!(again, first);
    // Without the name it is another request, and the target is taken.
    assert_eq!(code(assets::create(&plant.bench, &plant.caller, &draft).await), UserErrorCode::Taken);
    // The name belongs to its input.
    let other = device("8.8.4.4");
    let request = ClientRequest::new(&plant.caller, "createAsset", "4711", &other).unwrap();
    let refused = assets::create_once(&plant.bench, &plant.caller, &other, Some(&request)).await;
    assert_eq!(code(refused), UserErrorCode::Conflict);
    let created = plant.events().await.into_iter().filter(|e| e.kind == EventType::AssetCreated).count();
    assert_eq!(created, 1);
}

#[tokio::test]
async fn an_answer_is_forgotten_after_a_day_and_its_row_is_purged() {
    let plant = Plant::new().await;
    let draft = device("8.8.8.8");
    let request = ClientRequest::new(&plant.caller, "createAsset", "4711", &draft).unwrap();
    assets::create_once(&plant.bench, &plant.caller, &draft, Some(&request)).await.unwrap();
    let remembered = |plant: &Plant| format!("{:?}", plant.bench.tables.everything()).matches("\"request:").count();
    assert_eq!(remembered(&plant), 1);
    plant.later(25);
    let late = assets::create_once(&plant.bench, &plant.caller, &draft, Some(&request)).await;
    assert_eq!(code(late), UserErrorCode::Taken);
    plant.tick().await;
    assert_eq!(remembered(&plant), 0);
}

#[tokio::test]
async fn a_repeated_import_tells_of_every_row_what_it_told_first() {
    let plant = Plant::new().await;
    let rows = || vec![Ok(device("8.8.8.8")), Ok(device("10.0.0.1")), Ok(device("8.8.4.4"))];
    let request = ClientRequest::new(&plant.caller, "importAssets", "a", &rows()).unwrap();
    let import = async || {
        let all = assets::import_once(&plant.bench, &plant.caller, rows(), OnExisting::Reject, false, Some(&request));
        all.await.unwrap().into_iter().map(|i| (i.outcome, i.asset.map(|a| a.id))).collect::<Vec<_>>()
    };
    let first = import().await;
    let outcomes: Vec<_> = first.iter().map(|(outcome, _)| *outcome).collect();
    assert_eq!(outcomes, [Outcome::Created, Outcome::Rejected, Outcome::Created]);
    assert_eq!(import().await, first);
}

#[tokio::test]
async fn a_repeated_comment_stands_once() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.tick().await;
    let id = plant.findings(&FindingFilter::default()).await.remove(0).id;
    let request = ClientRequest::new(&plant.caller, "commentOnFinding", "1", &"seen").unwrap();
    for _ in 0..3 {
        let after = findings::comment_once(&plant.bench, &plant.caller, &id, "seen", Some(&request)).await.unwrap();
        assert_eq!(after.comments.len(), 1);
    }
    plant.counters_are_true().await;
}

#[tokio::test]
async fn who_lost_the_answer_gets_the_secret_again_and_nobody_else_does() {
    let mut plant = Plant::new().await;
    plant.bench.app.webhooks = Arc::new(RecordingWebhooks::default());
    let wanted =
        access::NewApiToken { name: "grafana".into(), scopes: [Scope::Read].into(), ..access::NewApiToken::default() };
    let request = ClientRequest::new(&plant.caller, "createApiToken", "1", &wanted).unwrap();
    let create = async || {
        access::create_api_token_once(&plant.bench, &plant.caller, wanted.clone(), Some(&request)).await.unwrap()
    };
    let (token, secret) = create().await;
    assert_eq!(create().await, (token, secret.clone()));
    assert!(!format!("{:?}", plant.bench.tables.everything()).contains(&secret[9..]), "it lies about in the open");

    let new = notify::NewWebhook {
        name: "a".into(),
        url: "https://a.example".into(),
        client_request_id: Some("1".into()),
        ..notify::NewWebhook::default()
    };
    let webhook = async || notify::create_webhook(&plant.bench, &plant.caller, new.clone()).await.unwrap();
    let first = webhook().await;
    assert_eq!(webhook().await, first);
    assert_eq!(notify::channels(&plant.bench, &plant.caller).await.unwrap().len(), 1);

    let credential = access::Credential::Bearer(&secret);
    let token = access::authenticate(&plant.bench, credential).await.unwrap().unwrap();
    let same = ClientRequest::new(&token, "createApiToken", "1", &wanted).unwrap();
    assert_ne!(same, ClientRequest::new(&plant.caller, "createApiToken", "1", &wanted).unwrap());
}

#[tokio::test]
async fn a_request_has_a_name_of_some_length() {
    let plant = Plant::new().await;
    for id in ["", &"x".repeat(129)] {
        assert!(ClientRequest::new(&plant.caller, "createAsset", id, &()).is_err());
    }
}
