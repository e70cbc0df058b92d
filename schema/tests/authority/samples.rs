//! Inputs that work: what each field is asked with, so that a refusal is one of who asks and not of what.

use app::access::Caller;
use serde_json::{Map, Value, json};

use crate::shape::{Shape, text};
use crate::world::{PASSWORD, World};

/// Ids of an organization that has everything, by what they are ids of.
#[derive(Clone, Default)]
pub(crate) struct Things {
    ids: Map<String, Value>,
    /// The cursor of the first event.
    pub(crate) beginning: String,
    /// When all of it was there.
    now: String,
}

const LOOK: &str = "{ viewer { user { id } sessions { id } }
    organization { id members { nodes { user { id } role } } invitations { id } apiTokens { id } }
    services(first: 1) { nodes { id } } events(first: 1) { edges { cursor node { id } } }
    deliveries(first: 1) { nodes { id } } rules(first: 1) { nodes { id } } triagePolicies(first: 1) { nodes { id } }
    assets(first: 9) { nodes { id } } auditLog(first: 1) { nodes { id } } }";

impl Things {
    pub(crate) async fn look(
        world: &World,
        owner: &Caller,
        finding: &Value,
        retired: &Value,
        scan: &Value,
        [webhook, email]: [&Value; 2],
    ) -> Self {
        let told = world.ask(Some(owner), LOOK, json!({})).await;
        assert!(told.get("errors").is_none(), "{told:#}");
        let data = &told["data"];
        let organization = &data["organization"];
        let assets = data["assets"]["nodes"].as_array().unwrap();
        let viewer = organization["members"]["nodes"].as_array().unwrap().iter().find(|m| m["role"] == "VIEWER");
        let ids = json!({
            "asset": assets.iter().find(|a| a["id"] != *retired).unwrap()["id"],
            "retired": retired,
            "scan": scan,
            "finding": finding,
            "webhook": webhook,
            "email": email,
            "service": data["services"]["nodes"][0]["id"],
            "event": data["events"]["edges"][0]["node"]["id"],
            "delivery": data["deliveries"]["nodes"][0]["id"],
            "rule": data["rules"]["nodes"][0]["id"],
            "policy": data["triagePolicies"]["nodes"][0]["id"],
            "audit": data["auditLog"]["nodes"][0]["id"],
            "user": viewer.unwrap()["user"]["id"],
            "session": data["viewer"]["sessions"][0]["id"],
            "organization": organization["id"],
            "invitation": organization["invitations"][0]["id"],
            "token": organization["apiTokens"][0]["id"],
        });
        let Value::Object(ids) = ids else { unreachable!("it was written so") };
        let missing: Vec<&String> = ids.iter().filter(|(_, id)| text(id).is_empty()).map(|(name, _)| name).collect();
        assert!(missing.is_empty(), "the organization lacks {missing:?}");
        let beginning = text(&data["events"]["edges"][0]["cursor"]).to_owned();
        Self { ids, beginning, now: world.app.now().to_string() }
    }

    /// Every id but those that mean something to everybody: rules are shared, and each organization counts its events from 1.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().filter(|(name, _)| !["rule", "event"].contains(&name.as_str())).map(|(_, id)| text(id))
    }

    /// The same kinds of ids, of things that are nowhere.
    pub(crate) fn nowhere(&self) -> Self {
        let gone = |(name, id): (&String, &Value)| {
            let id = text(id);
            let id = if name == "rule" { id.to_owned() } else { format!("{}0000", &id[..id.len() - 4]) };
            (name.clone(), json!(id))
        };
        Self { ids: self.ids.iter().map(gone).collect(), ..self.clone() }
    }

    pub(crate) fn id(&self, name: &str) -> &Value {
        &self.ids[name]
    }

    /// What a field other than a mutation is asked with, as it stands in a document: with its parentheses.
    pub(crate) fn arguments(&self, shape: &Shape, of: &str, field: &Value) -> String {
        let mut given = Vec::new();
        for arg in field["args"].as_array().unwrap() {
            let value = match (of, text(&field["name"]), text(&arg["name"])) {
                ("Query", "node", "id") => self.id("asset").to_string(),
                ("Query", "nodes", "ids") => json!([self.id("asset"), self.id("finding")]).to_string(),
                ("Query", "notificationChannel", "id") => self.id("webhook").to_string(),
                ("Query", name, "id") => self.ids.get(name).map_or_else(|| "\"x\"".into(), Value::to_string),
                ("Query", "host", "ip") => "\"8.8.8.8\"".into(),
                ("Query", "vulnerability", "cve") => "\"CVE-2021-36260\"".into(),
                ("Query", "findingsAt" | "servicesAt", "at") => json!(self.now).to_string(),
                ("Query", "findingGroups", "by") => "[SEVERITY]".into(),
                ("Query", "exploits", "facets") => "[{name: TYPE}]".into(),
                ("Shodan", "resolve", "hostnames") => "[\"plc.plant.example\"]".into(),
                ("Shodan", "reverse", "ips") => "[\"8.8.8.8\"]".into(),
                ("Shodan", "count" | "search", "facets") => "[\"org\"]".into(),
                ("Subscription", _, "after") => json!(self.beginning).to_string(),
                (_, _, _) if arg["type"]["kind"] == "NON_NULL" && arg["defaultValue"].is_null() => {
                    shape.least(&arg["type"]).to_string()
                }
                _ => continue,
            };
            given.push(format!("{}: {value}", text(&arg["name"])));
        }
        if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) }
    }

    /// The input of a mutation: the least that its type takes, with what makes it about something.
    pub(crate) fn input(&self, shape: &Shape, mutation: &Value) -> Value {
        let Some(arg) = mutation["args"].as_array().unwrap().first() else { return Value::Null };
        let mut input = shape.least(&arg["type"]);
        if let Value::Object(more) = self.more(text(&mutation["name"])) {
            input.as_object_mut().unwrap().extend(more);
        }
        input
    }

    fn more(&self, mutation: &str) -> Value {
        let id = |name: &str| self.id(name);
        match mutation {
            "register" => json!({"email": "new@example.com", "password": PASSWORD, "name": "New"}),
            "login" => json!({"email": "ada@plant.example", "password": PASSWORD}),
            "changePassword" => json!({"currentPassword": PASSWORD, "newPassword": "another sentence is good"}),
            "deleteAccount" => json!({"password": PASSWORD}),
            "updateProfile" => json!({"name": "Ada L."}),
            "revokeSession" => json!({"id": id("session")}),
            "switchOrganization" => json!({"organizationId": id("organization")}),
            "updateOrganization" => json!({"name": "Plant 2"}),
            "inviteMember" => json!({"email": "bob@example.com", "role": "VIEWER"}),
            "revokeInvitation" => json!({"id": id("invitation")}),
            "changeMemberRole" => json!({"userId": id("user"), "role": "MEMBER"}),
            "removeMember" => json!({"userId": id("user")}),
            "createApiToken" => json!({"scopes": ["READ"]}),
            "revokeApiToken" => json!({"id": id("token")}),
            "createAsset" => json!({"target": "1.1.1.1"}),
            "importAssets" => json!({"assets": [{"target": "1.1.1.1"}]}),
            "updateAsset" => json!({"id": id("asset"), "name": "Camera"}),
            "refreshAsset" => json!({"id": id("asset")}),
            "updateAssets" => json!({"ids": [id("asset")], "expectedCount": 1, "addTags": ["b"]}),
            "retireAssets" => json!({"ids": [id("asset")], "expectedCount": 1}),
            "deleteAssets" => json!({"ids": [id("retired")]}),
            "refreshAssets" => json!({"ids": [id("asset")]}),
            "requestScan" => json!({"assetIds": [id("asset")], "maxCredits": 1}),
            "triageFindings" => json!({"ids": [id("finding")], "state": "ACKNOWLEDGED"}),
            "assignFindings" => json!({"ids": [id("finding")], "userId": id("user")}),
            "linkTicket" => json!({"findingIds": [id("finding")]}),
            "commentOnFinding" => json!({"id": id("finding")}),
            "createWebhookChannel" => json!({"url": "https://other.example/in"}),
            "createEmailChannel" => json!({"recipients": ["x@example.com"]}),
            "createChatChannel" => json!({"service": "SLACK", "url": "https://hooks.slack.com/services/T/B/y"}),
            "updateNotificationChannel" => json!({"id": id("webhook"), "name": "SOC"}),
            "deleteNotificationChannel" | "rotateWebhookSecret" => json!({"id": id("webhook")}),
            "testNotificationChannel" => json!({"id": id("webhook"), "findingId": id("finding")}),
            "resendConfirmation" => json!({"channelId": id("email"), "email": "duty@plant.example"}),
            "endTriagePolicy" => json!({"id": id("policy")}),
            "redeliver" => json!({"deliveryId": id("delivery")}),
            "replayEvents" => json!({"channelId": id("webhook")}),
            _ => Value::Null,
        }
    }
}
