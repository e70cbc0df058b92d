use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::Value;

/// A request, taken apart.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The path between its slashes, decoded.
    pub(super) segments: Vec<String>,
    pub(super) headers: HeaderMap,
    /// The body, where it is JSON.
    pub(super) json: Value,
    /// The parameters of the address, and those of a form: clients send the key in either.
    parameters: Vec<(String, String)>,
}

impl Request {
    pub(super) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: &Bytes) -> Self {
        let pairs = |text: &[u8]| url::form_urlencoded::parse(text).into_owned().collect::<Vec<_>>();
        let mut parameters = pairs(uri.query().unwrap_or_default().as_bytes());
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let json = if kind.starts_with("application/json") { serde_json::from_slice(body).ok() } else { None };
        if kind.starts_with("application/x-www-form-urlencoded") {
            parameters.extend(pairs(body));
        }
        let segments = uri.path().split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        Self { method, segments, headers, json: json.unwrap_or_default(), parameters }
    }

    /// A parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that says a number.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.parameter(name)?.parse().ok()
    }

    /// A parameter that says yes, as Python and JavaScript write it.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// All parameters but the key.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().filter(|(name, _)| name != "key").map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Does the path begin so?
    pub(super) fn is_below(&self, first: &str) -> bool {
        self.segments.first().is_some_and(|segment| segment == first)
    }
}

/// One segment of a path, decoded. A `+` stays one there.
fn decoded(segment: &str) -> String {
    let kept = segment.replace('+', "%2B");
    url::form_urlencoded::parse(kept.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}
