use app::ports::SourceError;
use url::Url;

use super::Shodan;
use super::refusal::Refusal;
use crate::fetch;

/// What a call came to: a body to read, or Shodan's word that it knows nothing.
pub(super) enum Outcome {
    /// A body to read. It may still hold an error: [`super::read`] looks.
    Body(Vec<u8>),
    /// 404 "No information available".
    NothingKnown,
}

impl Shodan {
    /// Asks `GET /{segments}?{query}` with the key.
    pub(super) async fn get(
        &self,
        key: &str,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Outcome, SourceError> {
        let answer = fetch::get(&self.http, address(&self.base, key, segments, query)?, key).await?;
        if answer.status.is_success() {
            return Ok(Outcome::Body(answer.body));
        }
        match Refusal::of(answer.status, answer.retry_after, &answer.body) {
            Refusal::NothingKnown => Ok(Outcome::NothingKnown),
            Refusal::Error(error) => Err(without(error, key)),
        }
    }

    /// Like [`Self::get`], where "nothing known" is no answer.
    pub(super) async fn get_body(
        &self,
        key: &str,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, SourceError> {
        match self.get(key, segments, query).await? {
            Outcome::Body(body) => Ok(body),
            Outcome::NothingKnown => Err(SourceError::Rejected("nothing known".into())),
        }
    }
}

/// The error with the key blotted out of what Shodan said: it may repeat the question.
pub(super) fn without(error: SourceError, key: &str) -> SourceError {
    match error {
        SourceError::PlanTooLow(text) => SourceError::PlanTooLow(fetch::redacted(&text, key)),
        SourceError::Rejected(text) => SourceError::Rejected(fetch::redacted(&text, key)),
        SourceError::Unavailable(text) => SourceError::Unavailable(fetch::redacted(&text, key)),
        other => other,
    }
}

fn address(base: &Url, key: &str, segments: &[&str], query: &[(&str, &str)]) -> Result<Url, SourceError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| SourceError::Unavailable("its address in the settings is no web address".into()))?
        .pop_if_empty()
        .extend(segments);
    url.query_pairs_mut().extend_pairs(query).append_pair("key", key);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_and_keep_the_path_of_the_base() {
        let base: Url = "http://127.0.0.1:1/api/".parse().unwrap();
        let url =
            address(&base, "k&y", &["shodan", "host", "192.0.2.1,192.0.2.2"], &[("query", "org:\"A & B\"")]).unwrap();
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:1/api/shodan/host/192.0.2.1,192.0.2.2?query=org%3A%22A+%26+B%22&key=k%26y"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        let base: Url = "http://127.0.0.1:1".parse().unwrap();
        let url = address(&base, "k", &["dns", "domain", "a/../../x?y"], &[]).unwrap();
        assert_eq!(url.path(), "/dns/domain/a%2F..%2F..%2Fx%3Fy");
    }
}
