//! Events as Lambda's documentation has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What a function URL makes of a request, in format 2.0.
pub(crate) fn of_url(method: &str, path: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"content-type": "application/json", "accept": "application/json", "host": "abc.lambda-url.eu-central-1.on.aws",
                    "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "anonymous", "apiId": "abc", "domainName": "abc.lambda-url.eu-central-1.on.aws", "domainPrefix": "abc",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9", "userAgent": "test"},
            "requestId": "id", "routeKey": "$default", "stage": "$default", "time": "01/Mar/2026:10:00:00 +0000", "timeEpoch": 1_772_359_200_000_u64
        },
        "body": body, "isBase64Encoded": false
    })
}

/// What an HTTP API with the stage `$default` makes of a request, in format 2.0: cookies by themselves, and bodies in base64
/// where it takes them for binary.
pub(crate) fn of_http_api(method: &str, path: &str, body: &str, cookies: &[&str]) -> Value {
    json!({
        "version": "2.0", "routeKey": "ANY /{proxy+}", "rawPath": path, "rawQueryString": "",
        "cookies": cookies,
        "headers": {"content-type": "application/json", "accept": "application/json", "content-length": body.len().to_string(),
                    "host": "a1b2c3.execute-api.eu-central-1.amazonaws.com", "x-forwarded-for": "203.0.113.9",
                    "x-forwarded-port": "443", "x-forwarded-proto": "https", "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "a1b2c3", "domainName": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "a1b2c3",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9", "userAgent": "test"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "ANY /{proxy+}", "stage": "$default",
            "time": "01/Mar/2026:10:00:00 +0000", "timeEpoch": 1_772_359_200_000_u64
        },
        "pathParameters": {"proxy": path.trim_start_matches('/')},
        "body": STANDARD.encode(body), "isBase64Encoded": true
    })
}

/// What a rule of `EventBridge` sends.
pub(crate) fn of_schedule() -> Value {
    json!({
        "version": "0", "id": "89d1a02d-5ec7-412e-82f5-13505f849b41", "detail-type": "Scheduled Event", "source": "aws.events",
        "account": "123456789012", "time": "2026-03-01T10:00:00Z", "region": "eu-central-1",
        "resources": ["arn:aws:events:eu-central-1:123456789012:rule/every-minute"], "detail": {}
    })
}
