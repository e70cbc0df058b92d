use async_graphql::{Context, ID, Object, Result};

use crate::context::bad_input;
use crate::types::node::{Node, node};

/// Things by their ids.
#[derive(Default)]
pub(super) struct Nodes;

const MOST: usize = 100;

/// Things by their ids.
#[Object]
impl Nodes {
    /// The thing of that id; null: there is none here.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Result<Option<Node>> {
        node(ctx, &id).await
    }
    /// The things of these ids, at most 100, in their order; null where there is none here.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their ids, in the order of the answer.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST {
            return Err(bad_input(format!("at most {MOST} ids at once; these are {}", ids.len())));
        }
        let mut found = Vec::with_capacity(ids.len());
        for id in &ids {
            found.push(node(ctx, id).await?);
        }
        Ok(found)
    }
}
