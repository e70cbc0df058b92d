//! What can be stored of a channel.

use domain::email::EmailAddress;
use domain::event::EventType;
use domain::trigger::{Schedule, Trigger, zone};

use super::register::MOST_RECIPIENTS;
use crate::{UserError, UserErrorCode};

/// Reminders are at most so far apart.
const LONGEST_REPEAT_HOURS: u16 = 168;

/// A name that can be shown.
pub(super) fn checked_name(name: &str) -> Result<String, UserError> {
    let name = name.trim();
    if name.is_empty() {
        Err(UserError::of(UserErrorCode::Required, "name", "the channel needs a name"))
    } else if name.chars().count() > 200 {
        Err(UserError::of(UserErrorCode::TooLong, "name", "the name has at most 200 characters"))
    } else if name.chars().any(char::is_control) {
        Err(UserError::of(UserErrorCode::Invalid, "name", "the name has control characters"))
    } else {
        Ok(name.to_owned())
    }
}

/// Addresses that can be written to, each once.
///
/// `others`: there is somebody to write to without them.
pub(super) fn checked_recipients(texts: &[String], others: bool) -> Result<Vec<EmailAddress>, UserError> {
    let mut addresses: Vec<EmailAddress> = Vec::new();
    for text in texts {
        let address = EmailAddress::parse(text).ok_or_else(|| {
            UserError::of(
                UserErrorCode::Invalid,
                "recipients",
                format!("{text:?} is not an address such as ops@example.com"),
            )
        })?;
        if !addresses.iter().any(|a| a.account_key() == address.account_key()) {
            addresses.push(address);
        }
    }
    match addresses.len() {
        0 if !others => {
            Err(UserError::of(UserErrorCode::Required, "recipients", "the channel needs at least one recipient"))
        }
        n if n > MOST_RECIPIENTS => Err(UserError::of(
            UserErrorCode::TooMany,
            "recipients",
            format!("a channel has at most {MOST_RECIPIENTS} recipients"),
        )),
        _ => Ok(addresses),
    }
}

/// A trigger within its limits, and of use to this kind of channel.
pub(super) fn checked_trigger(mut trigger: Trigger, for_people: bool) -> Result<Trigger, UserError> {
    let fault = |code, message: &str| Err(UserError::of(code, "trigger", message));
    trigger.event_types.dedup();
    if trigger.event_types.len() > EventType::ALL.len() {
        return fault(UserErrorCode::TooMany, "the trigger names too many types of events");
    }
    if trigger.asset_tags.len() > 50 || trigger.asset_tags.iter().any(|t| t.chars().count() > 100) {
        return fault(UserErrorCode::TooMany, "the trigger names too many tags (50 of 100 characters)");
    }
    if trigger.ignore_actor_ids.len() > 50 || trigger.ignore_actor_ids.iter().any(|i| i.len() > 100) {
        return fault(UserErrorCode::TooMany, "the trigger names too many actors (50)");
    }
    let quiet = trigger.quiet_hours.as_ref();
    let zones = [Some(&trigger.time_zone), quiet.map(|q| &q.time_zone)];
    if zones.into_iter().flatten().any(|name| zone(name).is_none()) {
        return fault(UserErrorCode::Invalid, "the time zone has an IANA name such as Europe/Vienna");
    }
    let days = quiet.iter().flat_map(|q| &q.weekdays).chain(&trigger.digest_weekday);
    if days.into_iter().any(|day| !(1..=7).contains(day)) {
        return fault(UserErrorCode::Invalid, "a weekday is 1 (Monday) to 7 (Sunday)");
    }
    if quiet.is_some_and(|q| q.weekdays.len() > 7) {
        return fault(UserErrorCode::TooMany, "a week has seven days");
    }
    if !for_people && (trigger.schedule != Schedule::Immediate || trigger.send_empty) {
        return fault(UserErrorCode::Invalid, "a machine gets every event at once: digests are for people");
    }
    if !for_people && trigger.repeat_hours.is_some() {
        return fault(UserErrorCode::Invalid, "a machine is told once: reminders are for people");
    }
    if trigger.repeat_hours.is_some_and(|hours| !(1..=LONGEST_REPEAT_HOURS).contains(&hours)) {
        return fault(UserErrorCode::Invalid, "reminders are 1 to 168 hours apart (a week)");
    }
    if trigger.send_empty && trigger.schedule == Schedule::Immediate {
        return fault(UserErrorCode::Invalid, "only a digest can be empty: choose HOURLY, DAILY or WEEKLY");
    }
    if let Some(expression) = &trigger.expression {
        super::expression::check(expression)?;
    }
    Ok(trigger)
}
