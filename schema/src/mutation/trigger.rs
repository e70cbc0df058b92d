//! What people say of when a channel is told, as it comes in.

use async_graphql::{ID, InputObject, MaybeUndefined, Result};
use domain::trigger::{QuietEnd, QuietHours, TimeOfDay, Trigger};

use crate::context::bad_input;
use crate::enums::{Confidence, DeliverySchedule, EventType, FirstPoll, NotificationGroup, QuietHoursEnd, Severity};

/// Which events a channel wants. An absent field stays (at first: the default), null clears, an empty list means: all.
#[derive(InputObject, Default)]
pub(super) struct NotificationTriggerInput {
    /// Types of events.
    event_types: Option<Vec<EventType>>,
    /// The least severity of a finding.
    min_severity: Option<Severity>,
    /// How sure a finding has to be.
    confidence: Option<Vec<Confidence>>,
    /// The asset has one of these tags.
    asset_tags: Option<Vec<String>>,
    /// A CEL expression over `event`, `finding` and `asset`.
    expression: MaybeUndefined<String>,
    /// When notifications go out; only people get digests.
    schedule: Option<DeliverySchedule>,
    /// When a daily or weekly digest goes out, such as 07:30.
    digest_at: MaybeUndefined<String>,
    /// When people are not to be disturbed.
    quiet_hours: MaybeUndefined<QuietHoursInput>,
    /// The IANA zone that dates are shown in and digests go by.
    time_zone: Option<String>,
    /// On which day a weekly digest goes out, 1 (Monday) to 7 (Sunday).
    digest_weekday: MaybeUndefined<i32>,
    /// What is sent of an asset's first poll.
    first_poll: Option<FirstPoll>,
    /// What belongs together.
    group_by: Option<NotificationGroup>,
    /// After how many hours people are reminded of what is still open and nobody has decided about, 1 to 168 (a week).
    repeat_hours: MaybeUndefined<i32>,
    /// Not what these did.
    ignore_actor_ids: Option<Vec<ID>>,
    /// A digest goes out even if nothing happened.
    #[graphql(default_with = "Some(false)")]
    send_empty: Option<bool>,
}

/// When people are not to be disturbed.
#[derive(InputObject)]
pub(super) struct QuietHoursInput {
    /// They begin at this time, such as 22:00.
    from: String,
    /// They end at this time, on the next day if it is not later.
    to: String,
    /// The IANA zone whose clock it is.
    time_zone: String,
    /// Critical findings come through.
    #[graphql(default_with = "Some(true)")]
    except_critical: Option<bool>,
    /// The days on which they begin, 1 (Monday) to 7 (Sunday); every day where nothing is said.
    weekdays: Option<Vec<i32>>,
    /// What happens to what came meanwhile.
    #[graphql(default_with = "Some(QuietHoursEnd::Release)")]
    after: Option<QuietHoursEnd>,
}

impl NotificationTriggerInput {
    /// The trigger that was meant: what is not said is as usual, or as it was.
    pub(super) fn read(self, usual: Trigger) -> Result<Trigger> {
        let expression = maybe(self.expression, usual.expression, Ok)?;
        Ok(Trigger {
            event_types: self.event_types.map_or(usual.event_types, |l| l.into_iter().map(Into::into).collect()),
            min_severity: self.min_severity.map_or(usual.min_severity, Into::into),
            confidence: self.confidence.map_or(usual.confidence, |l| l.into_iter().map(Into::into).collect()),
            asset_tags: self.asset_tags.unwrap_or(usual.asset_tags),
            expression: expression.filter(|e| !e.trim().is_empty()),
            first_poll: self.first_poll.map_or(usual.first_poll, Into::into),
            ignore_actor_ids: self
                .ignore_actor_ids
                .map_or(usual.ignore_actor_ids, |l| l.into_iter().map(|i| i.to_string()).collect()),
            time_zone: self.time_zone.unwrap_or(usual.time_zone),
            schedule: self.schedule.map_or(usual.schedule, Into::into),
            digest_at: maybe(self.digest_at, usual.digest_at, |at| time(&at))?,
            digest_weekday: maybe(self.digest_weekday, usual.digest_weekday, weekday)?,
            send_empty: self.send_empty.unwrap_or(usual.send_empty),
            quiet_hours: maybe(self.quiet_hours, usual.quiet_hours, QuietHoursInput::read)?,
            group_by: self.group_by.map_or(usual.group_by, Into::into),
            repeat_hours: maybe(self.repeat_hours, usual.repeat_hours, hours)?,
        })
    }
}

impl QuietHoursInput {
    fn read(self) -> Result<QuietHours> {
        Ok(QuietHours {
            from: time(&self.from)?,
            to: time(&self.to)?,
            time_zone: self.time_zone,
            except_critical: self.except_critical.unwrap_or(true),
            weekdays: self.weekdays.unwrap_or_default().into_iter().map(weekday).collect::<Result<_>>()?,
            after: self.after.map_or(QuietEnd::Release, Into::into),
        })
    }
}

/// Said, cleared, or as it was.
fn maybe<T, U>(said: MaybeUndefined<T>, usual: Option<U>, read: impl Fn(T) -> Result<U>) -> Result<Option<U>> {
    match said {
        MaybeUndefined::Undefined => Ok(usual),
        MaybeUndefined::Null => Ok(None),
        MaybeUndefined::Value(value) => read(value).map(Some),
    }
}

fn time(text: &str) -> Result<TimeOfDay> {
    text.parse().map_err(|error| bad_input(format!("{text:?}: {error}")))
}

fn hours(hours: i32) -> Result<u16> {
    u16::try_from(hours).map_err(|_| bad_input("reminders are 1 to 168 hours apart (a week)"))
}

fn weekday(day: i32) -> Result<u8> {
    u8::try_from(day).map_err(|_| bad_input("a weekday is 1 (Monday) to 7 (Sunday)"))
}
