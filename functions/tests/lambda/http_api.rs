//! An HTTP API of API Gateway before the function, as it can be instead of a function URL.

use serde_json::{Value, json};

use crate::events::{of_http_api, of_schedule};

/// Somebody registers, is known again by the cookie, and nobody plays the schedule. `invoke` answers what the function does.
pub(crate) async fn is_served(mut invoke: impl AsyncFnMut(Value) -> Value) {
    let register = json!({"query": "mutation { register(input: {email: \"ada@plant.example\", name: \"Ada\",
        password: \"a long enough pass phrase\", organizationName: \"Plant\"}) { token userErrors { message } } }"});
    let answer = invoke(of_http_api("POST", "/graphql", &register.to_string(), &[])).await;
    let body = body(&answer);
    assert!(answer["statusCode"] == 200 && body["data"]["register"]["token"].is_string(), "{answer}");
    let cookie = answer["cookies"][0].as_str().unwrap_or_else(|| panic!("no cookie: {answer}"));
    assert!(cookie.starts_with("__Host-iotmonitor=") && cookie.contains("; Secure"), "{cookie}");

    let session = cookie.split(';').next().unwrap();
    let question = json!({"query": "{ viewer { role } }"}).to_string();
    let answer = invoke(of_http_api("POST", "/graphql", &question, &["theme=dark", session])).await;
    assert_eq!(self::body(&answer)["data"]["viewer"]["role"], "OWNER", "{answer}");

    let forged = of_schedule().to_string();
    for path in ["/events", "/poll", "/notify"] {
        let answer = invoke(of_http_api("POST", path, &forged, &[session])).await;
        assert_eq!(answer["statusCode"], 404, "{path}: {answer}");
    }
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default()
}
