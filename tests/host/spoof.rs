use axum::body::Body;
use http::{Request, StatusCode};

use super::{FunctionsHost, HostError, wire};

/// How somebody fared who calls a trigger from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoofed {
    /// Through the host: 404, because no route leads there.
    pub through_host: StatusCode,
    /// To the program itself, with the marks that the host's proxy sets on everything from outside: the second wall,
    /// for the day on which a route does lead there.
    pub direct: StatusCode,
}

impl FunctionsHost {
    /// Posts an envelope to a trigger's path as an outsider can, in both ways.
    ///
    /// # Errors
    /// No answer from the program.
    pub async fn spoof(&self, function: &str, envelope: &str) -> Result<Spoofed, HostError> {
        let wrong = |error: &dyn std::error::Error| HostError::failed(function, error.to_string());
        let post = || Request::post(format!("/{function}")).header("content-type", "application/json");
        let body = || Body::from(envelope.to_owned());
        let outside = post().header("host", "iotmonitor.example").body(body()).map_err(|error| wrong(&error))?;
        let through_host = self.http(outside).await?.status();
        let marked = post()
            .header("host", format!("127.0.0.1:{}", self.port()))
            .header("x-forwarded-for", "198.51.100.23")
            .header("x-forwarded-host", "iotmonitor.example")
            .header("x-forwarded-proto", "https")
            .header("x-ms-invocation-id", self.invocation_id());
        let marked = marked.body(body()).map_err(|error| wrong(&error))?;
        let answer = wire::send(self.port(), marked).await;
        let direct = answer.map_err(|error| HostError::failed(function, error.text()))?.status();
        Ok(Spoofed { through_host, direct })
    }
}
