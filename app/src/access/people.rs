use domain::ids::OrgId;
use domain::role::Role;
use futures_util::StreamExt;

use super::organization;
use super::store::list;
use super::user::{Membership, User, user};
use crate::App;
use crate::ports::StoreError;

/// Where the rows of members begin; see [`organization::member`].
const MEMBERS: &str = "member|";
/// More members are not looked at.
const MOST: usize = 10_000;
/// People read side by side.
const SIDE_BY_SIDE: usize = 16;

/// The people of an organization with their roles, for those who write to them.
pub(crate) async fn people(app: &App, org: &OrgId) -> Result<Vec<(User, Role)>, StoreError> {
    let members: Vec<Membership> = list(app, &organization::partition(org), MEMBERS, MOST).await?;
    let reads = members.into_iter().map(|member| async move { Ok((user(app, &member.user).await?, member.role)) });
    let read: Vec<Result<_, StoreError>> =
        futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(SIDE_BY_SIDE).collect().await;
    let found = read.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().filter_map(|(user, role)| Some((user?, role))).collect())
}
