use async_trait::async_trait;
use domain::email::EmailAddress;

/// One mail to one recipient.
#[derive(Clone, Debug)]
pub struct Mail {
    /// To whom.
    pub to: EmailAddress,
    /// The recipient's name, if known; cleaned by the adapter.
    pub to_name: Option<String>,
    /// Subject; cleaned by the adapter.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// What makes the `Message-ID`: the delivery's id and recipient, so that a repeat can be collapsed.
    pub message_id: String,
    /// Further headers, such as `List-Unsubscribe`.
    pub headers: Vec<(String, String)>,
}

/// Why a mail did not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailError {
    /// The server's code, if it gave one.
    pub code: Option<u16>,
    /// `true`: later may work; `false`: never will.
    pub retry: bool,
    /// What the server said, ≤ 2 KiB, control characters replaced.
    pub message: String,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Is there a mail server at all?
    fn configured(&self) -> bool;
    /// Hands one mail to the server.
    async fn send(&self, mail: Mail) -> Result<(), MailError>;
    /// Connects and greets, for `doctor`.
    async fn check(&self) -> Result<(), MailError>;
}
