//! What can be followed: the event log as it grows.

use std::time::Duration;

use async_graphql::connection::{Edge, EmptyFields};
use async_graphql::{Context, Result, Subscription};
use futures_util::Stream;

use crate::context::{app, caller, fail};
use crate::types::event::{Event, EventFilter, cursor, read_cursor};

/// The root of what can be followed.
#[derive(Default)]
pub struct Subscriptions;

/// How often the log is looked at: one point read.
const LOOK: Duration = Duration::from_secs(1);
const AT_ONCE: usize = 100;

#[Subscription(name = "Subscription")]
impl Subscriptions {
    /// The event log as it grows, over Server-Sent Events; pass the last cursor you saw and nothing is missed. Without one it
    /// begins now.
    async fn events<'a>(
        &self,
        ctx: &Context<'a>,
        after: Option<String>,
        filter: Option<EventFilter>,
    ) -> Result<impl Stream<Item = Result<Edge<String, Event, EmptyFields>>> + 'a> {
        let filter = filter.unwrap_or_default().read()?;
        let (app, caller) = (app(ctx).clone(), caller(ctx)?.clone());
        let from = match after {
            Some(after) => read_cursor(&after)?,
            None => {
                app.snapshot(&caller.org, domain::ids::Bucket::default()).await.map_err(|e| fail(e.into()))?.0.events
            }
        };
        let waiting = std::collections::VecDeque::new();
        let start = (app, caller, filter, from, waiting);
        Ok(futures_util::stream::unfold(start, |(app, caller, filter, mut from, mut waiting)| async move {
            loop {
                if let Some(event) = waiting.pop_front() {
                    let event: domain::event::Event = event;
                    let edge = Edge::new(cursor(event.id.number), Event(event));
                    return Some((Ok(edge), (app, caller, filter, from, waiting)));
                }
                match app::findings::events_page(&app, &caller, &filter, (Some(from), AT_ONCE, false)).await {
                    Ok(page) => {
                        from = page.items.last().filter(|_| page.more).map_or(page.looked_to, |e| e.id.number);
                        waiting.extend(page.items);
                        if waiting.is_empty() && !page.more {
                            tokio::time::sleep(LOOK).await;
                        }
                    }
                    Err(error) => {
                        let failed = Err(fail(error));
                        tokio::time::sleep(LOOK).await;
                        return Some((failed, (app, caller, filter, from, waiting)));
                    }
                }
            }
        }))
    }
}
