use std::sync::Arc;

use app::App;
use app::access::{Caller, bootstrap};
use app::assets::{self, AssetDraft};
use app::ledger::{Decision, Entered};
use app::testing::{Bench, ManualClock, SeededIds};
use async_graphql::{Request, Variables};
use domain::asset::Asset;
use domain::finding::Finding;
use domain::ids::{Bucket, FindingId};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use schema::Engine;
use schema::context::Asked;
use serde_json::{Value, json};

/// An organization's owner with the API at hand.
pub(crate) struct Client {
    pub(crate) app: Arc<App>,
    pub(crate) caller: Caller,
    pub(crate) clock: Arc<ManualClock>,
    engine: Engine,
}

impl Client {
    pub(crate) async fn new() -> Self {
        let Bench { app, clock, .. } = Bench::new();
        let app = Arc::new(app);
        let caller = bootstrap(&app, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        Self { engine: schema::build(Arc::clone(&app)), app, caller, clock }
    }

    /// The same person at another process on the same store.
    pub(crate) fn elsewhere(&self) -> Self {
        let Bench { app, .. } = Bench::new();
        let app = App { tables: Arc::clone(&self.app.tables), ids: Arc::new(SeededIds::new(2)), ..app };
        let app = Arc::new(App { clock: self.clock.clone(), ..app });
        let (caller, clock) = (self.caller.clone(), self.clock.clone());
        Self { engine: schema::build(Arc::clone(&app)), app, caller, clock }
    }

    /// What a subscription tells, result by result.
    pub(crate) fn follow(&self, caller: &Caller, document: &str, variables: Value) -> BoxStream<'static, Value> {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let results = self.engine.execute_stream(request.data(Asked::by(Some(caller.clone()), None)));
        results.map(|answer| serde_json::to_value(answer).unwrap()).boxed()
    }

    /// The data of an answer without errors.
    pub(crate) async fn ask(&self, document: &str, variables: Value) -> Value {
        let answer = self.try_ask(&self.caller, document, variables).await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// Whatever somebody is answered.
    pub(crate) async fn try_ask(&self, caller: &Caller, document: &str, variables: Value) -> Value {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let answer = self.engine.execute(request.data(Asked::by(Some(caller.clone()), None))).await;
        serde_json::to_value(answer).unwrap()
    }

    pub(crate) async fn watch(&self, target: &str) -> Asset {
        let draft = AssetDraft { target: Some(target.into()), enabled: true, ..AssetDraft::default() };
        assets::create(&self.app, &self.caller, &draft).await.unwrap()
    }

    /// Enters findings of an asset; each is `change` over one with nothing special about it.
    pub(crate) async fn find(&self, asset: &Asset, changes: &[Value]) -> Vec<String> {
        let now = self.app.now();
        let mut session = self.app.open_ledger(&self.caller.org, "Plant", Bucket::default()).await.unwrap();
        let mut decisions = Vec::new();
        let mut ids = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            let fingerprint = format!("{:016x}", number + 1);
            let id = FindingId { bucket: Bucket::default(), birth: asset.id.ulid.clone(), fingerprint };
            let mut written = json!({
                "id": id, "asset": asset.id, "ip": "8.8.8.8", "rule": "rule_telnet-open", "family": "rule_telnet-open",
                "ruleName": "Telnet", "ruleVersion": 1, "title": "Telnet", "category": "EXPOSED_SERVICE",
                "severity": "HIGH", "confidence": "VERIFIED", "state": "OPEN", "riskScore": 40, "riskFactors": [],
                "evidence": [], "remediation": "Close it.", "openedAt": now, "firstObservedAt": now,
                "lastObservedAt": now, "updatedAt": now, "reopenCount": 0, "revision": 1,
            });
            for (name, value) in change.as_object().unwrap() {
                written[name] = value.clone();
            }
            let finding: Finding = serde_json::from_value(written).unwrap();
            ids.push(finding.id.to_string());
            let entered = Entered { finding, counted: None, chunk: None };
            decisions.push(Decision { entries: vec![entered], ..Decision::default() });
        }
        session.commit(decisions).await.unwrap();
        ids
    }
}
