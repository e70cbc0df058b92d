use domain::event::{Change, EventType};
use domain::role::Role;
use domain::severity::{Confidence, Severity};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A mail's words, ready for [`Mail`](super::Mail).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// One line.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part, complete.
    pub html: String,
    /// What mail programs filter and thread by: `List-Id`, `Keywords`, `References`, `X-Iotmonitor-…`.
    pub headers: Vec<(String, String)>,
}

/// Puts facts into words for people. Never fails, does no I/O; every text in a [`Letter`] may be hostile.
pub trait Letters: Send + Sync {
    /// Subject, text and HTML of a letter: the same letter always gives the same words.
    fn compose(&self, letter: &Letter) -> Composed;
}

/// What there is to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Letter {
    /// One event about one finding.
    Finding(Box<FindingLetter>),
    /// Several events, or one that is not about a finding.
    Findings(GroupLetter),
    /// What the first poll of assets found.
    FirstPoll(SummaryLetter),
    /// What happened in an hour, a day or a week.
    Digest(DigestLetter),
    /// More than the channel's cap: one letter instead of many.
    Flood(FloodLetter),
    /// What quiet hours held back.
    Release(ReleaseLetter),
    /// What is still open.
    Reminder(ReminderLetter),
    /// A source fails, answers again, or its credits run low.
    Source(SourceLetter),
    /// Somebody tests a channel.
    Test(TestLetter),
    /// May we write to you?
    Confirm(ConfirmLetter),
    /// A channel's receiver fails, or the channel was switched off.
    ChannelFailing(ChannelLetter),
    /// Something about the reader's own account, or an invitation to have one.
    Account(Box<AccountLetter>),
}

/// Why the reader gets this, and how to make it stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Footer {
    /// The channel's id, by which mail programs can filter (`List-Id`).
    pub channel_id: String,
    /// The channel's name.
    pub channel: String,
    /// Where the channel is set up.
    pub manage_url: String,
    /// The reader's own way out.
    pub unsubscribe_url: Option<String>,
}

/// One event about one finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingLetter {
    /// The finding's id: what the letters about it have in common.
    pub finding: String,
    /// The organization's name.
    pub organization: String,
    /// What happened.
    pub event: EventType,
    /// When.
    pub at: Timestamp,
    /// Who did it, unless it was the program.
    pub actor: Option<String>,
    /// What changed.
    pub changes: Vec<Change>,
    /// What somebody wrote: a comment, or the note of a decision.
    pub note: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The finding's title.
    pub title: String,
    /// `host:port`, or as much of it as there is.
    pub place: Option<String>,
    /// The asset's name.
    pub asset: String,
    /// Who answers for the asset.
    pub owner: Option<String>,
    /// 0 to 100.
    pub risk_score: u8,
    /// Why now: the explanations of the risk factors, the heaviest first.
    pub reasons: Vec<String>,
    /// What was seen.
    pub evidence: Vec<EvidenceLine>,
    /// What to do.
    pub remediation: String,
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// The finding in the console.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// Something that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceLine {
    /// Who saw it.
    pub source: String,
    /// When it was seen; its age is told as of the event.
    pub observed_at: Timestamp,
    /// Which field of the source's answer.
    pub field: String,
    /// What it said.
    pub value: String,
}

/// Several events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupLetter {
    /// The organization's name.
    pub organization: String,
    /// The events to show, the worst first.
    pub lines: Vec<EventLine>,
    /// How many there are in all, those not shown included.
    pub total: u32,
    /// Where all of them are.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// One event of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventLine {
    /// What happened.
    pub event: EventType,
    /// When.
    pub at: Timestamp,
    /// How bad, if it is about a finding.
    pub severity: Option<Severity>,
    /// The finding's title, or what the event is about.
    pub title: String,
    /// `host:port`, or as much of it as there is.
    pub place: Option<String>,
    /// The asset's name.
    pub asset: Option<String>,
    /// It in the console.
    pub url: String,
}

/// What the first poll of assets found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SummaryLetter {
    /// The organization's name.
    pub organization: String,
    /// How many assets were polled for the first time.
    pub assets: u32,
    /// How many services were seen.
    pub services: u32,
    /// How many findings of each severity, the worst first.
    pub counts: Vec<(Severity, u32)>,
    /// The worst findings, at most ten.
    pub worst: Vec<EventLine>,
    /// All of them in the console.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// How often a digest is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Period {
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
}

/// What happened in an hour, a day or a week. Without lines it says that nothing did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestLetter {
    /// The organization's name.
    pub organization: String,
    /// How often.
    pub period: Period,
    /// What happened from then on …
    pub from: Timestamp,
    /// … and before then.
    pub until: Timestamp,
    /// How many findings of each severity were opened or reopened, the worst first.
    pub opened: Vec<(Severity, u32)>,
    /// How many findings ended.
    pub resolved: u32,
    /// The events to show, the worst first.
    pub lines: Vec<EventLine>,
    /// How many there are in all, those not shown included.
    pub total: u32,
    /// Where all of them are.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// More than the channel's cap: one letter instead of many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FloodLetter {
    /// The organization's name.
    pub organization: String,
    /// Since when they are counted.
    pub since: Timestamp,
    /// How many messages the channel takes in that time.
    pub limit: u32,
    /// How many of the events are about findings of each severity, the worst first.
    pub counts: Vec<(Severity, u32)>,
    /// The worst of them, at most ten.
    pub worst: Vec<EventLine>,
    /// How many events there are in all.
    pub total: u32,
    /// Where all of them are.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// What quiet hours held back, judged again at their end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseLetter {
    /// The organization's name.
    pub organization: String,
    /// When the quiet hours began.
    pub from: Timestamp,
    /// When they ended.
    pub until: Timestamp,
    /// What still is so, the worst first.
    pub lines: Vec<EventLine>,
    /// What began and ended meanwhile, for information.
    pub ended: Vec<EventLine>,
    /// How many still are so, those not shown included.
    pub total: u32,
    /// Where all of them are.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// What people were told of, and is still open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReminderLetter {
    /// The organization's name.
    pub organization: String,
    /// The findings to show, the worst first, with when they were opened.
    pub lines: Vec<EventLine>,
    /// How many findings of each severity, the worst first.
    pub counts: Vec<(Severity, u32)>,
    /// How many there are in all, those not shown included.
    pub total: u32,
    /// How many of them are overdue.
    pub overdue: u32,
    /// Where all of them are.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// A source fails, answers again, or its credits run low.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceLetter {
    /// The organization's name.
    pub organization: String,
    /// `SOURCE_FAILING`, `SOURCE_RECOVERED` or `CREDITS_LOW`.
    pub event: EventType,
    /// When.
    pub at: Timestamp,
    /// The source's name.
    pub source: String,
    /// Since when it fails, or failed.
    pub since: Option<Timestamp>,
    /// What the source says.
    pub message: String,
    /// How many assets are not watched by it.
    pub affected_assets: Option<u32>,
    /// Credits that are left.
    pub credits_left: Option<i64>,
    /// When there are new ones.
    pub resets_at: Option<Timestamp>,
    /// How the sources stand, in the console.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// Somebody tests a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestLetter {
    /// The organization's name.
    pub organization: String,
    /// Who tests.
    pub actor: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// May we write to you? The only mail that an unconfirmed address gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmLetter {
    /// The organization's name.
    pub organization: String,
    /// The channel's name.
    pub channel: String,
    /// Who entered the address.
    pub actor: Option<String>,
    /// The page that confirms.
    pub url: String,
    /// What may be typed instead.
    pub code: String,
    /// Until when both work.
    pub expires_at: Timestamp,
}

/// A channel's receiver fails, or the channel was switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelLetter {
    /// The organization's name.
    pub organization: String,
    /// The name of the channel that fails.
    pub channel: String,
    /// Already switched off?
    pub disabled: bool,
    /// Since when nothing arrives.
    pub failing_since: Timestamp,
    /// What the last attempt ran into.
    pub last_error: String,
    /// How many deliveries did not arrive.
    pub undelivered: u32,
    /// When it will be switched off.
    pub disabled_at: Option<Timestamp>,
    /// The channel in the console.
    pub url: String,
    /// Why the reader gets this.
    pub footer: Footer,
}

/// Something about the reader's own account, or an invitation to have one. No footer: nobody can unsubscribe from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountLetter {
    /// What it is about.
    pub matter: AccountMatter,
    /// What the reader is called, if that is known.
    pub name: Option<String>,
    /// When it happened or was asked for.
    pub at: Timestamp,
    /// What the reader is asked to follow.
    pub link: Option<AccountLink>,
}

/// What a letter about an account is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountMatter {
    /// Is this mailbox yours?
    VerifyAddress,
    /// Somebody, hopefully the reader, wants to choose a new password.
    ResetPassword,
    /// Somebody wants the reader in their organization.
    Invitation {
        /// Its name; anybody can make one up.
        organization: String,
        /// Who invites; anybody can be called anything.
        actor: String,
        /// As what.
        role: Role,
    },
    /// The password was changed.
    PasswordChanged,
    /// The account has another address now; goes to the old one.
    AddressChanged,
    /// The account was tied to a provider of identities.
    IdentityLinked {
        /// Its address.
        issuer: String,
    },
    /// The account is gone.
    AccountDeleted,
}

/// A link that works once, and what may be typed instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountLink {
    /// The page.
    pub url: String,
    /// The token in it.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
}
