use domain::ids::OrgId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::registry;
use crate::access::Caller;
use crate::ports::{Batch, Op, StoreError, Table};
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error};

/// A request about channels that a client may repeat without doing it twice: its answer lies beside the channels.
pub(super) struct Request<'a> {
    app: &'a App,
    org: &'a OrgId,
    /// `None`: the client gave no id, so it is new each time.
    named: Option<(ClientRequest, Before<Value>)>,
}

impl<'a> Request<'a> {
    /// Looks up what was answered to `what` with this id and input.
    pub(super) async fn of(
        app: &'a App,
        caller: &'a Caller,
        what: &str,
        id: Option<&str>,
        input: &impl std::fmt::Debug,
    ) -> Result<Self, Error> {
        let org = &caller.org;
        let Some(id) = id else { return Ok(Self { app, org, named: None }) };
        let request = ClientRequest::new(caller, what, id, input)?;
        let before = request.before(app, Table::Accounts, &registry::partition(org)).await?;
        Ok(Self { app, org, named: Some((request, before)) })
    }

    /// What was answered before.
    pub(super) fn answer<T: DeserializeOwned>(&self) -> Option<T> {
        match self.named.as_ref()? {
            (_, Before::Answered(answer)) => serde_json::from_value(answer.clone()).ok(),
            (_, Before::Not(_)) => None,
        }
    }

    /// What tells this request from every other, also when it is repeated after a crash.
    pub(super) fn name(&self) -> String {
        self.named.as_ref().map_or_else(|| self.app.ulid(), |(request, _)| request.row())
    }

    /// The row that remembers the answer, for the batch that makes it true.
    pub(super) fn row<T: Serialize>(&self, answer: &T) -> Result<Option<Op>, StoreError> {
        match &self.named {
            Some((_, Before::Not(slot))) => slot.fill(self.app, answer).map(Some),
            Some((_, Before::Answered(_))) | None => Ok(None),
        }
    }

    /// Remembers the answer to something that can be done again without harm.
    pub(super) async fn remember<T: Serialize>(&self, answer: &T) -> Result<(), Error> {
        let Some(op) = self.row(answer)? else { return Ok(()) };
        let partition = registry::partition(self.org);
        self.app.tables.commit(Batch { table: Table::Accounts, partition, ops: vec![op], witness: None }).await?;
        Ok(())
    }
}
