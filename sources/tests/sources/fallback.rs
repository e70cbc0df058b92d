//! Known exploits, whoever answers.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{ExploitOrigin, ExploitPage, ExploitProperty, Exploits, SourceError, SourceKey};
use domain::cve::CveId;
use sources::exploits::ListPlace;
use sources::simulator::{Fault, Options, Simulator};
use sources::{ExploitSettings, ExploitSources};

use crate::world::{KEY, client, governor};

async fn start(with_lists: bool) -> (Simulator, ExploitSources) {
    let simulator = Simulator::start(Simulator::demo_data(), Options::default()).await.unwrap();
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sources/lists");
    let place = |name: &str| with_lists.then(|| ListPlace::Path(lists.join(name)));
    let settings = ExploitSettings {
        exploits_url: simulator.exploits_url(),
        cvedb_url: simulator.cvedb_url(),
        exploit_db: place("files_exploits.csv"),
        metasploit: place("modules_metadata_base.json"),
    };
    let sources = ExploitSources::new(client(), settings, governor(&Arc::default(), Duration::ZERO));
    (simulator, sources)
}

fn key() -> SourceKey {
    SourceKey::Shodan(KEY.into())
}

fn origins(page: &ExploitPage) -> BTreeSet<ExploitOrigin> {
    page.matches.iter().map(|one| one.origin).collect()
}

#[tokio::test]
async fn shodan_answers_first() {
    let (simulator, sources) = start(true).await;
    let page = sources.exploits(&key(), "cve:2021-36260", 1, &[(ExploitProperty::Source, 10)]).await.unwrap();
    assert_eq!((page.total, page.fallback), (3, false));
    assert_eq!(origins(&page), [ExploitOrigin::ShodanExploits].into());
    assert_eq!(page.facets[0].1.len(), 3);
    assert!(page.matches.iter().all(|one| one.cves.len() == 1 && one.url.is_some()));
    assert_eq!(simulator.requests().intelligence, 0);
}

#[tokio::test]
async fn others_answer_in_the_same_type_when_it_moved() {
    let (simulator, sources) = start(true).await;
    simulator.set_fault(Some(Fault::ExploitsMoved));
    let page = sources.exploits(&key(), "cve:CVE-2021-36260", 1, &[(ExploitProperty::Platform, 5)]).await.unwrap();
    assert!(page.fallback);
    let all = [ExploitOrigin::Cvedb, ExploitOrigin::Kev, ExploitOrigin::ExploitDbList, ExploitOrigin::MetasploitList];
    assert_eq!(origins(&page), all.into());
    assert_eq!((page.total, page.facets[0].0), (4, ExploitProperty::Platform));
    let known = page.matches.iter().find(|one| one.origin == ExploitOrigin::Kev).unwrap();
    assert!(known.description.contains("2022-01-10"), "{}", known.description);
    let again = sources.exploits(&key(), "type:webapps", 1, &[]).await.unwrap();
    assert_eq!((again.total, simulator.requests().exploits), (1, 1), "a move is for good");
}

#[tokio::test]
async fn the_lists_tell_of_many_cves_without_a_request_for_each() {
    let (simulator, sources) = start(true).await;
    let all = sources.exploits(&SourceKey::InternetDb, "", 1, &[]).await.unwrap().matches;
    let lists = [ExploitOrigin::ExploitDbList, ExploitOrigin::MetasploitList];
    let one = all.iter().find(|one| lists.contains(&one.origin) && !one.cves.is_empty()).unwrap();
    let asked = simulator.requests();
    let told = sources.listed(&[one.cves[0].clone(), CveId::parse("CVE-1999-9999").unwrap()]).await;
    assert!(told.contains(one) && told.iter().all(|other| other.cves.contains(&one.cves[0])));
    assert_eq!(simulator.requests(), asked);
    let (_, without) = start(false).await;
    assert_eq!(without.listed(&one.cves).await, []);
}

#[tokio::test]
async fn without_a_key_only_the_others_are_asked() {
    let (simulator, sources) = start(false).await;
    let page = sources.exploits(&SourceKey::InternetDb, "CVE-2017-0144", 1, &[]).await.unwrap();
    assert_eq!(origins(&page), [ExploitOrigin::Cvedb, ExploitOrigin::Kev].into());
    assert_eq!(simulator.requests().exploits, 0);
    let product = sources.exploits(&SourceKey::InternetDb, "hikvision", 1, &[]).await.unwrap();
    assert!(product.total > 0 && origins(&product) == [ExploitOrigin::Cvedb].into());
    let nothing = sources.exploits(&SourceKey::InternetDb, "cve:1999-9999", 1, &[]).await.unwrap();
    assert_eq!((nothing.total, nothing.fallback), (0, true));
}

#[tokio::test]
async fn a_wrong_key_is_no_reason_to_ask_others() {
    let (simulator, sources) = start(false).await;
    simulator.set_fault(Some(Fault::BadKey));
    assert_eq!(sources.exploits(&key(), "x", 1, &[]).await, Err(SourceError::BadKey));
}

#[tokio::test]
async fn what_is_built_in_answers_when_nothing_else_does() {
    let (simulator, sources) = start(true).await;
    simulator.set_fault(Some(Fault::BadGateway));
    let page = sources.exploits(&key(), "cve:2021-36260", 1, &[]).await.unwrap();
    let left = [ExploitOrigin::Kev, ExploitOrigin::ExploitDbList, ExploitOrigin::MetasploitList];
    assert_eq!(origins(&page), left.into());
    let unknown = sources.exploits(&key(), "cve:1999-9999", 1, &[]).await;
    assert!(matches!(unknown, Err(SourceError::Unavailable(_))), "nothing found and somebody silent is no answer");
}
