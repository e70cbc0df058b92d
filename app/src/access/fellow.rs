use domain::ids::UserId;
use domain::role::Action;

use super::store::read;
use super::user::{Membership, User, user};
use super::{Caller, organization};
use crate::ports::Table;
use crate::{App, Error};

/// A person as fellow members see them; `None`: nobody of the caller's organization.
pub async fn fellow(app: &App, caller: &Caller, id: &UserId) -> Result<Option<User>, Error> {
    caller.may(Action::Read)?;
    let key = organization::member(id);
    let partition = organization::partition(&caller.org);
    let member = read::<Membership>(app, Table::Accounts, &partition, &key).await?;
    Ok(if member.is_some() || caller.user.as_ref() == Some(id) { user(app, id).await? } else { None })
}
