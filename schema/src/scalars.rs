//! The scalars of the API: every value that leaves is canonical, every value that enters is parsed.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jiff::Timestamp;

macro_rules! text_scalar {
    ($(#[$doc:meta])* $name:ident($inner:ty), $graphql:literal, $parse:expr, $show:expr, $wrong:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub $inner);

        $(#[$doc])*
        #[Scalar(name = $graphql)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                let parsed: Option<$inner> = match &value {
                    Value::String(text) => {
                        let parse: fn(&str) -> Option<$inner> = $parse;
                        parse(text)
                    }
                    _ => None,
                };
                parsed.map(Self).ok_or_else(|| InputValueError::custom($wrong))
            }

            fn to_value(&self) -> Value {
                let show: fn(&$inner) -> String = $show;
                Value::String(show(&self.0))
            }
        }
    };
}

text_scalar!(
    /// An instant: RFC 3339 in UTC, such as 2026-11-22T09:30:00Z.
    DateTime(Timestamp), "DateTime",
    |t: &str| t.parse::<Timestamp>().ok(), |t: &Timestamp| t.to_string(),
    "not an RFC 3339 instant such as 2026-11-22T09:30:00Z"
);
text_scalar!(
    /// A network in CIDR notation, such as 198.51.100.0/24 or 2001:db8::/32.
    Cidr(ipnet::IpNet), "Cidr",
    |t: &str| t.parse::<ipnet::IpNet>().ok().map(|n| n.trunc()), |n: &ipnet::IpNet| n.to_string(),
    "not a network such as 198.51.100.0/24"
);
text_scalar!(
    /// An IPv4 or IPv6 address.
    IpAddress(std::net::IpAddr), "IpAddress",
    |t: &str| t.parse::<std::net::IpAddr>().ok().map(|i| i.to_canonical()), |i: &std::net::IpAddr| i.to_string(),
    "not an IPv4 or IPv6 address"
);
text_scalar!(
    /// A host name in lower case, without the final dot, such as plant.example.com.
    Hostname(String), "Hostname",
    |t: &str| match domain::target::Target::parse(t, &[]) {
        Ok(domain::target::Target::Hostname(name)) => Some(name),
        _ => None,
    },
    |n: &String| n.clone(),
    "not a host name such as plant.example.com"
);
text_scalar!(
    /// A vulnerability's identifier, such as CVE-2021-36260.
    CveId(domain::cve::CveId), "CveId",
    domain::cve::CveId::parse, |c: &domain::cve::CveId| c.to_string(),
    "not a CVE identifier such as CVE-2021-36260"
);
text_scalar!(
    /// The address of a mailbox.
    EmailAddress(String), "EmailAddress",
    |t: &str| Some(t.trim().to_owned()), |t: &String| t.clone(),
    "not an e-mail address such as ops@example.com"
);
text_scalar!(
    /// An absolute URL.
    Url(String), "Url",
    |t: &str| Some(t.trim().to_owned()), |t: &String| t.clone(),
    "not a URL"
);

/// Any JSON value.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub serde_json::Value);

/// Any JSON value.
#[Scalar(name = "Json")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or(Value::Null)
    }
}

/// An instant for the API.
pub fn at(timestamp: Timestamp) -> DateTime {
    // Whole seconds read better, and nothing that people see is finer; what needs order has its own number.
    DateTime(timestamp)
}
