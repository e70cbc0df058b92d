//! `/graphiql`: a page to ask the API by hand, with everything that it needs in this program.
//!
//! Here belongs how the page is handed out. What it is made of stands in `page/`; `npm run build` there makes the packed
//! files beside this one, and `LICENCES.txt` with whose work is in them. Never here: anything from another host.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;

const SCRIPT: &[u8] = include_bytes!("script.js.gz");
const STYLE: &[u8] = include_bytes!("style.css.gz");

const PAGE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n\
    <title>GraphiQL: iotmonitor</title>\n<link rel=\"stylesheet\" href=\"/graphiql/style.css\">\n\
    <script src=\"/graphiql/script.js\" defer></script>\n<div id=\"graphiql\"></div>\n</html>\n";

/// Its own script and style, questions to ourselves, and nothing that stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page.
pub async fn page() -> Response {
    let mut response = answer(PAGE.as_bytes(), "text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// Its script.
pub async fn script() -> Response {
    packed(SCRIPT, "text/javascript; charset=utf-8")
}

/// Its style.
pub async fn style() -> Response {
    packed(STYLE, "text/css; charset=utf-8")
}

fn answer(body: &'static [u8], media: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// As it is stored: there is no browser that cannot unpack it.
fn packed(body: &'static [u8], media: &'static str) -> Response {
    let mut response = answer(body, media);
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}
