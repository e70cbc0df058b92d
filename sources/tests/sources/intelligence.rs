//! What is known of vulnerabilities, over real HTTP.

use std::collections::BTreeSet;

use app::ports::{Exploitation, Intelligence, Refreshed, SourceError, Validators};
use domain::cve::CveId;
use sources::IntelligenceSources;
use sources::simulator::{Fault, Options, Simulator};

use crate::world::{client, intelligence};

async fn start() -> (Simulator, IntelligenceSources) {
    let simulator = Simulator::start(Simulator::demo_data(), Options::default()).await.unwrap();
    let sources = IntelligenceSources::new(client(), intelligence(&simulator));
    (simulator, sources)
}

fn cve(id: &str) -> CveId {
    CveId::parse(id).unwrap()
}

fn changed<T>(refreshed: Refreshed<T>) -> app::ports::Edition<T> {
    match refreshed {
        Refreshed::Changed(edition) => edition,
        Refreshed::Unchanged => panic!("unchanged"),
    }
}

#[tokio::test]
async fn the_catalogue_is_fetched_once_for_each_edition() {
    let (simulator, sources) = start().await;
    let edition = changed(sources.known_exploited(&Validators::default()).await.unwrap());
    assert!(edition.entries.iter().any(|known| known.cve == cve("CVE-2021-36260")));
    assert_eq!((edition.unreadable, edition.date.unwrap().to_string().as_str()), (0, "2026-03-14"));
    let eternal = edition.entries.iter().find(|known| known.cve == cve("CVE-2017-0144")).unwrap();
    assert!(eternal.ransomware && eternal.required_action.is_some());
    assert!(edition.validators.etag.is_some() && edition.validators.last_modified.is_some());
    for ours in [
        edition.validators.clone(),
        Validators { etag: None, ..edition.validators.clone() },
        Validators { last_modified: None, ..edition.validators },
    ] {
        assert_eq!(sources.known_exploited(&ours).await, Ok(Refreshed::Unchanged));
    }
    assert_eq!(simulator.requests().intelligence, 4);
}

#[tokio::test]
async fn a_catalogue_that_is_cut_off_or_a_page_is_none() {
    let (simulator, sources) = start().await;
    for fault in [Fault::BadGateway, Fault::ServerError, Fault::NotFoundHtml, Fault::Hang] {
        simulator.set_fault(Some(fault));
        let answer = sources.known_exploited(&Validators::default()).await;
        assert!(matches!(answer, Err(SourceError::Unavailable(_))), "{fault:?}: {answer:?}");
    }
    simulator.set_fault(Some(Fault::TooFast));
    let answer = sources.known_exploited(&Validators::default()).await;
    assert_eq!(answer, Err(SourceError::RateLimited { wait_seconds: 1 }));
    assert_eq!(sources.known_exploited_built_in().entries.len(), 1404, "the built-in copy needs nobody");
}

#[tokio::test]
async fn epss_is_asked_for_a_few_and_read_from_the_file_for_many() {
    let (_simulator, sources) = start().await;
    let camera = cve("CVE-2021-36260");
    let unknown = cve("CVE-1999-9999");
    let asked = sources.epss(&[camera.clone(), unknown.clone()]).await.unwrap();
    assert_eq!(asked.len(), 1);
    let wanted = BTreeSet::from([camera.clone(), unknown]);
    let edition = changed(sources.epss_of_the_day(&Validators::default(), &wanted).await.unwrap());
    assert_eq!(edition.entries.len(), 1);
    assert!((edition.entries[0].probability - asked[0].probability).abs() < 1e-4);
    assert_eq!(edition.entries[0].date, asked[0].date);
    assert_eq!(sources.epss_of_the_day(&edition.validators, &wanted).await, Ok(Refreshed::Unchanged));
    let many: Vec<CveId> = (1000..1150).map(|n| cve(&format!("CVE-2001-{n}"))).chain([camera]).collect();
    assert_eq!(sources.epss(&many).await.unwrap().len(), 1, "in as many requests as it takes");
}

#[tokio::test]
async fn a_cve_is_looked_up_and_what_is_unknown_is_none() {
    let (simulator, sources) = start().await;
    let facts = sources.vulnerability(&cve("CVE-2021-36260")).await.unwrap().unwrap();
    assert!(facts.known_exploited && facts.summary.is_some() && !facts.references.is_empty());
    assert_eq!(facts.cvss[0].version, "3.1");
    assert_eq!(sources.vulnerability(&cve("CVE-1999-9999")).await, Ok(None));
    simulator.set_fault(Some(Fault::NotFoundHtml));
    let answer = sources.vulnerability(&cve("CVE-2021-36260")).await;
    assert_eq!(answer, Err(SourceError::Unavailable("status 404".into())), "a page in between says nothing of the CVE");
}

#[tokio::test]
async fn the_judgement_of_cisa_is_found_where_there_is_one() {
    let (_simulator, sources) = start().await;
    let record = sources.ssvc(&cve("CVE-2017-0144")).await.unwrap().unwrap();
    assert_eq!((record.exploitation, record.automatable), (Some(Exploitation::Active), Some(true)));
    assert!(record.total_impact.is_some() && record.decided_at.is_some());
    assert_eq!(sources.ssvc(&cve("CVE-1999-9999")).await, Ok(None));
}
