use app::ports::{Mail, MailError, Mailer};
use async_trait::async_trait;

/// No mail server is set up: says so, and sends nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMailer;

impl NoMailer {
    fn error() -> MailError {
        MailError { code: None, retry: false, message: "no mail server is set up (IOTMONITOR_SMTP_URL)".into() }
    }
}

#[async_trait]
impl Mailer for NoMailer {
    fn configured(&self) -> bool {
        false
    }

    async fn send(&self, _: Mail) -> Result<(), MailError> {
        Err(Self::error())
    }

    async fn check(&self) -> Result<(), MailError> {
        Err(Self::error())
    }
}
