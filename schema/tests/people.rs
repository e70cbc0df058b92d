//! Who may call which change, walking over the schema itself; and the way of a person through the API.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use app::App;
use app::access::{self, Caller};
use app::testing::Bench;
use async_graphql::{Request, Variables};
use domain::role::{Role, Scope};
use schema::context::Asked;
use serde_json::{Value, json};

struct World {
    engine: schema::Engine,
    app: Arc<App>,
    owner: Caller,
}

impl World {
    async fn new() -> Self {
        let app = Arc::new(Bench::new().app);
        let owner =
            access::bootstrap(&app, "ada@example.com", "a sentence is good", "Ada", Some("Acme")).await.unwrap();
        Self { engine: schema::build(Arc::clone(&app)), app, owner }
    }

    async fn ask(&self, caller: Option<&Caller>, query: &str, variables: Value) -> Value {
        let request =
            Request::new(query).variables(Variables::from_json(variables)).data(Asked::by(caller.cloned(), None));
        serde_json::to_value(self.engine.execute(request).await).unwrap()
    }
}

/// Changes that somebody makes who is not in yet.
const DOORS: [&str; 5] = ["register", "login", "verifyEmail", "requestPasswordReset", "resetPassword"];

/// The types of the schema by their names.
async fn types(world: &World) -> BTreeMap<String, Value> {
    let query = "{ __schema { types { name kind fields { name args { name type { ...T } } type { ...T } }
        inputFields { name defaultValue type { ...T } } enumValues { name } possibleTypes { name } } } }
        fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
    let told = world.ask(None, query, json!({})).await;
    let all = told["data"]["__schema"]["types"].as_array().unwrap().clone();
    all.into_iter().map(|t| (t["name"].as_str().unwrap().to_owned(), t)).collect()
}

/// The least value that a type takes.
fn least(types: &BTreeMap<String, Value>, of: &Value) -> Value {
    match of["kind"].as_str().unwrap() {
        "NON_NULL" => required(types, &of["ofType"]),
        _ => Value::Null,
    }
}

fn required(types: &BTreeMap<String, Value>, of: &Value) -> Value {
    let name = of["name"].as_str().unwrap_or_default();
    match of["kind"].as_str().unwrap() {
        "LIST" => json!([]),
        "ENUM" => types[name]["enumValues"][0]["name"].clone(),
        "INPUT_OBJECT" => {
            let fields = types[name]["inputFields"].as_array().unwrap();
            let must = fields.iter().filter(|f| f["type"]["kind"] == "NON_NULL" && f["defaultValue"].is_null());
            must.map(|f| (f["name"].as_str().unwrap().to_owned(), least(types, &f["type"]))).collect()
        }
        _ => match name {
            "Int" => json!(1),
            "Float" => json!(1.0),
            "Boolean" => json!(true),
            "DateTime" => json!("2020-01-01T00:00:00Z"),
            "EmailAddress" => json!("x@example.com"),
            "Url" => json!("https://x.example/"),
            "Cidr" => json!("198.51.100.0/24"),
            "IpAddress" => json!("198.51.100.1"),
            "Json" => json!({}),
            _ => json!("x"),
        },
    }
}

/// Every change with what it needs at least: name, document, variables.
async fn changes(world: &World) -> Vec<(String, String, Value)> {
    let types = types(world).await;
    let fields = types["Mutation"]["fields"].as_array().unwrap();
    let call = |field: &Value| {
        let name = field["name"].as_str().unwrap();
        let document = match field["args"].as_array().unwrap().first() {
            Some(arg) => {
                let input = arg["type"]["ofType"]["name"].as_str().unwrap();
                format!("mutation($input: {input}!) {{ {name}(input: $input) {{ __typename }} }}")
            }
            None => format!("mutation {{ {name} {{ __typename }} }}"),
        };
        let input = field["args"].as_array().unwrap().first().map(|arg| least(&types, &arg["type"]));
        (name.to_owned(), document, json!({"input": input}))
    };
    fields.iter().map(call).collect()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn who_is_not_signed_in_changes_nothing_but_at_the_doors() {
    let world = World::new().await;
    let changes = changes(&world).await;
    assert!(changes.len() > 25, "only {} changes were found", changes.len());
    let mut open = Vec::new();
    for (name, document, variables) in changes {
        let answer = world.ask(None, &document, variables).await;
        if DOORS.contains(&name.as_str()) {
            assert_ne!(code(&answer), "UNAUTHENTICATED", "{name}: {answer}");
        } else if code(&answer) != "UNAUTHENTICATED" {
            open.push(format!("{name}: {answer}"));
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

/// What a VIEWER may: look after their own account.
const OWN: [&str; 11] = [
    "logout",
    "updateProfile",
    "changePassword",
    "revokeSession",
    "deleteAccount",
    "createOrganization",
    "switchOrganization",
    "acceptInvitation",
    // Anybody may leave; whom they may remove is asked after it is known who that is.
    "removeMember",
    "changeMemberRole",
    "revokeInvitation",
];

#[tokio::test]
async fn who_only_reads_changes_nothing_but_their_own_account() {
    let world = World::new().await;
    let viewer = Caller { role: Role::Viewer, ..world.owner.clone() };
    let reader = Caller { scopes: Some([Scope::Read].into()), user: None, ..world.owner.clone() };
    for (name, document, variables) in changes(&world).await {
        if DOORS.contains(&name.as_str()) {
            continue;
        }
        let as_viewer = world.ask(Some(&viewer), &document, variables.clone()).await;
        if !OWN.contains(&name.as_str()) {
            let refused = matches!(code(&as_viewer), "FORBIDDEN" | "BAD_USER_INPUT" | "none");
            assert!(refused, "{name}: {as_viewer}");
        }
        let as_reader = world.ask(Some(&reader), &document, variables).await;
        assert!(matches!(code(&as_reader), "FORBIDDEN" | "BAD_USER_INPUT" | "none"), "{name}: {as_reader}");
    }
    let log = app::audit::page(&world.app, &world.owner, &app::audit::AuditFilter::default(), (None, 100, false)).await;
    let acts: Vec<String> = log.unwrap().items.into_iter().map(|(_, entry)| entry.action).collect();
    assert!(
        acts.iter().all(|act| act.starts_with("user.registered") || act.starts_with("organization.created")),
        "{acts:?}"
    );
}

#[tokio::test]
async fn a_person_goes_all_the_way_through_the_api() {
    let world = World::new().await;
    let register = "mutation($i: RegisterInput!) { register(input: $i) { token userErrors { code field }
        viewer { user { email emailVerified } sessions { current } organizations { name assetCount members { totalCount } } } } }";
    let bob = json!({"i": {"email": "bob@example.com", "password": "a sentence is good", "name": "Bob"}});
    let told = world.ask(None, register, bob.clone()).await;
    let viewer = &told["data"]["register"]["viewer"];
    assert_eq!(viewer["sessions"], json!([{"current": true}]), "{told}");
    assert_eq!(viewer["organizations"][0]["members"]["totalCount"], 1, "asked as who has just come in");
    let again = world.ask(None, register, bob).await;
    assert_eq!(again["data"]["register"]["userErrors"][0]["code"], "TAKEN");
    let twice = "mutation($l: LoginInput!) { a: login(input: $l) { token } b: login(input: $l) { token } }";
    let login = json!({"l": {"email": "bob@example.com", "password": "a sentence is good"}});
    assert_eq!(code(&world.ask(None, twice, login).await), "BAD_USER_INPUT", "guesses are not to be batched");

    let invite = "mutation { inviteMember(input: {email: \"bob@example.com\", role: MEMBER}) { url invitation { id } userErrors { code } } }";
    let invited = world.ask(Some(&world.owner), invite, json!({})).await;
    let token = invited["data"]["inviteMember"]["url"].as_str().unwrap().split_once("#token=").unwrap().1.to_owned();
    let secret = told["data"]["register"]["token"].as_str().unwrap();
    let bob = access::authenticate(&world.app, access::Credential::Bearer(secret)).await.unwrap().unwrap();
    let accept = "mutation($t: String!) { acceptInvitation(input: {token: $t}) { organization { name members { totalCount } } userErrors { code } } }";
    let accepted = world.ask(Some(&bob), accept, json!({"t": token})).await;
    assert_eq!(code(&accepted), "FORBIDDEN", "what is in it is seen after switching there: {accepted}");
    let name = "{ viewer { organizations { name id } } }";
    let seen = world.ask(Some(&bob), name, json!({})).await;
    let there =
        seen["data"]["viewer"]["organizations"].as_array().unwrap().iter().find(|o| o["name"] == "Acme").unwrap();
    let switch = "mutation($id: ID!) { switchOrganization(input: {organizationId: $id}) { viewer { role
        organizations { name } } userErrors { code } } }";
    let switched = world.ask(Some(&bob), switch, json!({"id": there["id"]})).await;
    assert_eq!(switched["data"]["switchOrganization"]["viewer"]["role"], "MEMBER", "{switched}");

    let log = "{ auditLog(first: 2, filter: {action: \"member\"}) { edges { cursor node { id action subject actor { name kind } changes { field after } } }
        pageInfo { hasNextPage } } }";
    let log = world.ask(Some(&world.owner), log, json!({})).await;
    let entry = &log["data"]["auditLog"]["edges"][0]["node"];
    assert_eq!((&entry["action"], &entry["subject"]), (&json!("member.joined"), &json!("Bob")), "{log}");
    let node = "query($id: ID!) { node(id: $id) { __typename ... on AuditEntry { action } } }";
    let found = world.ask(Some(&world.owner), node, json!({"id": entry["id"]})).await;
    assert_eq!(found["data"]["node"], json!({"__typename": "AuditEntry", "action": "member.joined"}));
    let hidden = world.ask(Some(&bob), node, json!({"id": entry["id"]})).await;
    assert_eq!(hidden["data"]["node"], Value::Null, "of another organization");
}
