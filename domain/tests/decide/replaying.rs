//! The log alone tells what was known.

use std::collections::BTreeMap;

use domain::asset::Asset;
use domain::decide::{Decisions, Stored};
use domain::event::{Action, Draft, Event, Subjects};
use domain::ids::{Bucket, EventId};
use domain::payload::{self, Frame, Group};
use domain::replay::replay;
use domain::service::ServiceState;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::world::{any_banner, asset, host, instant, poll, tidy};

/// The events of a decision, as they are stored.
fn log(events: &mut Vec<Event>, decided: &Decisions, asset: &Asset, now: Timestamp) {
    let mut drafts: Vec<Draft> = Vec::new();
    for change in &decided.services {
        drafts.extend(change.event.map(|kind| Draft {
            kind,
            subjects: Subjects {
                asset: Some(asset.id.clone()),
                service: Some(change.after.id.clone()),
                ..Subjects::default()
            },
            actor: domain::actor::Actor::system(),
            changes: Vec::new(),
            first_poll: false,
            action: Action::None,
            parts: payload::service_parts(&change.after, asset, None, &[]),
        }));
    }
    for step in &decided.findings {
        let parts = payload::finding_parts(&step.after, asset, None, None, Group::default(), now);
        drafts.extend(payload::finding_draft(step, parts, asset, false));
    }
    for draft in drafts {
        let number = events.len() as u64 + 1;
        let frame = Frame { organization: ("org_1", "Plant"), sequence: "1", public_url: "https://monitor.example" };
        events.push(Event {
            id: EventId { bucket: Bucket(0), number },
            kind: draft.kind,
            at: now,
            subjects: draft.subjects.clone(),
            actor: draft.actor.clone(),
            changes: draft.changes.clone(),
            first_poll: false,
            payload: payload::data(&draft, frame),
        });
    }
}

fn agrees(stored: &Stored, events: &[Event], at: Timestamp) -> Result<(), TestCaseError> {
    let then = replay(events, at);
    let findings: BTreeMap<_, _> = stored.findings.values().map(|f| (&f.id, f)).collect();
    prop_assert_eq!(then.findings.keys().collect::<Vec<_>>(), findings.keys().copied().collect::<Vec<_>>());
    for (id, finding) in findings {
        let was = &then.findings[id].fields;
        prop_assert_eq!(
            (was.state, was.severity, was.confidence),
            (finding.state, finding.severity, finding.confidence)
        );
        prop_assert_eq!((was.resolution, was.reopen_count), (finding.resolution, finding.reopen_count));
        prop_assert_eq!((was.opened_at, was.resolved_at), (finding.opened_at, finding.resolved_at));
        prop_assert_eq!((was.due_at, was.revision), (finding.due_at, finding.revision));
        prop_assert_eq!(was.forensics_required, finding.forensics_required);
        prop_assert!(was.risk_score.abs_diff(finding.risk_score) < 10);
        prop_assert!(was.last_observed_at <= finding.last_observed_at);
    }
    prop_assert_eq!(then.services.len(), stored.known.services.len());
    for (id, service) in &stored.known.services {
        let was = &then.services[id];
        let banner = service.banner.as_ref();
        prop_assert_eq!(was.state, service.state);
        if service.state == ServiceState::Open {
            prop_assert_eq!(&was.module, &banner.and_then(|b| b.module.clone()));
            prop_assert_eq!(&was.product, &banner.and_then(|b| b.product.clone()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn replaying_the_log_gives_the_present_and_every_past(
        polls in proptest::collection::vec(proptest::collection::vec(any_banner(), 0..6), 1..6)
    ) {
        let asset = asset("8.8.8.8");
        let mut stored = Stored::default();
        let mut events = Vec::new();
        let mut pasts = Vec::new();
        for (n, banners) in polls.into_iter().enumerate() {
            let day = 40 + 20 * i64::try_from(n).unwrap();
            let decided = poll(&asset, &mut stored, &[host("8.8.8.8", day, tidy(banners))], day);
            let now = instant(day) + SignedDuration::from_hours(1);
            log(&mut events, &decided, &asset, now);
            pasts.push((now, stored.clone()));
        }
        for (at, then) in &pasts {
            agrees(then, &events, *at)?;
        }
    }
}
