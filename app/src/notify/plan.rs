use domain::event::{Event, EventType};
use domain::ids::OrgId;
use domain::payload;
use domain::trigger::{DecisionReason, QuietEnd, concludes, next_digest};
use jiff::Timestamp;

use super::channel::Channel;
use super::compose;
use super::decision::Decision;
use super::deliver::lease;
use super::delivery::{Delivery, DeliveryForm, DeliveryId, DeliveryState};
use super::health;
use super::incident::{self, Page};
use super::judge::verdict;
use super::known::Known;
use super::redeliver::BY_HAND;
use super::shelf::{self, Listed};
use super::window::{self, Turn, Window};
use crate::ports::{Etag, Op, StoreError};
use crate::{App, rows};

/// A message tells of at most so many events; more begin another.
const MOST_EVENTS: usize = 1_000;

/// What follows when a plan is stored.
#[derive(Debug)]
pub(super) enum Planned {
    /// The channel is not told.
    Nothing,
    /// A delivery that we hold already: its first attempt is to be made now.
    AtOnce(Box<Delivery>),
    /// A delivery whose first attempt has its time.
    Timed(Box<Delivery>),
    /// The event goes out with a delivery that somebody else sees to.
    Joined,
}

/// The rows that decide for one channel, all in one batch: the decision, and the delivery if there is one. `late`: the
/// event is told on demand, so it does not matter that it is older than the channel.
pub(super) async fn plan(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    event: &Event,
    known: &Known,
    late: bool,
    by: &str,
) -> Result<(Vec<Op>, Planned), StoreError> {
    let case = Case { app, channel, event, known, by, now: known.at.max(app.now()) };
    let note = match case.wanted(late) {
        Ok(note) => note,
        Err(reason) => {
            let told = reason == DecisionReason::Summarized && !known.told;
            return Ok((case.decide(None, reason, None, told)?, Planned::Nothing));
        }
    };
    if let Some(why) = &note {
        health::note_expression(app, org, channel, why).await;
    }
    let turn = case.turn();
    if let (true, Some((open, etag))) = (turn.join, &known.window)
        && let Some((delivery, version)) = case.open_delivery(org, open).await?
    {
        let mut ops = case.decide(Some(&delivery), case.reason(), note, !known.told)?;
        let planned = case.join(&mut ops, delivery, version, turn.frame.filter(|_| turn.at_once).map(|f| (f, etag)))?;
        return Ok((ops, planned));
    }
    let mut delivery = case.new_delivery(&turn);
    let mut pages = Vec::new();
    if known.way.form == DeliveryForm::Page {
        match case.page() {
            Ok((body, row)) => {
                delivery.body = body;
                pages = row;
            }
            Err(row) => {
                let why = Some("Others of the same incident are still open.".to_owned()).filter(|_| !row.is_empty());
                let reason = if why.is_some() { DecisionReason::Summarized } else { DecisionReason::NotEventType };
                let mut ops = case.decide(None, reason, why, false)?;
                ops.extend(row);
                return Ok((ops, Planned::Nothing));
            }
        }
    }
    let mut ops = case.decide(Some(&delivery), case.reason(), note, !known.told)?;
    ops.extend(pages);
    ops.push(Op::Insert(shelf::signed(delivery.id.to_string(), &delivery, by)?));
    ops.push(Op::Insert(rows::encode(shelf::list_row(&delivery), &Listed { channel: channel.id.clone() })?));
    if let (Some(frame), Some(row)) = (turn.frame, &known.way.window) {
        let row = rows::encode(row.as_str(), &Window { delivery: delivery.id.clone(), frame })?;
        // Two that open a window at once must not both succeed: the second one joins the first.
        ops.push(replaced(row, known.window.as_ref().map(|(_, etag)| etag)));
    }
    let boxed = Box::new(delivery);
    Ok((ops, if boxed.lease.is_some() { Planned::AtOnce(boxed) } else { Planned::Timed(boxed) }))
}

fn replaced(row: crate::ports::WriteRow, etag: Option<&Etag>) -> Op {
    match etag {
        Some(etag) => Op::Replace(row, etag.clone()),
        None => Op::Insert(row),
    }
}

#[derive(Clone, Copy)]
struct Case<'a> {
    app: &'a App,
    channel: &'a Channel,
    event: &'a Event,
    known: &'a Known,
    by: &'a str,
    now: Timestamp,
}

impl Case<'_> {
    /// Is the channel to be told? Ok: with what is to be said of its expression.
    fn wanted(&self, late: bool) -> Result<Option<String>, DecisionReason> {
        if !late && self.event.at < self.channel.created_at {
            return Err(DecisionReason::ChannelNewer);
        }
        let note = verdict(self.channel, self.event, self.known.told)?;
        let hours = self.channel.trigger.quiet_hours.as_ref().filter(|_| self.known.way.quiet.is_some());
        // Who was told of the start is told of the end, if not now.
        let ends = self.known.told && concludes(self.event.kind);
        if hours.is_some_and(|h| h.after == QuietEnd::Drop) && !ends {
            return Err(DecisionReason::DroppedInQuietHours);
        }
        Ok(note)
    }

    /// Why the channel is told, or not yet.
    fn reason(&self) -> DecisionReason {
        match self.known.way.form {
            DeliveryForm::Digest => DecisionReason::HeldForDigest,
            _ if self.known.way.quiet.is_some() => DecisionReason::HeldInQuietHours,
            _ => DecisionReason::Queued,
        }
    }

    fn turn(&self) -> Turn {
        let way = &self.known.way;
        let last = self.known.window.as_ref().map(|(window, _)| window);
        match (way.form, way.quiet) {
            (_, None) if way.window.is_none() => window::alone(self.now),
            (_, Some((_, end))) if way.window.is_none() => window::alone(end),
            (DeliveryForm::Digest, _) => {
                let at = next_digest(&self.channel.trigger, self.now).unwrap_or(self.now);
                window::until(last, at, self.now)
            }
            (_, Some((_, end))) => window::until(last, end, self.now),
            (DeliveryForm::Summary, None) => window::summary(last, self.now),
            (_, None) => window::letter(last, way.at_once, self.now),
        }
    }

    /// The decision, with the rows that find it and that remember whom we told.
    fn decide(
        &self,
        delivery: Option<&Delivery>,
        reason: DecisionReason,
        note: Option<String>,
        told: bool,
    ) -> Result<Vec<Op>, StoreError> {
        let finding = self.event.subjects.finding.clone();
        let decision = Decision {
            event: self.event.id,
            channel: self.channel.id.clone(),
            finding: finding.clone(),
            at: self.now,
            reason,
            delivery: delivery.map(|d| d.id.clone()),
            note,
        };
        let key = shelf::decision_row(self.event.id, &self.channel.id);
        let row = shelf::signed(key, &decision, self.by)?;
        let mut ops = vec![replaced(row, self.known.decision.as_ref().map(|(_, etag)| etag))];
        if let Some(finding) = &finding {
            ops.push(Op::Upsert(shelf::mark(shelf::about_row(finding, self.event.id))));
            if told {
                ops.push(Op::Upsert(shelf::mark(shelf::told_row(&self.channel.id, finding))));
            }
        }
        Ok(ops)
    }

    /// The delivery of the window, if the window is open and nobody has begun to send it.
    async fn open_delivery(&self, org: &OrgId, window: &Window) -> Result<Option<(Delivery, Etag)>, StoreError> {
        let found = shelf::read(self.app, org, &window.delivery).await?;
        Ok(found.filter(|(d, _)| {
            // Whoever took the lease read the events already, even if the lease has ended since.
            d.form == self.known.way.form
                && matches!(d.state, DeliveryState::Pending | DeliveryState::Held)
                && d.lease.is_none()
                && d.events.len() < MOST_EVENTS
        }))
    }

    /// The event goes out with a delivery that is there already; `closing`: at once, for which its window closes.
    fn join(
        &self,
        ops: &mut Vec<Op>,
        mut delivery: Delivery,
        version: Etag,
        closing: Option<(window::Frame, &Etag)>,
    ) -> Result<Planned, StoreError> {
        delivery.events.push(self.event.id);
        // They may come in any order, and are told oldest first.
        delivery.events.sort_unstable_by_key(|id| (id.bucket, id.number));
        let mut planned = Planned::Joined;
        if let (Some((frame, etag)), Some(row)) = (closing, &self.known.way.window) {
            delivery.next_attempt_at = Some(self.now);
            delivery.at_once = true;
            let closed = Window { delivery: delivery.id.clone(), frame };
            ops.push(Op::Replace(rows::encode(row.as_str(), &closed)?, etag.clone()));
            planned = Planned::Timed(Box::new(delivery.clone()));
        }
        ops.push(Op::Replace(shelf::signed(delivery.id.to_string(), &delivery, self.by)?, version));
        Ok(planned)
    }

    /// What an incident system is told, and the row of an incident of many. Err: it is not told; the row all the same.
    fn page(&self) -> Result<(String, Vec<Op>), Vec<Op>> {
        let mut rows = Vec::new();
        let action = incident::action(self.event);
        if let (Some(key), Some(finding)) =
            (incident::page_row(self.channel, self.event), self.event.subjects.finding.as_ref())
        {
            let stored = self.known.page.as_ref();
            let before = stored.map(|(page, _)| page.clone()).unwrap_or_default();
            let after = before.after(finding, action);
            let page: Page = after.clone().unwrap_or_else(|| before.without(finding));
            if let (true, Ok(row)) = (page != before, rows::encode(key, &page)) {
                rows.push(replaced(row, stored.map(|(_, etag)| etag)));
            }
            if after.is_none() {
                return Err(rows);
            }
        }
        match compose::page(self.app, self.channel, self.event) {
            Some(body) => Ok((body, rows)),
            None => Err(Vec::new()),
        }
    }

    /// A delivery that begins with the event. What goes out at once is ours from the start, which saves a lease.
    fn new_delivery(&self, turn: &Turn) -> Delivery {
        let form = self.known.way.form;
        let body = match form {
            DeliveryForm::Request => {
                let event = compose::sampled(self.event);
                payload::envelope(event.kind, event.at, &event.payload).to_string()
            }
            _ => String::new(),
        };
        let held = form == DeliveryForm::Digest || self.known.way.quiet.is_some();
        Delivery {
            id: DeliveryId::of(&self.channel.id, self.event.id),
            channel: self.channel.id.clone(),
            form,
            events: vec![self.event.id],
            state: if held { DeliveryState::Held } else { DeliveryState::Pending },
            explanation: None,
            attempts: Vec::new(),
            next_attempt_at: Some(turn.at),
            at_once: turn.at_once || (self.known.way.at_once && self.known.way.window.is_none()),
            turn: None,
            put_off: 0,
            asked_by: (self.event.kind == EventType::Test).then(|| BY_HAND.to_owned()),
            created_at: self.now,
            delivered_at: None,
            body,
            recipients: Vec::new(),
            lease: (turn.at <= self.now).then(|| lease(form, self.by, self.now)),
        }
    }
}
