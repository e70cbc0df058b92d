//! What can be followed: the event log as it grows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use app::access::Caller;
use app::{App, Error};
use async_graphql::connection::{Edge, EmptyFields};
use async_graphql::{Context, Result, Subscription};
use domain::event::Event as StoredEvent;
use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};

use crate::context::{app, caller, fail};
use crate::types::event::{Event, EventFilter, cursor, read_cursor};

/// The root of what can be followed.
#[derive(Default)]
pub struct Subscriptions;

/// What can be followed.
#[Subscription(name = "Subscription")]
impl Subscriptions {
    /// The event log as it grows, over Server-Sent Events; pass the last cursor you saw and nothing is missed. Without one it
    /// begins now. It ends when the session or token does with which it was asked for.
    async fn events<'a>(
        &self,
        ctx: &Context<'a>,
        #[graphql(desc = "The cursor of the last event that you have seen.")] after: Option<String>,
        #[graphql(desc = "Which events; null: all.")] filter: Option<EventFilter>,
    ) -> Result<impl Stream<Item = Result<EventEdge>> + 'a> {
        let filter = filter.unwrap_or_default().read()?;
        let (app, caller) = (app(ctx).clone(), caller(ctx)?.clone());
        caller.may(domain::role::Action::Read).map_err(fail)?;
        let from = match after {
            Some(after) => read_cursor(&after)?,
            None => {
                app.snapshot(&caller.org, domain::ids::Bucket::default()).await.map_err(|e| fail(e.into()))?.0.events
            }
        };
        let known_at = app.now();
        let reader = Reader { app, caller, known_at, filter, from, waiting: VecDeque::new(), failures: 0, over: false };
        Ok(futures_util::stream::unfold(reader, async |mut reader| {
            let next = reader.next().await?;
            Some((next, reader))
        }))
    }
}

type EventEdge = Edge<String, Event, EmptyFields>;

/// How often the log is looked at: one point read.
const LOOK: Duration = Duration::from_secs(1);
const AT_ONCE: usize = 100;
/// How often it is looked whether who follows may still do so.
const KNOWN: SignedDuration = SignedDuration::from_secs(15);
/// So often in a row the store may fail before who follows is told; they take up again from their cursor.
const FAILURES: u32 = 5;

/// Reads on in the log of one organization. It remembers numbers and not time, so nothing is skipped or told twice
/// whatever fails, and who goes on elsewhere sees the same.
struct Reader {
    app: Arc<App>,
    caller: Caller,
    known_at: Timestamp,
    filter: app::findings::EventFilter,
    from: u64,
    waiting: VecDeque<StoredEvent>,
    failures: u32,
    over: bool,
}

impl Reader {
    /// The next event, whenever it comes; an error is the last that is told.
    async fn next(&mut self) -> Option<Result<EventEdge>> {
        if self.over {
            return None;
        }
        loop {
            if let Err(error) = self.still_known().await {
                return Some(self.end(error));
            }
            if let Some(event) = self.waiting.pop_front() {
                return Some(Ok(Edge::new(cursor(event.id.number), Event(event))));
            }
            match self.read().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK).await,
                Err(error) => return Some(self.end(error)),
            }
        }
    }

    fn end(&mut self, error: Error) -> Result<EventEdge> {
        self.over = true;
        Err(fail(error))
    }

    /// A revoked token or a removed member must not go on listening.
    async fn still_known(&mut self) -> Result<(), Error> {
        let now = self.app.now();
        if now.duration_since(self.known_at) < KNOWN {
            return Ok(());
        }
        match app::access::again(&self.app, &self.caller).await {
            Ok(Some(caller)) => {
                (self.caller, self.known_at) = (caller, now);
                Ok(())
            }
            Ok(None) => Err(Error::Unauthenticated),
            Err(error) => self.failed(error),
        }
    }

    /// Reads on; `false`: there is nothing new, or it could not be read for now.
    async fn read(&mut self) -> Result<bool, Error> {
        let asked = (Some(self.from), AT_ONCE, false);
        match app::findings::events_page(&self.app, &self.caller, &self.filter, asked).await {
            Ok(page) => {
                self.failures = 0;
                self.from = page.items.last().filter(|_| page.more).map_or(page.looked_to, |e| e.id.number);
                self.waiting.extend(page.items);
                Ok(page.more || !self.waiting.is_empty())
            }
            Err(error) => self.failed(error).map(|()| false),
        }
    }

    /// What the store has for a moment is waited out.
    fn failed(&mut self, error: Error) -> Result<(), Error> {
        self.failures += 1;
        match error {
            Error::Store(_) if self.failures < FAILURES => Ok(()),
            error => Err(error),
        }
    }
}
