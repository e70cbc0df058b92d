use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}\
    button{font:inherit;padding:.5rem 1.25rem}";

/// Nothing but our own style, and forms to ourselves.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// A page with a title, a sentence and perhaps one button, which sends a POST to the page's own address.
pub(crate) struct Page {
    pub(crate) title: &'static str,
    pub(crate) text: String,
    pub(crate) button: Option<&'static str>,
}

impl Page {
    pub(crate) fn answer(&self, status: StatusCode) -> Response {
        let mut response = Response::new(Body::from(self.html()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Ok(policy) = HeaderValue::from_str(&POLICY) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    fn html(&self) -> String {
        let (title, text) = (escape(self.title), escape(&self.text));
        let button =
            self.button.map(|label| format!("<form method=\"post\"><button>{}</button></form>\n", escape(label)));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{text}</p>\n{}</html>\n",
            button.unwrap_or_default()
        )
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channels_name_cannot_become_markup() {
        let page = Page { title: "Unsubscribe", text: "<script>alert('x')</script> & \"co\"".into(), button: None };
        let html = page.html();
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;co&quot;"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<form"));
    }

    #[test]
    fn the_policy_lets_in_the_style_of_the_page_and_no_script() {
        let response = Page { title: "t", text: String::new(), button: Some("Go") }.answer(StatusCode::OK);
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"), "{policy}");
    }
}
