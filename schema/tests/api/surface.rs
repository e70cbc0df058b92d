use app::access::Caller;
use domain::role::{Role, Scope};
use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test]
async fn a_page_without_a_match_leads_on_to_the_one_that_has_it() {
    let client = Client::new().await;
    let asset = client.watch("8.8.8.8").await;
    for part in 0..3 {
        let many: Vec<Value> =
            (0..400).map(|n| json!({"riskScore": 90 - part * 20, "title": format!("{part} {n}")})).collect();
        let other = client.watch(&format!("8.8.4.{part}")).await;
        client.find(&other, &many).await;
    }
    client.find(&asset, &[json!({"riskScore": 1, "title": "the needle"})]).await;
    let document = "query($after: String) { findings(first: 5, after: $after, filter: {text: \"needle\"}) { \
                    totalCount nodes { title } pageInfo { hasNextPage endCursor } } }";
    let first = client.ask(document, json!({})).await["findings"].clone();
    assert_eq!((&first["totalCount"], &first["nodes"]), (&json!(1), &json!([])));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let second = client.ask(document, json!({"after": first["pageInfo"]["endCursor"]})).await["findings"].clone();
    assert_eq!(second["nodes"], json!([{"title": "the needle"}]));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn fields_of_a_filter_are_and_ed_and_an_id_that_none_can_have_matches_nothing() {
    let client = Client::new().await;
    let (one, other) = (client.watch("8.8.8.8").await, client.watch("8.8.4.4").await);
    let cves = |list: &[&str]| json!({"vulnerabilities": list.iter().map(|c| json!({"cve": c})).collect::<Vec<_>>()});
    client.find(&one, &[cves(&["CVE-2021-1111", "CVE-2021-2222"]), cves(&["CVE-2021-1111"])]).await;
    client.find(&other, &[cves(&[])]).await;
    for (filter, number) in [
        (json!({}), 3),
        (json!({"assetId": one.id}), 2),
        (json!({"assetId": "nonsense"}), 0),
        (json!({"assetIds": ["nonsense"]}), 0),
        (json!({"assetId": one.id, "assetIds": [other.id]}), 0),
        (json!({"assetIds": [one.id, other.id]}), 3),
        (json!({"cve": "CVE-2021-1111"}), 2),
        (json!({"cve": "CVE-2021-1111", "cves": ["CVE-2021-2222"]}), 1),
        (json!({"cves": []}), 0),
        (json!({"ports": [70_000]}), 0),
    ] {
        let document = "query($filter: FindingFilter) { findings(filter: $filter) { totalCount nodes { id } } }";
        let found = client.ask(document, json!({"filter": filter})).await["findings"].clone();
        assert_eq!(found["totalCount"], number, "{filter}");
        assert_eq!(found["nodes"].as_array().unwrap().len(), number, "{filter}");
    }
    // An asset's own list shows no other's, whatever is asked.
    let document = "query($id: ID!, $other: ID!) { asset(id: $id) { a: findings(filter: {assetId: $other}) { totalCount } \
                    b: findings(filter: {assetIds: [$other]}) { totalCount } c: findings { totalCount } } }";
    let found = client.ask(document, json!({"id": one.id, "other": other.id})).await["asset"].clone();
    assert_eq!(found, json!({"a": {"totalCount": 0}, "b": {"totalCount": 0}, "c": {"totalCount": 2}}));
}

#[tokio::test]
async fn each_id_answers_for_itself_where_the_client_wrote_it() {
    let client = Client::new().await;
    let asset = client.watch("8.8.8.8").await;
    let ids = client.find(&asset, &[json!({}), json!({})]).await;
    let gone = ids[0].replace("0001", "0009");
    let some = json!(["nonsense", ids[0], gone, ids[1]]);
    let me = client.caller.user.clone().unwrap();
    for (document, variables) in [
        (
            "mutation($input: AssignFindingsInput!) { done: assignFindings(input: $input) { findings { assignee { id email } } \
             userErrors { code field } } }",
            json!({"ids": some, "userId": me}),
        ),
        (
            "mutation($input: TriageFindingsInput!) { done: triageFindings(input: $input) { findings { assignee { id email } } \
             userErrors { code field } } }",
            json!({"ids": some, "state": "ACKNOWLEDGED"}),
        ),
    ] {
        let done = client.ask(document, json!({"input": variables})).await["done"].clone();
        let mine = json!({"assignee": {"id": me, "email": "ops@plant.example"}});
        assert_eq!(done["findings"], json!([mine, mine]));
        let faults = json!([
            {"code": "NOT_FOUND", "field": ["input", "ids", "0"]}, {"code": "NOT_FOUND", "field": ["input", "ids", "2"]},
        ]);
        assert_eq!(done["userErrors"], faults);
    }
    let link = "mutation($input: LinkTicketInput!) { linkTicket(input: $input) { userErrors { field } findings { \
                tickets { system key url status linkedBy { name } } } } }";
    let input = json!({"findingIds": [ids[0], "x"], "system": "jira", "key": "OPS-1", "url": "https://jira.example/1"});
    let linked = client.ask(link, json!({"input": input})).await["linkTicket"].clone();
    assert_eq!(linked["findings"][0]["tickets"][0]["linkedBy"]["name"], "Ops");
    assert_eq!(linked["userErrors"], json!([{"field": ["input", "findingIds", "1"]}]));
}

#[tokio::test]
async fn the_register_is_changed_in_bulk_and_only_an_owner_deletes_what_is_retired() {
    let client = Client::new().await;
    let (one, other) = (client.watch("8.8.8.8").await, client.watch("8.8.4.4").await);
    let update =
        "mutation($input: UpdateAssetsInput!) { updateAssets(input: $input) { updatedIds userErrors { code field } } }";
    let input =
        json!({"ids": [one.id, "x", other.id], "expectedCount": 3, "addTags": ["audit"], "criticality": "HIGH"});
    let done = client.ask(update, json!({"input": input})).await["updateAssets"].clone();
    assert_eq!(done["updatedIds"], json!([one.id, other.id]));
    assert_eq!(done["userErrors"], json!([{"code": "NOT_FOUND", "field": ["input", "ids", "1"]}]));
    let refresh = "mutation($ids: [ID!]!) { refreshAssets(input: {ids: $ids}) { queued userErrors { field } } }";
    let queued = client.ask(refresh, json!({"ids": [one.id, other.id]})).await["refreshAssets"].clone();
    assert_eq!(queued, json!({"queued": 2, "userErrors": []}));
    let retire = "mutation($id: ID!) { retireAssets(input: {ids: [$id], expectedCount: 1, reason: \"sold\"}) {
        retiredIds findingsResolved } }";
    client.find(&one, &[json!({}), json!({"family": "rule_vnc-open"})]).await;
    client.find(&other, &[json!({})]).await;
    let done = client.ask(retire, json!({"id": one.id})).await["retireAssets"].clone();
    assert_eq!(done, json!({"retiredIds": [one.id], "findingsResolved": 2}), "and not the other's");
    let delete = "mutation($ids: [ID!]!) { deleteAssets(input: {ids: $ids}) { deletedIds userErrors { code field } } }";
    let ids = json!({"ids": [one.id, other.id]});
    let admin = Caller { role: Role::Admin, ..client.caller.clone() };
    let token = Caller { scopes: Some([Scope::WriteAssets].into()), ..client.caller.clone() };
    for caller in [admin, token] {
        let refused = client.try_ask(&caller, delete, ids.clone()).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
    let done = client.ask(delete, ids).await["deleteAssets"].clone();
    assert_eq!(done["deletedIds"], json!([one.id]));
    assert_eq!(done["userErrors"], json!([{"code": "NOT_ALLOWED", "field": ["input", "ids", "1"]}]));
    let node = client.ask("query($id: ID!) { node(id: $id) { id } }", json!({"id": one.id})).await;
    assert_eq!(node["node"], Value::Null);
}

#[tokio::test]
async fn what_is_told_at_a_glance_is_what_lists_show() {
    let client = Client::new().await;
    let asset = client.watch("8.8.8.8").await;
    let now = client.app.now();
    let vulnerable = |cve: &str, severity: &str| {
        json!({"category": "VULNERABILITY", "severity": severity, "cve": cve, "rule": "rule_modbus",
               "vulnerabilities": [{"cve": cve, "summary": "Bad.", "cvss": 9.8, "knownExploited": true}]})
    };
    let resolved = json!({"state": "RESOLVED", "resolution": "SEEN_FIXED", "resolvedAt": now});
    client.find(&asset, &[vulnerable("CVE-2021-36260", "CRITICAL"), json!({"port": 23}), resolved]).await;
    let document = "{ overview { newFindings resolvedFindings meanTimeToResolveHours knownExploited trend { date open { total } \
                    opened resolved } topVulnerabilities { vulnerability { cve } findingCount assetCount } topProducts { value } \
                    countries { value } } \
                    vulnerability(cve: \"CVE-2021-36260\") { summary affectedAssetCount findingCounts { open { critical total } } \
                    findings { totalCount nodes { title } } } none: vulnerability(cve: \"CVE-1999-0001\") { cve } \
                    rule(id: \"rule_telnet-open\") { updatedAt cves findingCounts { open { total } resolved { total } } } \
                    findingGroups(by: [CATEGORY, SEVERITY], filter: {states: [OPEN]}) { complete groups { key assetCount overdue \
                    maxRiskScore oldestOpenedAt counts { open { total } } } } \
                    hosts { totalCount nodes { ip } } services(last: 5) { totalCount nodes { id } } }";
    let told = client.ask(document, json!({})).await;
    assert_eq!(
        told["overview"],
        json!({
            "newFindings": 3, "resolvedFindings": 1, "meanTimeToResolveHours": 0.0, "knownExploited": 1,
            "trend": [{"date": "2026-03-02", "open": {"total": 2}, "opened": 3, "resolved": 1}],
            "topVulnerabilities": [{"vulnerability": {"cve": "CVE-2021-36260"}, "findingCount": 1, "assetCount": 1}],
            "topProducts": [], "countries": [],
        })
    );
    assert_eq!(
        told["vulnerability"],
        json!({"summary": "Bad.", "affectedAssetCount": 1, "findingCounts": {"open": {"critical": 1, "total": 1}},
               "findings": {"totalCount": 1, "nodes": [{"title": "Telnet"}]}})
    );
    assert_eq!(told["none"], Value::Null);
    assert_eq!(told["rule"]["findingCounts"], json!({"open": {"total": 1}, "resolved": {"total": 1}}));
    let groups = &told["findingGroups"];
    assert_eq!((&groups["complete"], groups["groups"].as_array().unwrap().len()), (&json!(true), 2));
    assert_eq!(
        groups["groups"][0],
        json!({"key": ["EXPOSED_SERVICE", "HIGH"], "assetCount": 1, "overdue": 0, "maxRiskScore": 40,
               "oldestOpenedAt": now, "counts": {"open": {"total": 1}}})
    );
    assert_eq!(told["hosts"], json!({"totalCount": 0, "nodes": []}));
    assert_eq!(told["services"], json!({"totalCount": 0, "nodes": []}));
}

#[tokio::test]
async fn what_was_known_at_an_instant_is_asked_for() {
    let client = Client::new().await;
    let asset = client.watch("8.8.8.8").await;
    let ask = "query($at: DateTime!) { findingsAt(at: $at, first: 1) { totalCount nodes { state finding { id } } }
        servicesAt(at: $at) { totalCount nodes { id } } }";
    let before = client.app.now();
    let none = client.ask(ask, json!({"at": before.to_string()})).await;
    assert_eq!(none["findingsAt"], json!({"totalCount": 0, "nodes": []}));
    assert_eq!(none["servicesAt"], json!({"totalCount": 0, "nodes": []}));
    client.clock.advance(jiff::SignedDuration::from_mins(1));
    let ids = client.find(&asset, &[json!({})]).await;
    let now = client.ask(ask, json!({"at": client.app.now().to_string()})).await;
    assert_eq!(now["findingsAt"], json!({"totalCount": 1, "nodes": [{"state": "OPEN", "finding": {"id": ids[0]}}]}));
    let late = client.try_ask(&client.caller, ask, json!({"at": "2999-01-01T00:00:00Z"})).await;
    assert_eq!(late["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{late:#}");
}
