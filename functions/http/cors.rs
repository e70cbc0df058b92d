use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember what it was told.
const REMEMBERED: Duration = Duration::from_mins(10);

/// Pages of these origins may ask with a token of their own. Never with a cookie: a person is signed in here and nowhere
/// else, so credentials stay out, and `schema::http::allowed` turns such requests away whatever stands here.
pub(super) fn layer(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, ACCEPT, HeaderName::from_static("graphql-require-preflight")])
        .expose_headers([RETRY_AFTER, HeaderName::from_static("iotmonitor-cursor")])
        .max_age(REMEMBERED)
}
