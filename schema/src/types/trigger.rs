//! Which events a channel wants, and when.

use async_graphql::{ID, SimpleObject};

use crate::enums::{Confidence, DeliverySchedule, EventType, FirstPoll, NotificationGroup, QuietHoursEnd, Severity};

/// Which events a channel wants. Empty lists mean: all.
#[derive(SimpleObject, Clone)]
pub struct NotificationTrigger {
    /// Types of events.
    event_types: Vec<EventType>,
    /// The least severity of a finding; does not apply to events without one.
    min_severity: Severity,
    /// How sure a finding has to be.
    confidence: Vec<Confidence>,
    /// The asset has one of these tags.
    asset_tags: Vec<String>,
    /// A CEL expression over `event`, `finding` and `asset`; null: none.
    expression: Option<String>,
    /// When notifications go out. Webhooks and PagerDuty get every event at once.
    schedule: DeliverySchedule,
    /// When a daily or weekly digest goes out, such as 07:30 in the time zone; null: at 08:00.
    digest_at: Option<String>,
    /// When people are not to be disturbed; null: never.
    quiet_hours: Option<QuietHours>,
    /// The IANA zone that dates are shown in and digests go by.
    time_zone: String,
    /// On which day a weekly digest goes out, 1 (Monday) to 7 (Sunday); null: on Monday.
    digest_weekday: Option<i32>,
    /// What is sent of an asset's first poll.
    first_poll: FirstPoll,
    /// What belongs together.
    group_by: NotificationGroup,
    /// After how many hours people are reminded of what is still open and nobody has decided about; null: never.
    repeat_hours: Option<i32>,
    /// Not what these did.
    ignore_actor_ids: Vec<ID>,
    /// A digest goes out even if nothing happened.
    send_empty: bool,
}

/// When people are not to be disturbed. `SOURCE_FAILING` and `CREDITS_LOW` come through always.
#[derive(SimpleObject, Clone)]
pub struct QuietHours {
    /// They begin at this time, such as 22:00.
    from: String,
    /// They end at this time, on the next day if it is not later.
    to: String,
    /// The IANA zone whose clock it is.
    time_zone: String,
    /// Critical findings come through.
    except_critical: bool,
    /// The days on which they begin, 1 (Monday) to 7 (Sunday). Empty: every day.
    weekdays: Vec<i32>,
    /// What happens to what came meanwhile.
    after: QuietHoursEnd,
}

impl From<&domain::trigger::Trigger> for NotificationTrigger {
    fn from(t: &domain::trigger::Trigger) -> Self {
        Self {
            event_types: t.event_types.iter().map(|e| (*e).into()).collect(),
            min_severity: t.min_severity.into(),
            confidence: t.confidence.iter().map(|c| (*c).into()).collect(),
            asset_tags: t.asset_tags.clone(),
            expression: t.expression.clone(),
            schedule: t.schedule.into(),
            digest_at: t.digest_at.map(|at| at.to_string()),
            quiet_hours: t.quiet_hours.as_ref().map(Into::into),
            time_zone: t.time_zone.clone(),
            digest_weekday: t.digest_weekday.map(i32::from),
            first_poll: t.first_poll.into(),
            group_by: t.group_by.into(),
            repeat_hours: t.repeat_hours.map(i32::from),
            ignore_actor_ids: t.ignore_actor_ids.iter().map(ID::from).collect(),
            send_empty: t.send_empty,
        }
    }
}

impl From<&domain::trigger::QuietHours> for QuietHours {
    fn from(q: &domain::trigger::QuietHours) -> Self {
        Self {
            from: q.from.to_string(),
            to: q.to.to_string(),
            time_zone: q.time_zone.clone(),
            except_critical: q.except_critical,
            weekdays: q.weekdays.iter().map(|day| i32::from(*day)).collect(),
            after: q.after.into(),
        }
    }
}
