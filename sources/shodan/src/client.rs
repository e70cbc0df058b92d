use std::fmt;
use std::sync::Arc;

use http::Method;
use reqwest::Client;
use url::Url;

use crate::call::Call;
use crate::exchange::{self, Answer, Bounds};
use crate::lenient::repaired;
use crate::refusal::refusal;
use crate::{Error, Key, Pace, Pause, Retry};

/// Where Shodan's services are. A path in an address is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The REST API.
    pub rest: Url,
    /// The streaming API.
    pub stream: Url,
    /// The Exploits API.
    pub exploits: Url,
    /// The history of searches by month.
    pub trends: Url,
}

impl Default for Endpoints {
    #[expect(clippy::expect_used, reason = "the addresses are constants, and a test reads them")]
    fn default() -> Self {
        let public = |name: &str| Url::parse(&format!("https://{name}.shodan.io")).expect("a constant");
        Self { rest: public("api"), stream: public("stream"), exploits: public("exploits"), trends: public("trends") }
    }
}

/// A client with a key. Cheap to clone; [`Shodan::with_key`] serves any number of keys with one connection pool.
#[derive(Clone)]
pub struct Shodan {
    pub(crate) http: Client,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) pace: Arc<dyn Pace>,
    pub(crate) retry: Retry,
    pub(crate) bounds: Bounds,
    pub(crate) key: Key,
}

impl Shodan {
    /// A client of the public services that asks through `http`: once a second, and again where that helps.
    ///
    /// `http` brings TLS and proxies, and should follow no redirects: an answer from elsewhere is none of Shodan's.
    pub fn new(http: Client, key: Key) -> Self {
        Self {
            http,
            endpoints: Arc::default(),
            pace: Arc::new(Pause::default()),
            retry: Retry::default(),
            bounds: Bounds::default(),
            key,
        }
    }

    /// The same client for another key.
    #[must_use]
    pub fn with_key(&self, key: Key) -> Self {
        Self { key, ..self.clone() }
    }

    /// The same client elsewhere.
    #[must_use]
    pub fn with_endpoints(self, endpoints: Endpoints) -> Self {
        Self { endpoints: Arc::new(endpoints), ..self }
    }

    /// The same client with another way of taking turns.
    #[must_use]
    pub fn with_pace(self, pace: Arc<dyn Pace>) -> Self {
        Self { pace, ..self }
    }

    /// The same client with another way of trying again.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// The same client with other bounds on time and size.
    #[must_use]
    pub fn with_bounds(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// A question to the REST API.
    pub(crate) fn rest<'a>(&'a self, method: Method, path: &[&'a str]) -> Call<'a> {
        Call::new(method, &self.endpoints.rest, path)
    }

    /// `GET` at the REST API.
    pub(crate) fn get<'a>(&'a self, path: &[&'a str]) -> Call<'a> {
        self.rest(Method::GET, path)
    }

    /// Asks, reads the answer, and asks again where that may help.
    pub(crate) async fn ask<T>(&self, call: Call<'_>, read: impl Fn(&str) -> Result<T, Error>) -> Result<T, Error> {
        self.ask_with(call, |answer| accepted(answer).and_then(|body| read(&repaired(&body)))).await
    }

    /// Like [`Self::ask`], with an eye for the status.
    pub(crate) async fn ask_with<T>(
        &self,
        call: Call<'_>,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for n in 1.. {
            self.pace.turn(&self.key).await?;
            let failed = match self.send(&call).await.and_then(&read) {
                Ok(answer) => return Ok(answer),
                Err(error) => error.without(self.key.reveal()),
            };
            if let Error::RateLimited { wait } = &failed {
                self.pace.slow_down(&self.key, *wait).await;
            }
            let Some(wait) = self.retry.after(n, &failed, call.is_repeatable()) else { return Err(failed) };
            tracing::debug!(error = %failed, ?wait, tries = n, "Shodan is asked again");
            tokio::time::sleep(wait).await;
        }
        Err(Error::Unavailable("it was never asked".into()))
    }

    async fn send(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let request = call.request(&self.http, &self.key)?;
        exchange::send(request, self.bounds, self.key.reveal()).await.map_err(Error::Unavailable)
    }
}

/// The body of an answer that is one.
pub(crate) fn accepted(answer: Answer) -> Result<Vec<u8>, Error> {
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    Err(refusal(answer.status, answer.retry_after(), &answer.body))
}

impl fmt::Debug for Shodan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shodan").field("endpoints", &self.endpoints).field("retry", &self.retry).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoints;

    #[test]
    fn the_services_are_where_they_say() {
        let Endpoints { rest, stream, exploits, trends } = Endpoints::default();
        let hosts = [rest, stream, exploits, trends].map(|url| url.host_str().map(str::to_owned));
        let names = ["api", "stream", "exploits", "trends"].map(|name| Some(format!("{name}.shodan.io")));
        assert_eq!(hosts, names);
    }
}
