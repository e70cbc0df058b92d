use std::collections::BTreeSet;

use domain::role::{Role, Scope};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::access::{self, Caller, NewApiToken};
use crate::assets::{self, AssetDraft};
use crate::testing::Bench;
use crate::{App, Error};

async fn ada(bench: &Bench) -> Caller {
    access::bootstrap(bench, "ada@example.com", "a sentence is good", "Ada", Some("Acme")).await.unwrap()
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.app.settings.target_allow = vec!["203.0.113.0/24".parse().unwrap()];
    bench
}

async fn asset(app: &App, caller: &Caller, target: &str) {
    let draft = AssetDraft { target: Some(target.into()), name: Some(format!("at {target}")), ..AssetDraft::default() };
    assets::create(app, caller, &draft).await.unwrap();
}

async fn read(app: &App, caller: &Caller, filter: &AuditFilter) -> Vec<Entry> {
    let page = page(app, caller, filter, (None, 100, false)).await.unwrap();
    page.items.into_iter().map(|(_, entry)| entry).collect()
}

#[tokio::test]
async fn acts_about_people_and_acts_about_assets_are_one_log_newest_first() {
    let bench = bench();
    let ada = ada(&bench).await;
    bench.clock.advance(SignedDuration::from_secs(1));
    asset(&bench, &ada, "203.0.113.7").await;
    bench.clock.advance(SignedDuration::from_secs(1));
    let token = NewApiToken { name: "SIEM".into(), scopes: BTreeSet::from([Scope::WriteAssets]), expires_at: None };
    let (token, secret) = access::create_api_token(&bench, &ada, token).await.unwrap();
    let program = access::authenticate(&bench, access::Credential::Bearer(&secret)).await.unwrap().unwrap();
    bench.clock.advance(SignedDuration::from_secs(1));
    asset(&bench, &program, "203.0.113.8").await;
    let log = read(&bench, &ada, &AuditFilter::default()).await;
    let lines: Vec<String> = log.iter().map(|e| format!("{} {} {}", e.actor.name, e.action, e.subject)).collect();
    assert_eq!(
        &lines[..3],
        ["SIEM asset.created at 203.0.113.8", "Ada token.created SIEM", "Ada asset.created at 203.0.113.7"]
    );
    assert!(!format!("{:?}", bench.tables.everything()).contains(&secret));
    assert_eq!(entry(&bench, &ada, &log[0].id).await.unwrap().as_ref(), Some(&log[0]));
    assert_eq!(entry(&bench, &ada, &log[1].id).await.unwrap().as_ref(), Some(&log[1]));

    let by_token = AuditFilter { actor_id: Some(token.id.to_string()), ..AuditFilter::default() };
    assert_eq!(read(&bench, &ada, &by_token).await.len(), 1);
    let about_token = AuditFilter { subject_id: Some(token.id.to_string()), ..AuditFilter::default() };
    assert_eq!(read(&bench, &ada, &about_token).await[0].action, "token.created");
    let of_assets = AuditFilter { action: Some("asset".into()), actor: Some("ADA@".into()), ..AuditFilter::default() };
    assert_eq!(read(&bench, &ada, &of_assets).await.len(), 1);
    let none = AuditFilter { action: Some("ass".into()), ..AuditFilter::default() };
    assert!(read(&bench, &ada, &none).await.is_empty());
}

#[tokio::test]
async fn only_who_may_reads_it_and_nobody_of_another_organization() {
    let bench = bench();
    let ada = ada(&bench).await;
    let eve = access::bootstrap(&bench, "eve@example.com", "a sentence is good", "Eve", None).await.unwrap();
    let first = read(&bench, &ada, &AuditFilter::default()).await.remove(0);
    assert!(entry(&bench, &eve, &first.id).await.unwrap().is_none());
    assert!(read(&bench, &eve, &AuditFilter::default()).await.iter().all(|e| e.actor.name == "Eve"));
    let member = Caller { role: Role::Member, ..ada.clone() };
    let refused = page(&bench, &member, &AuditFilter::default(), (None, 10, false)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    let garbage = page(&bench, &ada, &AuditFilter::default(), (Some("audit|é"), 10, false)).await;
    assert!(matches!(garbage, Err(Error::User(_))));
}

#[tokio::test]
async fn what_the_program_does_by_itself_is_not_in_it() {
    let bench = bench();
    let ada = ada(&bench).await;
    let before = read(&bench, &ada, &AuditFilter::default()).await.len();
    let draft = domain::event::Draft {
        kind: domain::event::EventType::SourceFailing,
        subjects: domain::event::Subjects::default(),
        actor: domain::actor::Actor::system(),
        changes: Vec::new(),
        first_poll: false,
        action: domain::event::Action::None,
        parts: Vec::new(),
    };
    bench.announce(&ada.org, domain::ids::Bucket::default(), vec![draft]).await.unwrap();
    assert_eq!(read(&bench, &ada, &AuditFilter::default()).await.len(), before);
}

#[test]
fn no_deed_is_named_twice_and_each_says_about_what() {
    let words: BTreeSet<&str> = Deed::ALL.iter().map(|deed| deed.as_str()).collect();
    assert_eq!(words.len(), Deed::ALL.len());
    assert!(words.iter().all(|word| word.split('.').count() == 2));
}

/// A log with acts at these distances in milliseconds.
async fn log_of(gaps: &[i64]) -> (Bench, Caller) {
    let bench = bench();
    let ada = ada(&bench).await;
    for (number, gap) in gaps.iter().enumerate() {
        bench.clock.advance(SignedDuration::from_millis(*gap));
        let subject = format!("thing {number}");
        let act = Act::of(
            &ada,
            if number % 3 == 0 { Deed::TokenCreated } else { Deed::ChannelCreated },
            (&subject, &subject),
        );
        let ops = vec![act.op(&bench).unwrap()];
        let (table, partition) = walk::places(&ada.org)[number % 2].clone();
        bench.app.tables.commit(crate::ports::Batch { table, partition, ops, witness: None }).await.unwrap();
    }
    (bench, ada)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn paging_both_ways_gives_every_act_once_in_the_same_order(
        gaps in proptest::collection::vec(prop_oneof![Just(0i64), 1i64..50, 50_000i64..90_000, 86_400_000i64..9_000_000_000], 0..60),
        limit in 1usize..12,
        some in proptest::bool::ANY,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (bench, ada) = log_of(&gaps).await;
            let filter = AuditFilter { action: some.then(|| "token".to_owned()), ..AuditFilter::default() };
            let all = read(&bench, &ada, &filter).await;
            for backward in [false, true] {
                let (mut cursor, mut got, mut pages): (Option<String>, Vec<Entry>, usize) = (None, Vec::new(), 0);
                loop {
                    let part = page(&bench, &ada, &filter, (cursor.as_deref(), limit, backward)).await.unwrap();
                    prop_assert!(part.items.len() <= limit);
                    let at = if backward { part.items.first() } else { part.items.last() };
                    cursor = at.map(|(key, _)| key.clone());
                    let entries = part.items.into_iter().map(|(_, entry)| entry);
                    got = if backward { entries.chain(got).collect() } else { got.into_iter().chain(entries).collect() };
                    pages += 1;
                    prop_assert!(pages <= 80, "it ends");
                    if !part.more || cursor.is_none() {
                        break;
                    }
                }
                prop_assert_eq!(&got, &all, "backward: {}", backward);
            }
            Ok(())
        })?;
    }
}
