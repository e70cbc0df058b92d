//! Channels, from the question to the receiver's answer, in the API's own words.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use app::access::bootstrap;
use app::testing::{Bench, JsonLetters, MemoryQueue, RecordingChats, RecordingMailer, RecordingWebhooks};
use app::{App, notify};
use async_graphql::Request;
use schema::{Engine, context::Asked};
use serde_json::{Value, json};

struct House {
    app: Arc<App>,
    engine: Engine,
    caller: app::access::Caller,
    hooks: Arc<RecordingWebhooks>,
    queue: Arc<MemoryQueue>,
}

impl House {
    async fn new() -> Self {
        let mut bench = Bench::new();
        let hooks = Arc::new(RecordingWebhooks::default());
        bench.app.webhooks = hooks.clone();
        bench.app.chats = Arc::new(RecordingChats::default());
        bench.app.mailer = Arc::new(RecordingMailer::default());
        bench.app.letters = Arc::new(JsonLetters);
        let caller =
            bootstrap(&bench, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        let queue = bench.queue.clone();
        let app = Arc::new(bench.app);
        Self { engine: schema::build(app.clone()), app, caller, hooks, queue }
    }

    /// Asks; errors at the top are faults of the test.
    async fn ask(&self, query: &str) -> Value {
        let request = Request::new(query).data(Asked::by(Some(self.caller.clone()), None));
        let response = self.engine.execute(request).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        response.data.into_json().unwrap()
    }

    async fn webhook(&self) -> String {
        let made = self
            .ask(
                r#"mutation { createWebhookChannel(input: { name: "SIEM", url: "https://siem.example/in" }) {
                    channel { id status signature publicKey } secret userErrors { code } } }"#,
            )
            .await;
        assert!(made["createWebhookChannel"]["secret"].as_str().unwrap().starts_with("whsec_"));
        made["createWebhookChannel"]["channel"]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_test_shows_what_the_receiver_said() {
    let house = House::new().await;
    let id = house.webhook().await;
    house.hooks.refuse(418, None);
    let tested = house
        .ask(&format!(
            r#"mutation {{ testNotificationChannel(input: {{ id: "{id}" }}) {{ userErrors {{ code }} delivery {{
                state requestBody requestHeaders attempts {{ number statusCode error responseExcerpt }} events {{ type channel {{ id name }} }} }} }} }}"#
        ))
        .await;
    let delivery = &tested["testNotificationChannel"]["delivery"];
    assert_eq!(delivery["state"], "RETRYING");
    assert_eq!(
        delivery["attempts"][0],
        json!({"number": 1, "statusCode": 418, "error": "HTTP_STATUS", "responseExcerpt": "answer 418"})
    );
    assert_eq!(delivery["events"][0], json!({"type": "TEST", "channel": {"id": id, "name": "SIEM"}}));
    assert!(delivery["requestBody"].as_str().unwrap().contains("test.ping"));
    assert_eq!(delivery["requestHeaders"]["webhook-signature"], "not shown");
}

#[tokio::test]
async fn a_channel_is_paused_and_resumed_and_what_it_missed_is_replayed() {
    let house = House::new().await;
    let id = house.webhook().await;
    let switch = async |on: bool| {
        let query = format!(
            r#"mutation {{ updateNotificationChannel(input: {{ id: "{id}", enabled: {on} }}) {{ channel {{ status }} }} }}"#
        );
        house.ask(&query).await["updateNotificationChannel"]["channel"]["status"].clone()
    };
    assert_eq!(switch(false).await, "DISABLED");
    let asset = r#"mutation { createAsset(input: { target: "8.8.8.8" }) { asset { id } userErrors { message } } }"#;
    house.ask(asset).await;
    notify::drain(&house.app, 100).await.unwrap();
    assert!(house.hooks.requests().is_empty());
    let told = house
        .ask("{ events { nodes { type notifications { sent reason explanation heldUntil delivery { id } } } } }")
        .await;
    let decision = &told["events"]["nodes"][0]["notifications"][0];
    assert_eq!((&decision["reason"], &decision["sent"]), (&json!("CHANNEL_DISABLED"), &json!(false)));
    assert_eq!(switch(true).await, "HEALTHY");
    let replay = format!(
        r#"mutation {{ replayEvents(input: {{ channelId: "{id}", since: "2026-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z", clientRequestId: "once" }}) {{ queued userErrors {{ code }} }} }}"#
    );
    for _ in 0..2 {
        assert_eq!(house.ask(&replay).await["replayEvents"], json!({"queued": 1, "userErrors": []}));
    }
    notify::drain(&house.app, 100).await.unwrap();
    assert_eq!(house.hooks.requests().len(), 1);
    assert!(house.queue.bodies(app::ports::QueueName::Notifications).is_empty());
    let page =
        house.ask(&format!(r#"{{ deliveries(filter: {{ channelId: "{id}" }}) {{ nodes {{ id state }} }} }}"#)).await;
    let delivery = page["deliveries"]["nodes"][0]["id"].as_str().unwrap().to_owned();
    let again = format!(
        r#"mutation {{ redeliver(input: {{ deliveryId: "{delivery}" }}) {{ delivery {{ state attempts {{ number }} }} }} }}"#
    );
    assert_eq!(house.ask(&again).await["redeliver"]["delivery"]["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_trigger_comes_back_as_it_was_said_and_null_clears() {
    let house = House::new().await;
    let made = house
        .ask(
            r#"mutation { createEmailChannel(input: { name: "Night", recipients: [], toOwners: true, trigger: {
                schedule: DAILY, digestAt: "07:30", digestWeekday: 3, timeZone: "Europe/Vienna", groupBy: ASSET, sendEmpty: true,
                expression: "finding.riskScore > 50",
                quietHours: { from: "22:00", to: "06:00", timeZone: "Europe/Vienna", weekdays: [1, 5], after: DROP } } }) {
                channel { id toOwners trigger { ...t } } userErrors { code message } } }
            fragment t on NotificationTrigger { schedule digestAt digestWeekday timeZone groupBy sendEmpty expression firstPoll
                quietHours { from to timeZone exceptCritical weekdays after } }"#,
        )
        .await;
    let channel = &made["createEmailChannel"]["channel"];
    let quiet = json!({"from": "22:00", "to": "06:00", "timeZone": "Europe/Vienna", "exceptCritical": true, "weekdays": [1, 5], "after": "DROP"});
    assert_eq!(channel["trigger"]["quietHours"], quiet);
    assert_eq!((&channel["trigger"]["digestAt"], &channel["toOwners"]), (&json!("07:30"), &json!(true)));
    let id = channel["id"].as_str().unwrap();
    let cleared = house
        .ask(&format!(
            r#"mutation {{ updateNotificationChannel(input: {{ id: "{id}", trigger: {{ quietHours: null, expression: null }} }}) {{
                channel {{ trigger {{ schedule digestAt expression quietHours {{ from }} }} }} }} }}"#
        ))
        .await;
    assert_eq!(
        cleared["updateNotificationChannel"]["channel"]["trigger"],
        json!({"schedule": "DAILY", "digestAt": "07:30", "expression": null, "quietHours": null})
    );
    let wrong = house
        .ask(
            r#"mutation { createWebhookChannel(input: { name: "X", url: "https://x.example/", trigger: { schedule: DAILY } }) {
                channel { id } userErrors { code field } } }"#,
        )
        .await;
    assert_eq!(
        wrong["createWebhookChannel"]["userErrors"][0],
        json!({"code": "INVALID", "field": ["input", "trigger"]})
    );
}

#[tokio::test]
async fn chat_and_ed25519_show_what_may_be_seen_and_no_more() {
    let house = House::new().await;
    let made = house
        .ask(
            r#"mutation {
                a: createChatChannel(input: { name: "Ops", service: SLACK, url: "https://chat.example/s3cret" }) { channel { id service } userErrors { message } }
                b: createChatChannel(input: { name: "Pager", service: PAGERDUTY, routingKey: "0123456789abcdef0123456789abcdef" }) { channel { id service } }
                c: createWebhookChannel(input: { name: "Signed", url: "https://x.example/", signature: ED25519 }) { secret channel { id signature publicKey } }
            }"#,
        )
        .await;
    assert_eq!(
        (&made["a"]["channel"]["service"], &made["b"]["channel"]["service"]),
        (&json!("SLACK"), &json!("PAGERDUTY"))
    );
    assert_eq!(made["c"]["secret"], Value::Null);
    assert!(made["c"]["channel"]["publicKey"].as_str().unwrap().starts_with("whpk_"));
    let all = house.ask("{ notificationChannels { nodes { id name ... on ChatChannel { service } } } }").await;
    assert!(!all.to_string().contains("s3cret") && !all.to_string().contains("0123456789abcdef"));
    let id = made["c"]["channel"]["id"].as_str().unwrap();
    let rotated = house
        .ask(&format!(
            r#"mutation {{ rotateWebhookSecret(input: {{ id: "{id}", overlapHours: 0 }}) {{ secret channel {{ publicKey }} userErrors {{ code }} }}
                too: rotateWebhookSecret(input: {{ id: "{id}", overlapHours: 169 }}) {{ userErrors {{ code }} }} }}"#
        ))
        .await;
    assert_ne!(rotated["rotateWebhookSecret"]["channel"]["publicKey"], made["c"]["channel"]["publicKey"]);
    assert_eq!(rotated["too"]["userErrors"][0]["code"], "INVALID");
}
