use domain::event::{Event, EventType};
use domain::ids::OrgId;
use domain::payload;
use domain::trigger::DecisionReason;
use jiff::Timestamp;

use super::channel::Channel;
use super::decision::Decision;
use super::deliver::lease;
use super::delivery::{Delivery, DeliveryForm, DeliveryId, DeliveryState};
use super::health;
use super::judge::{Verdict, verdict};
use super::known::Known;
use super::shelf::{self, Listed};
use super::window::{self, Turn, Window};
use crate::ports::{Etag, Op, StoreError};
use crate::{App, rows};

/// A mail tells of at most so many events; more begin another.
const MOST_EVENTS: usize = 200;

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

/// The rows that decide for one channel, all in one batch: the decision, and the delivery if there is one.
pub(super) async fn plan(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    event: &Event,
    known: &Known,
    by: &str,
) -> Result<(Vec<Op>, Planned), StoreError> {
    let case = Case { app, channel, event, by, now: app.now() };
    let (form, at_once, note) = match verdict(channel, event, known.told) {
        Verdict::Send { form, at_once, note } => (form, at_once, note),
        Verdict::Not(reason) => {
            let told = reason == DecisionReason::Summarized && !known.told;
            return Ok((case.decide(None, reason, None, told)?, Planned::Nothing));
        }
    };
    if let Some(why) = &note {
        health::note_expression(app, org, channel, why).await;
    }
    let last = known.window.as_ref();
    let turn = match form {
        DeliveryForm::Summary => window::summary(last.map(|(w, _)| w), case.now),
        DeliveryForm::Letter if event.kind != EventType::Test => {
            window::letter(last.map(|(w, _)| w), at_once, case.now)
        }
        DeliveryForm::Letter | DeliveryForm::Request => Turn { join: false, at: case.now, window: None },
    };
    if let (true, Some((open, etag))) = (turn.join, last)
        && let Some((delivery, version)) = case.open_delivery(org, open, form).await?
    {
        let mut ops = case.decide(Some(&delivery), DecisionReason::Queued, note, !known.told)?;
        let at_once = at_once && form == DeliveryForm::Letter;
        let planned = case.join(&mut ops, delivery, version, at_once.then_some((open, etag)))?;
        return Ok((ops, planned));
    }
    let delivery = case.new_delivery(form, turn.at);
    let mut ops = case.decide(Some(&delivery), DecisionReason::Queued, note, !known.told)?;
    ops.push(Op::Insert(shelf::signed(delivery.id.to_string(), &delivery, by)?));
    ops.push(Op::Insert(rows::encode(shelf::list_row(&delivery), &Listed { channel: channel.id.clone() })?));
    if let Some((until, wait)) = turn.window {
        let row =
            rows::encode(shelf::window_row(&channel.id, form), &Window { delivery: delivery.id.clone(), until, wait })?;
        // Two that open a window at once must not both succeed: the second one joins the first.
        ops.push(match last {
            Some((_, etag)) => Op::Replace(row, etag.clone()),
            None => Op::Insert(row),
        });
    }
    let boxed = Box::new(delivery);
    Ok((ops, if boxed.lease.is_some() { Planned::AtOnce(boxed) } else { Planned::Timed(boxed) }))
}

#[derive(Clone, Copy)]
struct Case<'a> {
    app: &'a App,
    channel: &'a Channel,
    event: &'a Event,
    by: &'a str,
    now: Timestamp,
}

impl Case<'_> {
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
        let mut ops = vec![Op::Insert(shelf::signed(key, &decision, self.by)?)];
        if let Some(finding) = &finding {
            ops.push(Op::Upsert(shelf::mark(shelf::about_row(finding, self.event.id))));
            if told {
                ops.push(Op::Upsert(shelf::mark(shelf::told_row(&self.channel.id, finding))));
            }
        }
        Ok(ops)
    }

    /// The delivery of the window, if the window is open and nobody has begun to send it.
    async fn open_delivery(
        &self,
        org: &OrgId,
        window: &Window,
        form: DeliveryForm,
    ) -> Result<Option<(Delivery, Etag)>, StoreError> {
        let found = shelf::read(self.app, org, &window.delivery).await?;
        Ok(found.filter(|(d, _)| {
            // Whoever took the lease read the events already, even if the lease has ended since.
            d.form == form && d.state == DeliveryState::Pending && d.lease.is_none() && d.events.len() < MOST_EVENTS
        }))
    }

    /// The event goes out with a delivery that is there already; `closing`: at once, for which its window closes.
    fn join(
        &self,
        ops: &mut Vec<Op>,
        mut delivery: Delivery,
        version: Etag,
        closing: Option<(&Window, &Etag)>,
    ) -> Result<Planned, StoreError> {
        delivery.events.push(self.event.id);
        let mut planned = Planned::Joined;
        if let Some((open, etag)) = closing {
            delivery.next_attempt_at = Some(self.now);
            let closed = Window { until: self.now, ..open.clone() };
            ops.push(Op::Replace(
                rows::encode(shelf::window_row(&self.channel.id, delivery.form), &closed)?,
                etag.clone(),
            ));
            planned = Planned::Timed(Box::new(delivery.clone()));
        }
        ops.push(Op::Replace(shelf::signed(delivery.id.to_string(), &delivery, self.by)?, version));
        Ok(planned)
    }

    /// A delivery that begins with the event. What goes out at once is ours from the start, which saves a lease.
    fn new_delivery(&self, form: DeliveryForm, at: Timestamp) -> Delivery {
        let body = match form {
            DeliveryForm::Request => payload::envelope(self.event.kind, self.event.at, &self.event.payload).to_string(),
            DeliveryForm::Letter | DeliveryForm::Summary => String::new(),
        };
        Delivery {
            id: DeliveryId::of(&self.channel.id, self.event.id),
            channel: self.channel.id.clone(),
            form,
            events: vec![self.event.id],
            state: DeliveryState::Pending,
            explanation: None,
            attempts: Vec::new(),
            next_attempt_at: Some(at),
            created_at: self.now,
            delivered_at: None,
            body,
            recipients: Vec::new(),
            lease: (at <= self.now).then(|| lease(form, self.by, self.now)),
        }
    }
}
