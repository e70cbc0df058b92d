use std::fmt;

use url::Url;

use super::{ConfigError, Environment, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting::secret("IOTMONITOR_SMTP_URL", "the mail server: smtp://user:password@host or smtps://…; none: no mail"),
    Setting::open("IOTMONITOR_MAIL_FROM", "", "who mails come from: alerts@example.com or Name <alerts@example.com>"),
];

/// How mail leaves.
#[derive(Clone, Default)]
pub struct Mail {
    /// The server with credentials, and the sender. `None`: e-mail channels answer that mail is not set up.
    pub smtp: Option<(String, String)>,
}

impl Mail {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let (url, from) = ("IOTMONITOR_SMTP_URL", "IOTMONITOR_MAIL_FROM");
        let smtp = match (environment.secret(url)?, environment.text(from)) {
            (None, _) => None,
            (Some(_), None) => {
                return Err(ConfigError::missing(from, "mail needs a sender, such as alerts@example.com"));
            }
            (Some(server), Some(sender)) => {
                let fine = Url::parse(&server).is_ok_and(|parsed| matches!(parsed.scheme(), "smtp" | "smtps"));
                if !fine {
                    return Err(ConfigError::invalid(url, "write smtp://user:password@host:port or smtps://…"));
                }
                Some((server, sender.to_owned()))
            }
        };
        Ok(Self { smtp })
    }
}

/// Without the URL, which holds a password.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.smtp.as_ref().map(|(_, from)| from)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_needs_a_sender_and_an_address_of_mail() {
        let read = |pairs: &[(&str, &str)]| Mail::read(&Environment::of(pairs.iter().copied()));
        let from = ("IOTMONITOR_MAIL_FROM", "alerts@example.com");
        assert!(read(&[from]).unwrap().smtp.is_none());
        assert!(read(&[from, ("IOTMONITOR_SMTP_URL", "smtps://u:p@mail.example.com")]).unwrap().smtp.is_some());
        let missing = read(&[("IOTMONITOR_SMTP_URL", "smtps://u:p@mail.example.com")]).unwrap_err().to_string();
        assert!(missing.starts_with("IOTMONITOR_MAIL_FROM is not set"), "{missing}");
        let wrong =
            read(&[from, ("IOTMONITOR_SMTP_URL", "https://u:hunter2@mail.example.com")]).unwrap_err().to_string();
        assert!(wrong.starts_with("IOTMONITOR_SMTP_URL") && !wrong.contains("hunter2"), "{wrong}");
    }
}
