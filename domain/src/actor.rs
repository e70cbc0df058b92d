//! Who did something.

use serde::{Deserialize, Serialize};

/// What kind of actor it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActorKind {
    /// A person.
    User,
    /// An API token.
    Token,
    /// The program itself.
    System,
}

impl ActorKind {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Token => "TOKEN",
            Self::System => "SYSTEM",
        }
    }
}

/// Who did it, named as they were named then: history stays readable when the person is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Person, token or program.
    pub kind: ActorKind,
    /// `user_…` or `token_…`; the program has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    pub name: String,
    /// A person's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Actor {
    /// The program itself.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, id: None, name: "iotmonitor".into(), email: None }
    }
}
