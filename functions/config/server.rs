use std::net::SocketAddr;

use http::HeaderValue;
use url::Url;

use super::{ConfigError, Environment, Setting};
use crate::standalone::Schedule;

/// Set by the Functions host for the program that it starts.
const HANDLER_PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
/// Set by AWS Lambda: where it is asked for the next invocation.
const LAMBDA: &str = "AWS_LAMBDA_RUNTIME_API";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::open("IOTMONITOR_PUBLIC_URL", "http://127.0.0.1:7071", "where people reach it: for links and cookies"),
    Setting::open("IOTMONITOR_LISTEN", "127.0.0.1:7071", "the address of iotmonitor serve"),
    Setting::open(
        "IOTMONITOR_POLL_SCHEDULE",
        "0 * * * * *",
        "when the timer fires (UTC): second minute hour day month weekday; must be set on Functions",
    ),
    Setting::open(
        "IOTMONITOR_CLIENT_IP_HEADER",
        "",
        "which header tells the client's address; only where a proxy of yours sets it, else anybody may",
    ),
    Setting::open(
        "IOTMONITOR_RATE_LIMIT",
        "600",
        "requests a minute that one API token may make of one process, as many of them at once; 0: no limit",
    ),
    Setting::open(
        "IOTMONITOR_CORS_ORIGINS",
        "",
        "origins, separated by commas, whose pages may use the API with a token; none: no other page may",
    ),
];

/// How the program is woken and reached.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where people reach it.
    pub public_url: Url,
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// When its timer fires.
    pub schedule: Schedule,
    /// The header that tells the client's address, in lower case.
    pub client_ip_header: Option<String>,
    /// Requests a minute for each API token; 0: no limit.
    pub rate_limit: u32,
    /// Whose pages may use the API with a token.
    pub cors_origins: Vec<HeaderValue>,
}

/// Who starts the program. Read before everything else, to listen before everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A person or a service manager.
    ByHand,
    /// The Functions host, which calls this port of the loopback.
    ByFunctionsHost(u16),
    /// AWS Lambda, which is asked for what to do.
    ByLambda,
}

impl Start {
    /// Reads who it is.
    ///
    /// # Errors
    /// A port that is none.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let port = environment.parsed::<u16>(HANDLER_PORT, "a port, which the Functions host sets")?;
        let lambda = environment.text(LAMBDA).is_some();
        let otherwise = if lambda { Self::ByLambda } else { Self::ByHand };
        Ok(port.map_or(otherwise, Self::ByFunctionsHost))
    }
}

impl Server {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let schedule = "IOTMONITOR_POLL_SCHEDULE";
        let parse = |text: &str| text.parse().map_err(|error| ConfigError::invalid(schedule, format!("{error}")));
        let header = environment.text("IOTMONITOR_CLIENT_IP_HEADER").map(str::to_ascii_lowercase);
        if header.as_ref().is_some_and(|name| http::HeaderName::from_bytes(name.as_bytes()).is_err()) {
            return Err(ConfigError::invalid(
                "IOTMONITOR_CLIENT_IP_HEADER",
                "write a header's name, such as x-real-ip",
            ));
        }
        Ok(Self {
            public_url: public_url(environment)?,
            listen: environment
                .parsed("IOTMONITOR_LISTEN", "an address with a port, such as 127.0.0.1:7071")?
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 7071))),
            schedule: environment.text(schedule).map(parse).transpose()?.unwrap_or_default(),
            client_ip_header: header,
            rate_limit: environment.parsed("IOTMONITOR_RATE_LIMIT", "a number of requests a minute")?.unwrap_or(600),
            cors_origins: origins(environment)?,
        })
    }

    /// Is it reached by https? Then cookies are bound to that.
    pub fn https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The public URL without a final slash, for links.
    pub fn base(&self) -> String {
        self.public_url.as_str().trim_end_matches('/').to_owned()
    }
}

/// Each as browsers write it in `Origin`; `*` is none, because there is no page that everybody should trust.
fn origins(environment: &Environment) -> Result<Vec<HeaderValue>, ConfigError> {
    let name = "IOTMONITOR_CORS_ORIGINS";
    let one = |text: &str| {
        let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let same = origin.is_some_and(|url| url.origin().ascii_serialization() == text);
        let value = if same { HeaderValue::from_str(text).ok() } else { None };
        value.ok_or_else(|| {
            ConfigError::invalid(name, format!("{text:?} is not an origin such as https://siem.example.com"))
        })
    };
    let listed = environment.text(name).unwrap_or_default().split(',').map(str::trim);
    listed.filter(|text| !text.is_empty()).map(one).collect()
}

fn public_url(environment: &Environment) -> Result<Url, ConfigError> {
    let name = "IOTMONITOR_PUBLIC_URL";
    let text = environment.text(name).unwrap_or("http://127.0.0.1:7071");
    let wrong = || ConfigError::invalid(name, format!("{text:?} is not a URL such as https://iot.example.com"));
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !plain || url.path() != "/" {
        return Err(wrong());
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if url.scheme() == "http" && !loopback {
        return Err(ConfigError::invalid(name, "passwords and cookies go to it: use https, or http on 127.0.0.1"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_url_is_https_or_loopback_and_nothing_but_a_place() {
        let read = |url: &str| Server::read(&Environment::of([("IOTMONITOR_PUBLIC_URL", url)]));
        for good in ["https://iot.example.com", "https://iot.example.com/", "http://localhost:7071", "http://[::1]:80"]
        {
            assert!(!read(good).unwrap().base().ends_with('/'), "{good}");
        }
        for wrong in
            ["iot.example.com", "http://iot.example.com", "https://u:p@x.example", "https://x.example/a", "ftp://x"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_write_them_and_none_is_everybody() {
        let read = |text: &str| Server::read(&Environment::of([("IOTMONITOR_CORS_ORIGINS", text)]));
        assert!(read("").unwrap().cors_origins.is_empty());
        assert_eq!(read("https://siem.example.com, http://127.0.0.1:5173").unwrap().cors_origins.len(), 2);
        for wrong in ["*", "null", "siem.example.com", "https://siem.example.com/", "https://a.example/b", "file:///x"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_host_is_told_from_a_person_by_its_port() {
        let read = |port: &str| Start::read(&Environment::of([(HANDLER_PORT, port)]));
        assert_eq!(read("7000").unwrap(), Start::ByFunctionsHost(7000));
        assert_eq!(read("").unwrap(), Start::ByHand);
        assert_eq!(Start::read(&Environment::of([(LAMBDA, "127.0.0.1:9001")])).unwrap(), Start::ByLambda);
        assert!(read("x").is_err());
    }

    #[test]
    fn a_schedule_that_never_parses_is_an_error_of_its_variable() {
        let error = Server::read(&Environment::of([("IOTMONITOR_POLL_SCHEDULE", "every minute")])).unwrap_err();
        assert!(error.to_string().starts_with("IOTMONITOR_POLL_SCHEDULE"), "{error}");
    }
}
