use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::json;

use super::request::Request;

/// What can go wrong, as it was seen to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 401 with Shodan's words.
    BadKey,
    /// 401 with nginx's page.
    BadKeyHtml,
    /// 403 with a page of HTML: the plan is too low.
    Forbidden,
    /// 404 with the words for "nothing known".
    NothingKnown,
    /// 404 with a page of something in between.
    NotFoundHtml,
    /// 429 with `Retry-After: 0`.
    TooFast,
    /// 500 with a page of HTML.
    ServerError,
    /// 502 with a page of HTML.
    BadGateway,
    /// 200 with `{"error": …}`.
    ErrorInSuccess,
    /// The words for "no query credits left".
    OutOfCredits,
    /// 200 with JSON that ends in the middle.
    Truncated,
    /// 200 with a connection that breaks in the middle.
    BrokenOff,
    /// No answer at all.
    Hang,
    /// A page of a search that holds fewer banners than it should; the rest is on no page.
    ShortPage,
    /// Pages of a search that repeat the end of the page before, with another total.
    UnstablePaging,
    /// Half characters in the text of each banner.
    LoneSurrogates,
    /// A search that lost its place and wants to begin again at page 1. Other questions are answered.
    CursorTimedOut,
    /// The Exploits API sends elsewhere. Other questions are answered.
    ExploitsMoved,
}

/// An answer instead of the one that was asked for.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Box<Response>);

impl Refused {
    pub(super) fn new(response: Response) -> Self {
        Self(Box::new(response))
    }
}

const RATE_WORDS: &str = "Request rate limit reached (1 request/ second). \
     Please wait a second before trying again and slow down your API calls.";

impl Fault {
    /// Does the fault happen to such a request?
    pub(super) fn concerns(self, request: &Request) -> bool {
        match self {
            Self::CursorTimedOut => request.segments.ends_with(&["host".into(), "search".into()]),
            Self::ExploitsMoved => request.is_below("exploits"),
            _ => true,
        }
    }

    /// The whole answer, if the fault is one.
    pub(super) fn answer(self) -> Option<Response> {
        Some(match self {
            Self::BadKey => error(StatusCode::UNAUTHORIZED, "Invalid API key"),
            Self::BadKeyHtml => page(StatusCode::UNAUTHORIZED, "401 Authorization Required"),
            Self::Forbidden => page(StatusCode::FORBIDDEN, "403 Forbidden"),
            Self::NothingKnown => nothing_known(),
            Self::NotFoundHtml => page(StatusCode::NOT_FOUND, "404 Not Found"),
            Self::TooFast => {
                let mut response = error(StatusCode::TOO_MANY_REQUESTS, RATE_WORDS);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("0"));
                response
            }
            Self::ServerError => page(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error"),
            Self::BadGateway => page(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
            Self::ErrorInSuccess => error(StatusCode::OK, "The search request timed out or your query was invalid."),
            Self::OutOfCredits => error(
                StatusCode::FORBIDDEN,
                "Insufficient query credits, please upgrade your API plan or wait for the monthly limit to reset",
            ),
            Self::CursorTimedOut => {
                error(StatusCode::INTERNAL_SERVER_ERROR, "Search cursor timed out. Restart from page 1")
            }
            Self::ExploitsMoved => {
                let mut response = page(StatusCode::MOVED_PERMANENTLY, "301 Moved Permanently");
                let elsewhere = HeaderValue::from_static("https://cvedb.shodan.io/");
                response.headers_mut().insert(header::LOCATION, elsewhere);
                response
            }
            Self::Truncated
            | Self::BrokenOff
            | Self::Hang
            | Self::ShortPage
            | Self::UnstablePaging
            | Self::LoneSurrogates => {
                return None;
            }
        })
    }

    /// What the fault makes of an answer that would have been right.
    pub(super) fn spoil(self, json: String) -> Response {
        let half = json.floor_char_boundary(json.len() / 2);
        match self {
            Self::Truncated => as_json(json[..half].to_owned()),
            Self::BrokenOff => {
                let first = Ok(Bytes::from(json[..half].to_owned()));
                let parts = stream::iter([first, Err(std::io::Error::other("broken off"))]);
                Body::from_stream(parts).into_response()
            }
            Self::LoneSurrogates => {
                as_json(json.replace("\"data\": \"", "\"data\":\"").replace("\"data\":\"", r#""data":"\ud8e1 \udc00"#))
            }
            _ => as_json(json),
        }
    }
}

/// What is said of an address that nothing is known of.
pub(super) fn nothing_known() -> Response {
    // One body for both services: Shodan's word and InternetDB's.
    let words = json!({ "error": "No information available for that IP.", "detail": "No information available" });
    (StatusCode::NOT_FOUND, as_json(words.to_string())).into_response()
}

/// An error in Shodan's shape.
pub(super) fn error(status: StatusCode, words: &str) -> Response {
    (status, as_json(json!({ "error": words }).to_string())).into_response()
}

/// A JSON answer.
pub(super) fn as_json(json: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

fn page(status: StatusCode, title: &str) -> Response {
    let html = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    (status, [(header::CONTENT_TYPE, "text/html")], html).into_response()
}
