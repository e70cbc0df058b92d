//! People at work on findings: whose they are, and which tickets are about them.

use app::findings::{self, EventFilter, FindingFilter, TicketDraft};
use app::testing::Fault;
use app::{Error, UserErrorCode};
use domain::event::{Event, EventType};
use domain::finding::Finding;
use domain::ids::{FindingId, UserId};
use domain::role::{Role, Scope};

use super::plant::{Plant, finding};

async fn planted(number: usize) -> (Plant, Vec<FindingId>) {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8", 0).await;
    let all: Vec<Finding> = (0..number).map(|n| finding(&asset, n, plant.now())).collect();
    plant.enter(&all).await;
    (plant, all.into_iter().map(|f| f.id).collect())
}

async fn events(plant: &Plant, kind: EventType) -> Vec<Event> {
    let filter = EventFilter { types: Some(vec![kind]), ..EventFilter::default() };
    findings::events_page(&plant.bench, &plant.caller, &filter, (None, 1000, false)).await.unwrap().items
}

async fn matching(plant: &Plant, filter: FindingFilter) -> usize {
    plant.counts(&filter).await.unwrap().0.iter().flatten().sum::<u32>() as usize
}

fn draft(system: &str, key: &str) -> TicketDraft {
    TicketDraft { system: system.into(), key: key.into(), ..TicketDraft::default() }
}

#[tokio::test]
async fn findings_are_given_to_a_member_and_taken_back_each_with_its_event() {
    let (plant, ids) = planted(100).await;
    let me = plant.caller.user.clone().unwrap();
    let (given, faults) = findings::assign(&plant.bench, &plant.caller, &ids, Some(&me)).await.unwrap();
    assert_eq!((given.len(), faults.len()), (100, 0));
    assert!(given.iter().all(|f| f.assignee.as_ref().is_some_and(|a| a.name == "Ops") && f.revision == 2));
    let told = events(&plant, EventType::FindingAssigned).await;
    assert_eq!(told.len(), 100);
    assert_eq!(told[0].changes[0].after.as_deref(), Some("Ops"));
    assert_eq!(told[0].actor, plant.caller.actor);
    let mine = FindingFilter { assignee: Some(me.clone()), ..FindingFilter::default() };
    assert_eq!(matching(&plant, mine).await, 100);
    // The same again is nothing new.
    findings::assign(&plant.bench, &plant.caller, &ids, Some(&me)).await.unwrap();
    assert_eq!(events(&plant, EventType::FindingAssigned).await.len(), 100);
    findings::assign(&plant.bench, &plant.caller, &ids[..40], None).await.unwrap();
    let nobodys = FindingFilter { unassigned: Some(true), ..FindingFilter::default() };
    assert_eq!(matching(&plant, nobodys).await, 40);
    assert_eq!(events(&plant, EventType::FindingAssigned).await.len(), 140);
}

#[tokio::test]
async fn a_stranger_gets_nothing_and_a_wrong_id_keeps_no_other_back() {
    let (plant, ids) = planted(3).await;
    let stranger = UserId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7H").unwrap();
    let refused = findings::assign(&plant.bench, &plant.caller, &ids, Some(&stranger)).await.unwrap_err();
    assert!(matches!(refused, Error::User(faults) if faults[0].code == UserErrorCode::NotFound));
    let wrong = FindingId { fingerprint: "0".repeat(16), ..ids[0].clone() };
    let some = [ids[0].clone(), wrong, ids[2].clone(), ids[0].clone()];
    let me = plant.caller.user.clone();
    let (given, faults) = findings::assign(&plant.bench, &plant.caller, &some, me.as_ref()).await.unwrap();
    assert_eq!(given.len(), 3);
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].code, faults[0].field.join(".")), (UserErrorCode::NotFound, "input.ids.1".into()));
    assert_eq!(events(&plant, EventType::FindingAssigned).await.len(), 2);
}

#[tokio::test]
async fn a_ticket_is_linked_once_and_brought_up_to_date() {
    let (plant, ids) = planted(2).await;
    let link = async |draft: &TicketDraft| {
        findings::link_ticket(&plant.bench, &plant.caller, &ids, draft).await.unwrap().0.remove(0)
    };
    let first = link(&TicketDraft { url: Some("https://jira.example/OPS-1".into()), ..draft("jira", " OPS-1 ") }).await;
    assert_eq!((first.tickets.len(), first.tickets[0].key.as_str(), first.revision), (1, "OPS-1", 2));
    assert_eq!(link(&draft("jira", "OPS-1")).await, first, "nothing is new, and what is not said stays");
    let closed = link(&TicketDraft { status: Some("Done".into()), ..draft("jira", "OPS-1") }).await;
    assert_eq!(closed.tickets[0].status.as_deref(), Some("Done"));
    assert_eq!((closed.tickets[0].linked_at, closed.tickets.len()), (first.tickets[0].linked_at, 1));
    assert_eq!(link(&draft("servicenow", "OPS-1")).await.tickets.len(), 2);
    let told = events(&plant, EventType::FindingUpdated).await;
    assert_eq!(told.len(), 6);
    let payload = &told[0].payload["finding"]["tickets"][0];
    assert_eq!((payload["key"].as_str(), payload["url"].as_str()), (Some("OPS-1"), Some("https://jira.example/OPS-1")));
    let with = FindingFilter { has_ticket: Some(true), ..FindingFilter::default() };
    assert_eq!(matching(&plant, with).await, 2);
}

#[tokio::test]
async fn what_is_no_ticket_is_refused_with_its_field() {
    let (plant, ids) = planted(1).await;
    for (draft, field) in [
        (draft("", "OPS-1"), "system"),
        (draft("jira", " "), "key"),
        (draft(&"x".repeat(101), "OPS-1"), "system"),
        (TicketDraft { url: Some("javascript:alert(1)".into()), ..draft("jira", "OPS-1") }, "url"),
    ] {
        match findings::link_ticket(&plant.bench, &plant.caller, &ids, &draft).await.unwrap_err() {
            Error::User(faults) => assert_eq!(faults[0].field, ["input", field]),
            other => panic!("{other}"),
        }
    }
    for n in 0..20 {
        findings::link_ticket(&plant.bench, &plant.caller, &ids, &draft("jira", &format!("OPS-{n}"))).await.unwrap();
    }
    let (_, faults) = findings::link_ticket(&plant.bench, &plant.caller, &ids, &draft("jira", "OPS-20")).await.unwrap();
    assert_eq!((faults[0].code, faults[0].field.join(".")), (UserErrorCode::TooMany, "input.findingIds.0".into()));
}

#[tokio::test]
async fn who_may_not_triage_may_neither_assign_nor_link() {
    let (plant, ids) = planted(1).await;
    let viewer = app::access::Caller { role: Role::Viewer, ..plant.caller.clone() };
    let token = app::access::Caller { scopes: Some([Scope::Read].into()), ..plant.caller.clone() };
    for caller in [viewer, token] {
        assert!(matches!(findings::assign(&plant.bench, &caller, &ids, None).await, Err(Error::Forbidden(_))));
        let linked = findings::link_ticket(&plant.bench, &caller, &ids, &draft("jira", "OPS-1")).await;
        assert!(matches!(linked, Err(Error::Forbidden(_))));
    }
}

#[tokio::test]
async fn a_crash_at_any_call_leaves_work_that_a_repeat_completes_once() {
    let plant = Plant::new().await;
    for call in 1..32 {
        for (fault, n) in [(Fault::Before, 0), (Fault::After, 1), (Fault::Lost, 2)] {
            let asset = plant.watch(&format!("8.8.{call}.{n}"), 0).await;
            let all: Vec<Finding> = (0..45).map(|n| finding(&asset, n, plant.now())).collect();
            plant.enter(&all).await;
            let ids: Vec<FindingId> = all.into_iter().map(|f| f.id).collect();
            plant.bench.tables.fail_at(call, fault);
            // The first try may fail; the person tries again.
            let _ = findings::link_ticket(&plant.bench, &plant.caller, &ids, &draft("jira", "OPS-1")).await;
            plant.bench.tables.heal();
            let again = findings::link_ticket(&plant.bench, &plant.caller, &ids, &draft("jira", "OPS-1")).await;
            // The revision rises with each event, in the same batch.
            assert!(again.unwrap().0.iter().all(|f| f.tickets.len() == 1 && f.revision == 2), "{call} {fault:?}");
        }
    }
}
