use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use app::ports::{Mail, MailError, Mailer};
use async_trait::async_trait;
use domain::email::EmailAddress;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, PoolConfig, SUBMISSION_PORT};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use thiserror::Error;
use url::Url;

use super::message::{mailbox, message};
use super::refusal::refusal;

/// Why mail cannot be set up. Never repeats the URL: it holds a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SmtpSetupError {
    /// Not a mail server's URL.
    #[error(
        "the mail server is given as smtp://user:password@host:port or smtps://…, with a name or an IPv4 address as the host"
    )]
    Url,
    /// Not a sender.
    #[error("the sender is given as alerts@example.com or Name <alerts@example.com>")]
    From,
    /// The further certificate authority cannot be read.
    #[error("the further certificate authority is not PEM")]
    Roots,
}

/// Time for one command and its answer.
const COMMAND: Duration = Duration::from_secs(10);
/// Time for a whole hand-over, connecting included.
const TOTAL: Duration = Duration::from_secs(30);
/// Connections that may stand at a time.
const POOL: u32 = 8;

/// Hands mail to one server, over connections that are kept for a minute.
///
/// `smtps://` speaks TLS from the first byte (port 465). `smtp://` turns to TLS (STARTTLS) where the server offers it,
/// and insists on it where credentials are sent (port 587, else 25) or where `?tls=required` says so. Only loopback
/// gets neither.
pub struct SmtpMailer {
    builder: AsyncSmtpTransportBuilder,
    // Built at first use: lettre's pool starts a task, which needs the runtime.
    transport: OnceLock<AsyncSmtpTransport<Tokio1Executor>>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Reads the settings. Trusts Mozilla's certificate authorities and those of `extra_roots` (PEM, any number).
    pub fn new(url: &str, from: &str, extra_roots: Option<&[u8]>) -> Result<Self, SmtpSetupError> {
        let from = sender(from).ok_or(SmtpSetupError::From)?;
        let parsed = Url::parse(url).map_err(|_| SmtpSetupError::Url)?;
        let host = parsed.host_str().filter(|h| !h.is_empty() && !h.starts_with('[')).ok_or(SmtpSetupError::Url)?;
        let security = Security::of(&parsed, host);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| SmtpSetupError::Url)?
            .tls(security.tls(host, extra_roots)?)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(COMMAND))
            .pool_config(PoolConfig::new().max_size(POOL).idle_timeout(Duration::from_mins(1)));
        if parsed.port().is_none() && security == Security::StartTlsRequired {
            builder = builder.port(SUBMISSION_PORT);
        }
        Ok(Self { builder, transport: OnceLock::new(), from })
    }

    fn transport(&self) -> &AsyncSmtpTransport<Tokio1Executor> {
        self.transport.get_or_init(|| self.builder.clone().build())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    None,
    StartTls,
    StartTlsRequired,
    Tls,
}

impl Security {
    fn of(url: &Url, host: &str) -> Self {
        let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let insists = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
        match url.scheme() {
            "smtps" => Self::Tls,
            _ if insists => Self::StartTlsRequired,
            _ if loopback => Self::None,
            _ if url.password().is_some() => Self::StartTlsRequired,
            _ => Self::StartTls,
        }
    }

    fn tls(self, host: &str, extra_roots: Option<&[u8]>) -> Result<Tls, SmtpSetupError> {
        if self == Self::None {
            return Ok(Tls::None);
        }
        let mut parameters = TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
        if let Some(pem) = extra_roots {
            parameters =
                parameters.add_root_certificate(Certificate::from_pem(pem).map_err(|_| SmtpSetupError::Roots)?);
        }
        let parameters = parameters.build().map_err(|_| SmtpSetupError::Roots)?;
        Ok(match self {
            Self::Tls => Tls::Wrapper(parameters),
            Self::StartTlsRequired => Tls::Required(parameters),
            Self::StartTls | Self::None => Tls::Opportunistic(parameters),
        })
    }
}

/// `alerts@example.com`, or `Name <alerts@example.com>`.
fn sender(text: &str) -> Option<Mailbox> {
    let (name, address) = match text.trim().strip_suffix('>').and_then(|t| t.split_once('<')) {
        Some((name, address)) => (Some(name.trim().trim_matches('"')), address),
        None => (None, text),
    };
    let address = EmailAddress::parse(address)?;
    Some(mailbox(name.or(Some("iotmonitor")), address.as_str().parse().ok()?))
}

fn late() -> MailError {
    MailError { code: None, retry: true, message: "the mail server did not answer in time".into() }
}

#[async_trait]
impl Mailer for SmtpMailer {
    fn configured(&self) -> bool {
        true
    }

    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let message = message(&self.from, &mail)?;
        let sent = tokio::time::timeout(TOTAL, self.transport().send(message)).await.map_err(|_| late())?;
        sent.map(drop).map_err(|error| refusal(&error))
    }

    async fn check(&self) -> Result<(), MailError> {
        let greeted = tokio::time::timeout(TOTAL, self.transport().test_connection()).await.map_err(|_| late())?;
        match greeted {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(MailError { code: None, retry: true, message: "the mail server closed the connection".into() })
            }
            Err(error) => Err(refusal(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn security(url: &str) -> Security {
        let url = Url::parse(url).unwrap();
        Security::of(&url, url.host_str().unwrap())
    }

    #[test]
    fn credentials_never_travel_in_the_clear() {
        assert_eq!(security("smtp://u:p@mail.example.com"), Security::StartTlsRequired);
        assert_eq!(security("smtp://mail.example.com:2525"), Security::StartTls);
        assert_eq!(security("smtp://mail.example.com?tls=required"), Security::StartTlsRequired);
        assert_eq!(security("smtps://u:p@mail.example.com"), Security::Tls);
        assert_eq!(security("smtp://u:p@127.0.0.1:1025"), Security::None);
        assert_eq!(security("smtp://localhost"), Security::None);
    }

    #[test]
    fn a_wrong_setting_is_told_without_the_password() {
        let error = |url: &str, from: &str| SmtpMailer::new(url, from, None).map(drop).unwrap_err();
        for url in ["", "mail.example.com", "http://u:hunter2@mail.example.com", "smtp://", "smtp://u:hunter2@[::1]:25"]
        {
            assert_eq!(error(url, "a@b.example"), SmtpSetupError::Url, "{url}");
            assert!(!format!("{0} {0:?}", error(url, "a@b.example")).contains("hunter2"));
        }
        for from in ["", "alerts", "Name <alerts>", "a@b.example, c@d.example"] {
            assert_eq!(error("smtp://127.0.0.1", from), SmtpSetupError::From, "{from}");
        }
        let roots = SmtpMailer::new(
            "smtps://mail.example.com",
            "a@b.example",
            Some(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"),
        );
        assert_eq!(roots.map(drop).unwrap_err(), SmtpSetupError::Roots);
    }

    #[test]
    fn a_sender_may_have_a_name() {
        assert_eq!(sender("\"Plant IoT\" <alerts@iot.example>").unwrap().to_string(), "Plant IoT <alerts@iot.example>");
        assert_eq!(sender("alerts@iot.example").unwrap().to_string(), "iotmonitor <alerts@iot.example>");
    }
}
