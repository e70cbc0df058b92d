use domain::actor::{Actor, ActorKind};
use domain::event::Change;
use domain::ids::{OrgId, UserId};
use serde::{Deserialize, Serialize};

use super::store::list;
use super::user::{self, MEMBERSHIPS, Membership};
use super::{Client, User, organization};
use crate::audit::{Act, Deed, Entry};
use crate::ports::{Batch, Op, StoreError, Table};
use crate::{App, rows};

/// An act of a person's about their own rows, on its way into the logs of organizations. It is stored with what it
/// tells of, and carried over after that; what a crash leaves is carried over at the person's next act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    entry: Entry,
    orgs: Vec<OrgId>,
}

const NOTES: &str = "note|";
const MOST: usize = 100;

impl Note {
    /// For the organizations that this person belongs to.
    pub(super) async fn everywhere(
        app: &App,
        user: &User,
        client: &Client,
        deed: Deed,
        changes: Vec<Change>,
    ) -> Result<Self, StoreError> {
        let belongs: Vec<Membership> = list(app, &user::partition(&user.id), MEMBERSHIPS, MOST).await?;
        Self::to(app, belongs.into_iter().map(|m| m.org).collect(), user, client, deed, changes)
    }

    /// For these organizations.
    pub(super) fn to(
        app: &App,
        orgs: Vec<OrgId>,
        user: &User,
        client: &Client,
        deed: Deed,
        changes: Vec<Change>,
    ) -> Result<Self, StoreError> {
        let actor = actor(user);
        let subject = (user.id.as_str(), user.name.as_str());
        let entry = Act { actor: &actor, address: client.address, deed, subject, changes }.entry(app)?;
        Ok(Self { entry, orgs })
    }

    /// Its row, for the batch of what it tells of.
    pub(super) fn op(&self) -> Result<Op, StoreError> {
        Ok(Op::Insert(rows::encode(key(&self.entry), self)?))
    }
}

/// A person as history names them.
pub(crate) fn actor(user: &User) -> Actor {
    Actor {
        kind: ActorKind::User,
        id: Some(user.id.to_string()),
        name: user.name.clone(),
        email: Some(user.email.to_string()),
    }
}

fn key(entry: &Entry) -> String {
    format!("{NOTES}{}", entry.id.ulid())
}

/// Carries a person's notes over. Nobody is kept from what they do because that fails: the notes stay.
pub(super) async fn carry_over(app: &App, user: &UserId) {
    if let Err(error) = carry(app, user).await {
        tracing::warn!(%user, %error, "what a person did reaches the audit log at their next act");
    }
}

async fn carry(app: &App, user: &UserId) -> Result<(), StoreError> {
    let partition = user::partition(user);
    let notes: Vec<Note> = list(app, &partition, NOTES, MOST).await?;
    for note in notes {
        for org in &note.orgs {
            // An entry that is there already is the same one: a conflict, and nothing is written over.
            commit(app, organization::partition(org), note.entry.op()?).await?;
        }
        commit(app, partition.clone(), Op::Delete { key: key(&note.entry), etag: None }).await?;
    }
    Ok(())
}

async fn commit(app: &App, partition: String, op: Op) -> Result<(), StoreError> {
    let batch = Batch { table: Table::Accounts, partition, ops: vec![op], witness: None };
    app.tables.commit(batch).await.map(|_| ())
}
