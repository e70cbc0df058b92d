use std::fmt;

use http::{HeaderName, HeaderValue};
use url::{Url, form_urlencoded};

use super::{ConfigError, Environment, Setting};

const EVERYTHING: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const DISABLED: &str = "OTEL_SDK_DISABLED";
const SERVICE: &str = "OTEL_SERVICE_NAME";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// What the program reads itself. Sampler, limits and batches are read where OpenTelemetry's own crates do it.
pub(super) const SETTINGS: &[Setting] = &[
    Setting::open(
        EVERYTHING,
        "",
        "a collector of OpenTelemetry, such as http://127.0.0.1:4318, which gets traces by OTLP over HTTP; only in builds \
         with the feature otel; none: no traces",
    ),
    Setting::open(TRACES, "", "the same with its whole path, such as http://127.0.0.1:4318/v1/traces"),
    Setting::secret(HEADERS, "headers for the collector: name=value, percent-encoded, separated by commas"),
    Setting::open(DISABLED, "", "true: no traces, whatever else is said"),
    Setting::open(SERVICE, "", "what traces call this program, if not iotmonitor"),
    Setting::open(RESOURCE, "", "what else they say of it, such as deployment.environment.name=production"),
    Setting::open(
        "OTEL_TRACES_SAMPLER",
        "",
        "which traces are recorded: parentbased_always_on, or another of OpenTelemetry's",
    ),
    Setting::open("OTEL_TRACES_SAMPLER_ARG", "", "for samplers by ratio: which part, such as 0.1"),
];

/// Who collects traces. Read before everything else, like the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Collector {
    /// Where they are posted.
    pub url: Url,
    /// What is sent along: mostly a key.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What they call this program; `None`: the operator's own words for it are among those that are read elsewhere.
    pub service: Option<String>,
}

impl Collector {
    /// Reads the section; `None`: nobody collects.
    ///
    /// # Errors
    /// An address or headers that are none. Headers are not repeated.
    pub fn read(environment: &Environment) -> Result<Option<Self>, ConfigError> {
        if environment.text(DISABLED).is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let headers = environment.secret(HEADERS)?;
        let Some(url) = address(environment)? else { return Ok(None) };
        let headers =
            headers.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let named = environment.text(RESOURCE).is_some_and(|text| text.contains("service.name="));
        let ours = (!named).then_some("iotmonitor");
        Ok(Some(Self {
            url,
            headers: headers.map(header).collect::<Result<_, _>>()?,
            service: environment.text(SERVICE).or(ours).map(str::to_owned),
        }))
    }
}

fn address(environment: &Environment) -> Result<Option<Url>, ConfigError> {
    let read = |name: &'static str| {
        let url: Option<Url> = environment.parsed(name, "a URL such as http://127.0.0.1:4318")?;
        match url {
            Some(url) if !matches!(url.scheme(), "http" | "https") || url.host().is_none() => {
                Err(ConfigError::invalid(name, "write a URL such as http://127.0.0.1:4318"))
            }
            url => Ok(url),
        }
    };
    if let Some(whole) = read(TRACES)? {
        return Ok(Some(whole));
    }
    let Some(mut url) = read(EVERYTHING)? else { return Ok(None) };
    let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(Some(url))
}

/// One `name=value`, percent-encoded as in W3C Baggage, where neither `+` nor `&` means more than itself.
fn header(entry: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let plain = entry.replace('+', "%2B").replace('&', "%26");
    let pair = form_urlencoded::parse(plain.as_bytes()).next().filter(|_| entry.contains('='));
    let read = pair.and_then(|(name, value)| {
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        let mut value = HeaderValue::from_str(value.trim()).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    });
    read.ok_or_else(|| ConfigError::invalid(HEADERS, "write name=value, percent-encoded, separated by commas"))
}

/// Without the headers' values.
impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("url", &self.url.as_str())
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Collector>, ConfigError> {
        Collector::read(&Environment::of(pairs.iter().copied()))
    }

    #[test]
    fn traces_go_below_the_collectors_address_or_exactly_where_it_is_said() {
        let url = |pairs: &[(&str, &str)]| read(pairs).unwrap().map(|collector| collector.url.to_string());
        assert_eq!(url(&[]), None);
        for base in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/"] {
            assert_eq!(url(&[(EVERYTHING, base)]).unwrap(), "http://127.0.0.1:4318/v1/traces");
        }
        assert_eq!(url(&[(EVERYTHING, "https://x.example/otlp")]).unwrap(), "https://x.example/otlp/v1/traces");
        let both = [(EVERYTHING, "https://x.example"), (TRACES, "https://y.example/in")];
        assert_eq!(url(&both).unwrap(), "https://y.example/in");
        assert_eq!(url(&[(EVERYTHING, "https://x.example"), (DISABLED, "TRUE")]), None);
        assert!(read(&[(EVERYTHING, "127.0.0.1:4318")]).is_err());
        assert!(read(&[(EVERYTHING, "unix:/x")]).is_err());
    }

    #[test]
    fn headers_are_percent_decoded_and_never_repeated() {
        let at = (EVERYTHING, "http://127.0.0.1:4318");
        let collector = read(&[at, (HEADERS, "authorization=Basic%20YQ==, x-scope=a+b&c")]).unwrap().unwrap();
        let texts: Vec<&str> = collector.headers.iter().map(|(_, value)| value.to_str().unwrap()).collect();
        assert_eq!(texts, ["Basic YQ==", "a+b&c"]);
        assert!(!format!("{collector:?}").contains("YQ"));
        for wrong in ["hunter2", "a b=hunter2", "name=hunter2%0Ax"] {
            let error = read(&[at, (HEADERS, wrong)]).unwrap_err().to_string();
            assert!(error.starts_with(HEADERS) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_service_has_the_operators_name_or_ours() {
        let at = (EVERYTHING, "http://127.0.0.1:4318");
        let service = |pairs: &[(&str, &str)]| read(pairs).unwrap().unwrap().service;
        assert_eq!(service(&[at]).as_deref(), Some("iotmonitor"));
        assert_eq!(service(&[at, (SERVICE, "plant")]).as_deref(), Some("plant"));
        assert_eq!(service(&[at, (RESOURCE, "service.name=x,service.version=1")]), None);
    }
}
