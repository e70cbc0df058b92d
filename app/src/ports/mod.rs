//! What the use cases need of the outside, named by need and not by technology.
//!
//! A port is a small `dyn` trait with the types that cross it. `storage`, `sources` and `channels` implement
//! them; tests may stand between (a store that fails at the n-th call), but never fake a decision.

mod alerts;
mod chats;
mod clock;
mod exploits;
mod exposure;
mod ids;
mod intelligence;
mod letters;
mod mailer;
mod openid;
mod queue;
mod research;
mod scans;
mod tables;
mod webhooks;

pub use alerts::{Alert, AlertTrigger, Alerts, Ignored, Notifier, Push, PushStream, Streamed};
pub use chats::{ChatRequest, ChatService, ChatTarget, Chats, Incident};
pub use clock::Clock;
pub use exploits::{ExploitDatabase, ExploitOrigin, ExploitPage, ExploitProperty, Exploits, KnownExploit};
pub use exposure::{Account, Exposure, HostAnswer, SearchPage, SourceError, SourceKey, SourceName};
pub use ids::Ids;
pub use intelligence::{
    CvssScore, Edition, EpssScore, Exploitation, Intelligence, KnownExploited, Refreshed, SsvcRecord, Validators,
    VulnerabilityFacts,
};
pub use letters::{
    AccountLetter, AccountLink, AccountMatter, ChannelLetter, Composed, ConfirmLetter, DigestLetter, EventLine,
    EvidenceLine, FindingLetter, FloodLetter, Footer, GroupLetter, Letter, Letters, Period, ReleaseLetter,
    ReminderLetter, SourceLetter, SummaryLetter, TestLetter,
};
pub use mailer::{Mail, MailError, Mailer};
pub use openid::{Challenge, Identity, OpenId, OpenIdError, Returned};
pub use queue::{Message, Queue, QueueName};
pub use research::{DnsFact, DomainFacts, Found, QueryPlan, RawBanner, RawHost, Research};
pub use scans::{AcceptedScan, PastScan, ScanOrder, ScanProgress, Scans};
pub use tables::{
    Batch, Columns, Commit, ConflictKind, Etag, Op, Refusal, Row, RowPage, RowRange, StoreError, Table, Tables, Value,
    Witness, WriteRow,
};
pub use webhooks::{Attempt, AttemptError, Directive, SigningKey, WebhookRequest, Webhooks};
