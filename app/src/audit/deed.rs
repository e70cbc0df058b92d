use std::fmt;

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What somebody did, apart from what events tell (those are named by their type, such as `asset.created`).
        /// The words are stored and filtered by: they never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Deed {
            $($(#[$doc])* $name,)+
        }

        impl Deed {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word: what it is about, a dot, what was done.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

deeds! {
    /// A person registered.
    Registered = "user.registered",
    /// A person proved that the mailbox is theirs.
    EmailVerified = "user.email_verified",
    /// A person changed their name, address or time zone.
    ProfileChanged = "user.updated",
    /// A person changed their password.
    PasswordChanged = "user.password_changed",
    /// A person chose a new password by a link in a mail.
    PasswordReset = "user.password_reset",
    /// A person's account was tied to a provider of identities.
    IdentityLinked = "user.identity_linked",
    /// A person deleted their account.
    AccountDeleted = "user.deleted",
    /// A person signed in.
    SessionStarted = "session.started",
    /// A person signed out, or ended a session elsewhere.
    SessionEnded = "session.ended",
    /// An organization was founded.
    OrganizationCreated = "organization.created",
    /// An organization's name or settings were changed.
    OrganizationUpdated = "organization.updated",
    /// The Shodan key was set or taken away.
    ShodanKeyChanged = "organization.shodan_key_changed",
    /// Somebody was invited.
    MemberInvited = "invitation.created",
    /// An invitation was taken back.
    InvitationRevoked = "invitation.revoked",
    /// Somebody came in by an invitation.
    MemberJoined = "member.joined",
    /// A member's role was changed.
    MemberChanged = "member.role_changed",
    /// A member was removed.
    MemberRemoved = "member.removed",
    /// A member left.
    MemberLeft = "member.left",
    /// An API token was made.
    TokenCreated = "token.created",
    /// An API token was revoked.
    TokenRevoked = "token.revoked",
    /// A rule was made.
    RuleCreated = "rule.created",
    /// A rule was changed, switched off or switched on.
    RuleUpdated = "rule.updated",
    /// A rule was deleted.
    RuleDeleted = "rule.deleted",
    /// A triage policy was made.
    PolicyCreated = "triage_policy.created",
    /// A triage policy was ended.
    PolicyEnded = "triage_policy.ended",
    /// A scan was ordered, for so many scan credits.
    ScanRequested = "scan.requested",
    /// A notification channel was made.
    ChannelCreated = "channel.created",
    /// A notification channel was changed.
    ChannelUpdated = "channel.updated",
    /// A notification channel was deleted.
    ChannelDeleted = "channel.deleted",
    /// What signs a webhook was replaced.
    ChannelSecretRotated = "channel.secret_rotated",
    /// A recipient who has not confirmed was asked once more.
    ConfirmationResent = "channel.confirmation_resent",
    /// A channel was told again what it should have got in a span of time.
    ChannelReplayed = "channel.replayed",
    /// One delivery of a channel was sent again.
    DeliverySentAgain = "channel.redelivered",
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
