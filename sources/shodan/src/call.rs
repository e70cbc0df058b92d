use std::borrow::Cow;
use std::fmt::Display;

use http::Method;
use http::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use url::Url;

use crate::{Error, Key};

/// One question, without its key.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    method: Method,
    base: &'a Url,
    path: Vec<Cow<'a, str>>,
    query: Vec<(&'a str, String)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Form(Vec<(String, String)>),
    Json(Value),
}

impl<'a> Call<'a> {
    /// Asks with `method` at the segments of `path` below `base`: `shodan/host/{}` and the like are spelled out.
    pub(crate) fn new(method: Method, base: &'a Url, path: &[&'a str]) -> Self {
        let path = path.iter().map(|segment| Cow::Borrowed(*segment)).collect();
        Self { method, base, path, query: Vec::new(), body: Body::None }
    }

    /// Adds a segment to the path. Whatever stands in it, it stays one segment.
    pub(crate) fn at(mut self, segment: impl Display) -> Self {
        self.path.push(Cow::Owned(segment.to_string()));
        self
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: &'a str, value: impl Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Adds a parameter where there is a value.
    pub(crate) fn with_some(self, name: &'a str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Sends a form.
    pub(crate) fn form(self, fields: Vec<(String, String)>) -> Self {
        Self { body: Body::Form(fields), ..self }
    }

    /// Sends JSON.
    pub(crate) fn json(self, value: Value) -> Self {
        Self { body: Body::Json(value), ..self }
    }

    /// May it be asked twice without another effect than once?
    pub(crate) fn is_repeatable(&self) -> bool {
        self.method != Method::POST
    }

    /// The request with its key.
    pub(crate) fn request(&self, http: &Client, key: &Key) -> Result<RequestBuilder, Error> {
        let request = http.request(self.method.clone(), self.address(key)?);
        Ok(match &self.body {
            Body::None => request,
            Body::Form(fields) => {
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            Body::Json(value) => request.header(CONTENT_TYPE, "application/json").body(value.to_string()),
        })
    }

    fn address(&self, key: &Key) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Unavailable("its address in the settings is no web address".into()))?
            .pop_if_empty()
            .extend(&self.path);
        url.query_pairs_mut().extend_pairs(&self.query).append_pair("key", key.reveal());
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(base: &str, path: &[&str], last: &str, query: Option<&str>) -> Url {
        let base = base.parse().unwrap();
        Call::new(Method::GET, &base, path).at(last).with_some("query", query).address(&Key::new("k&y")).unwrap()
    }

    #[test]
    fn addresses_are_escaped_and_keep_the_path_of_the_base() {
        let url = address("http://127.0.0.1:1/api/", &["shodan", "host"], "192.0.2.1,192.0.2.2", Some("org:\"A & B\""));
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:1/api/shodan/host/192.0.2.1,192.0.2.2?query=org%3A%22A+%26+B%22&key=k%26y"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        let url = address("http://127.0.0.1:1", &["dns", "domain"], "a/../../x?y", None);
        assert_eq!(url.path(), "/dns/domain/a%2F..%2F..%2Fx%3Fy");
    }
}
