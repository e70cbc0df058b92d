//! Who did something.

use async_graphql::{ID, SimpleObject};

use crate::enums::ActorKind;
use crate::scalars::EmailAddress;

/// Who did it, named as they were named then.
#[derive(SimpleObject, Clone)]
pub struct Actor {
    /// Person, token or program.
    pub kind: ActorKind,
    /// Id of the person or token; null for the program.
    pub id: Option<ID>,
    /// The name.
    pub name: String,
    /// The person's address; null for tokens and the program.
    pub email: Option<EmailAddress>,
}

impl From<&domain::actor::Actor> for Actor {
    fn from(actor: &domain::actor::Actor) -> Self {
        Self {
            kind: actor.kind.into(),
            id: actor.id.as_ref().map(ID::from),
            name: actor.name.clone(),
            email: actor.email.clone().map(EmailAddress),
        }
    }
}
