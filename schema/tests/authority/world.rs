//! An organization that has everything, the people and tokens of it, and a stranger; and copies of all that.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::access::{self, Caller, Client, Credential, Login, NewApiToken, Register};
use app::ports::Account;
use app::testing::{
    Bench, Faulty, JsonLetters, Library, MemoryTables, RecordingChats, RecordingMailer, RecordingWebhooks, Script,
    SeededIds, Silent, seen,
};
use async_graphql::{Request, Variables};
use domain::observation::{Tls, VulnerabilityClaim};
use domain::role::{Role, Scope};
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::civil::date;
use schema::Engine;
use schema::context::Asked;
use serde_json::{Value, json};

use crate::samples::Things;
use crate::sources::{CVE, OneOfEach, cve, somewhere};

pub(crate) const PASSWORD: &str = "a sentence is good";

/// Somebody who asks; `None`: nobody is signed in.
pub(crate) type Somebody = (String, Option<Caller>);

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) tables: Arc<Faulty<MemoryTables>>,
    engine: Engine,
    /// Nobody first, the stranger last.
    pub(crate) everybody: Vec<Somebody>,
    pub(crate) things: Things,
}

impl World {
    /// All there can be, made through the API where it can be.
    pub(crate) async fn new() -> Self {
        // Before there is a mail server: invitations are handed over by their links then.
        let mut before = bench(MemoryTables::default(), 1);
        before.app.mailer = Arc::new(Silent);
        access::bootstrap(&before, "ada@plant.example", PASSWORD, "Ada", Some("Plant")).await.unwrap();
        let login = Login { email: "ada@plant.example".into(), password: PASSWORD.into() };
        let owner = access::login(&before, login, &Client::default()).await.unwrap().caller;
        let everybody = everybody(&before, &owner).await;

        let bench = bench((**before.tables).clone(), 2);
        let (tables, app) = (bench.tables.clone(), Arc::new(bench.app));
        let engine = schema::build(Arc::clone(&app));
        let mut world = Self { app, tables, engine, everybody, things: Things::default() };
        world.furnish(&owner).await;
        world
    }

    /// The same once more, to be changed without a trace here. Ids that are made in it are others.
    pub(crate) fn copy(&self) -> Self {
        let bench = bench((**self.tables).clone(), 9);
        let (tables, app) = (bench.tables.clone(), Arc::new(bench.app));
        let engine = schema::build(Arc::clone(&app));
        Self { app, tables, engine, everybody: self.everybody.clone(), things: self.things.clone() }
    }

    pub(crate) fn somebody(&self, name: &str) -> Option<&Caller> {
        self.everybody.iter().find(|(who, _)| who == name).unwrap().1.as_ref()
    }

    pub(crate) async fn ask(&self, caller: Option<&Caller>, document: &str, variables: Value) -> Value {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let asked = Asked::by(caller.cloned(), None);
        serde_json::to_value(self.engine.execute(request.data(asked)).await).unwrap()
    }

    /// The first result of a subscription; `None`: there is none for now.
    pub(crate) async fn follow(&self, caller: Option<&Caller>, document: &str) -> Option<Value> {
        let request = Request::new(document).data(Asked::by(caller.cloned(), None));
        let mut results = self.engine.execute_stream(request).boxed();
        let first = tokio::time::timeout(Duration::from_millis(200), results.next()).await;
        Some(serde_json::to_value(first.ok()??).unwrap())
    }

    async fn furnish(&mut self, owner: &Caller) {
        let ask = async |document: &str, variables: Value| {
            let answer = self.ask(Some(owner), document, variables).await;
            let fine = answer.get("errors").is_none() && !answer.to_string().contains("\"message\"");
            assert!(fine, "{document}: {answer:#}");
            answer["data"].clone()
        };
        let asset = "mutation { createAsset(input: {target: \"8.8.8.8\", tags: [\"a\"], device: {vendor: \"Acme\"}}) { asset { id } } }";
        ask(asset, json!({})).await;
        let retired = "mutation { createAsset(input: {target: \"8.8.4.4\"}) { asset { id } } }";
        let retired = ask(retired, json!({})).await["createAsset"]["asset"]["id"].clone();
        let retire = "mutation($ids: [ID!]) { retireAssets(input: {ids: $ids, expectedCount: 1, reason: \"sold\"}) { retiredIds } }";
        ask(retire, json!({"ids": [retired]})).await;
        for channel in [
            "createWebhookChannel(input: {name: \"SIEM\", url: \"https://siem.example/in\"}) { userErrors { message } }",
            "createEmailChannel(input: {name: \"Duty\", recipients: [\"duty@plant.example\"], trigger: {quietHours: {from: \"22:00\", \
                to: \"06:00\", timeZone: \"Europe/Rome\"}}}) { userErrors { message } }",
            "setShodanKey(input: {key: \"KEY0123456789KEY0123456789KEY012\"}) { userErrors { message } }",
            "createChatChannel(input: {name: \"Room\", service: SLACK, url: \"https://hooks.slack.com/services/T/B/x\"}) { userErrors { message } }",
            "inviteMember(input: {email: \"zoe@plant.example\", role: MEMBER}) { userErrors { message } }",
        ] {
            ask(&format!("mutation {{ {channel} }}"), json!({})).await;
        }
        let policy = "mutation { createTriagePolicy(input: {name: \"Laboratory\", findings: {assetTags: [\"lab\"]}, state: ACCEPTED, \
            reason: ACCEPTABLE_RISK, note: \"reachable from within alone\", until: \"2026-04-01T00:00:00Z\"}) { userErrors { field message } } }";
        ask(policy, json!({})).await;
        app::poll::tick(&self.app).await.unwrap();
        let found = format!("{{ findings(first: 9, filter: {{cves: [\"{CVE}\"]}}) {{ nodes {{ id }} }} }}");
        let found = ask(&found, json!({})).await;
        let finding = found["findings"]["nodes"][0]["id"].clone();
        let work = "mutation($id: ID!, $me: ID!) {
            triageFindings(input: {ids: [$id], state: ACCEPTED, reason: ACCEPTABLE_RISK, note: \"until spring\", until: \"2026-04-01T00:00:00Z\"}) { userErrors { code field message } }
            assignFindings(input: {ids: [$id], userId: $me}) { userErrors { message } }
            commentOnFinding(input: {id: $id, text: \"seen\"}) { userErrors { message } }
            linkTicket(input: {findingIds: [$id], system: \"jira\", key: \"OPS-1\"}) { userErrors { message } } }";
        ask(work, json!({"id": finding, "me": owner.user})).await;
        let channels = ask("{ notificationChannels(first: 9) { nodes { id __typename } } }", json!({})).await;
        let test = "mutation($id: ID!) { testNotificationChannel(input: {id: $id}) { delivery { id } } }";
        let of = |kind: &str| {
            let all = channels["notificationChannels"]["nodes"].as_array().unwrap();
            all.iter().find(|c| c["__typename"] == kind).unwrap()["id"].clone()
        };
        ask(test, json!({"id": of("WebhookChannel")})).await;
        let scan = "mutation($id: ID!) { requestScan(input: {findingIds: [$id], maxCredits: 1}) { scan { id } userErrors { message } } }";
        let scan = ask(scan, json!({"id": finding})).await["requestScan"]["scan"]["id"].clone();
        self.things =
            Things::look(self, owner, &finding, &retired, &scan, [&of("WebhookChannel"), &of("EmailChannel")]).await;
    }
}

fn bench(tables: MemoryTables, seed: u64) -> Bench {
    let mut bench = Bench::new();
    let tables = Arc::new(Faulty::new(Arc::new(tables), Arc::default()));
    bench.app.tables = tables.clone();
    bench.tables = tables;
    bench.app.ids = Arc::new(SeededIds::new(seed));
    bench.app.webhooks = Arc::new(RecordingWebhooks::default());
    bench.app.chats = Arc::new(RecordingChats::default());
    bench.app.mailer = Arc::new(RecordingMailer::default());
    bench.app.letters = Arc::new(JsonLetters);
    bench.app.exposure = Arc::new(plc(bench.app.now()));
    bench.app.intelligence = Arc::new(library());
    bench.app.research = Arc::new(OneOfEach);
    bench.app.scans = Arc::new(OneOfEach);
    bench.app.alerts = Arc::new(OneOfEach);
    bench.app.exploits = Arc::new(OneOfEach);
    bench
}

/// One address, seen with everything that can be seen of one.
fn plc(now: Timestamp) -> Script {
    let script = Script::default();
    let mut host = seen(IpAddr::from([8, 8, 8, 8]), now, &[(23, "telnet"), (502, "modbus")]);
    host.location = Some(somewhere());
    let tested = VulnerabilityClaim { verified: true, cvss: Some(9.8), ..VulnerabilityClaim::default() };
    for banner in &mut host.banners {
        banner.vulnerabilities.insert(cve(), tested.clone());
        banner.tls = Some(Tls {
            versions: vec!["TLSv1.2".into()],
            cipher: Some("AES128-SHA".into()),
            subject: Some("plc".into()),
            issuer: Some("plc".into()),
            not_before: Some(Timestamp::UNIX_EPOCH),
            not_after: Some(Timestamp::MAX),
            self_signed: true,
            key_bits: Some(2048),
            signature_algorithm: Some("sha256WithRSAEncryption".into()),
            fingerprint_sha256: Some("00".repeat(32)),
            serial: Some("1".into()),
        });
    }
    script.says(host);
    let (plan, left) = ("dev".into(), Some(100));
    script.leaves(Account { plan, query_credits: left, scan_credits: left, monitored_ips: left });
    script
}

/// What publishers say of the one CVE.
fn library() -> Library {
    let (library, day) = (Library::default(), date(2026, 1, 2));
    library.lists(&cve(), day);
    library.scores(&cve(), 0.94, day);
    library
}

/// Nobody, a person of each role, a token of each scope, and the OWNER of another organization.
async fn everybody(app: &App, owner: &Caller) -> Vec<Somebody> {
    let mut all: Vec<Somebody> = vec![("nobody".into(), None)];
    for role in [Role::Viewer, Role::Member, Role::Admin] {
        let name = role.as_str().to_lowercase();
        let email = format!("{name}@plant.example");
        let invited = access::invite_member(app, owner, &email, role).await.unwrap();
        let token = invited.url.unwrap().split_once("#token=").unwrap().1.to_owned();
        all.push((role.to_string(), Some(registered(app, &email, Some(token)).await)));
    }
    all.push((Role::Owner.to_string(), Some(owner.clone())));
    for scope in Scope::ALL {
        let wanted = NewApiToken { name: scope.to_string(), scopes: [scope].into(), expires_at: None };
        let (_, secret) = access::create_api_token(app, owner, wanted).await.unwrap();
        let caller = access::authenticate(app, Credential::Bearer(&secret)).await.unwrap();
        all.push((format!("token {scope}"), caller));
    }
    all.push(("stranger".into(), Some(registered(app, "eve@rival.example", None).await)));
    all
}

async fn registered(app: &App, email: &str, invitation_token: Option<String>) -> Caller {
    let input = Register {
        email: email.into(),
        password: PASSWORD.into(),
        name: email.split('@').next().unwrap().to_owned(),
        organization_name: None,
        setup_code: None,
        invitation_token,
    };
    access::register(app, input, &Client::default()).await.unwrap().caller
}
