//! What the host makes of an answer to a trigger.

use axum::body::Body;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde_json::Value;

use super::HostError;

/// An invocation that succeeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The lines that the answer carried for the invocation's log.
    pub logs: Vec<String>,
}

/// Reads and judges an answer: 2xx with a JSON object is a success, anything else is not; nothing at all is worse.
pub(super) async fn judge(function: &str, answer: Response<Body>) -> Result<Invocation, HostError> {
    let failed = |why: String| Err(HostError::failed(function, why));
    let (head, body) = answer.into_parts();
    if head.status.is_redirection() {
        return failed(format!("{}: the host follows redirects, and finds another page", head.status));
    }
    if !head.status.is_success() {
        return failed(format!("Response status code does not indicate success: {}", head.status));
    }
    let body = body.collect().await.map_err(|error| HostError::failed(function, error.to_string()))?.to_bytes();
    let body = body.trim_ascii();
    if body.is_empty() {
        return Err(HostError::WouldHang { function: function.to_owned() });
    }
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !["application/json", "text/json"].iter().any(|json| media_type.eq_ignore_ascii_case(json)) {
        return failed(format!("Invalid HttpResponseMessage: the media type {media_type:?} is not supported"));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Null) => Err(HostError::WouldHang { function: function.to_owned() }),
        Ok(Value::Object(result)) => {
            let logs =
                result.iter().find(|(key, _)| key.eq_ignore_ascii_case("logs")).and_then(|(_, logs)| logs.as_array());
            let logs = logs.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            Ok(Invocation { logs })
        }
        Ok(other) => failed(format!("Invalid HttpResponseMessage: {other} is no object")),
        Err(error) => failed(format!("Invalid HttpResponseMessage: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn verdict(status: u16, content_type: &str, body: &'static str) -> Result<Invocation, HostError> {
        let answer = Response::builder().status(status).header(CONTENT_TYPE, content_type).body(Body::from(body));
        judge("poll", answer.unwrap()).await
    }

    #[tokio::test]
    async fn a_json_object_is_a_success_whatever_is_in_it() {
        let json = "application/json; charset=utf-8";
        assert_eq!(verdict(200, json, "{}").await.unwrap(), Invocation::default());
        assert_eq!(verdict(202, "text/json", r#"{"key1":"value1"}"#).await.unwrap(), Invocation::default());
        assert_eq!(verdict(200, json, r#"{"logs":["one","two"]}"#).await.unwrap().logs, ["one", "two"]);
    }

    #[tokio::test]
    async fn an_empty_success_would_make_the_host_hang() {
        for (status, body) in [(200, ""), (204, ""), (200, " \n"), (200, "null")] {
            let verdict = verdict(status, "application/json", body).await;
            assert!(matches!(verdict, Err(HostError::WouldHang { .. })), "{status} {body:?}");
        }
    }

    #[tokio::test]
    async fn everything_else_fails() {
        let cases = [
            (500, "application/json", r#"{"Logs":["lost"]}"#),
            (404, "application/json", "{}"),
            (302, "application/json", "{}"),
            (200, "text/plain", "{}"),
            (200, "", "{}"),
            (200, "application/json", "{"),
            (200, "application/json", "[]"),
            (200, "application/json", "\"ok\""),
        ];
        for (status, content_type, body) in cases {
            let verdict = verdict(status, content_type, body).await;
            assert!(matches!(verdict, Err(HostError::Failed { .. })), "{status} {content_type:?} {body}");
        }
    }
}
