use std::collections::HashMap;

use domain::host::Host;
use domain::ids::Bucket;
use domain::role::Action;
use domain::rule::{AssetFacts, Expression, Facts, HostFacts, Verdict, Vocabulary};
use domain::service::{Service, ServiceState};

use crate::access::Caller;
use crate::assets::Register;
use crate::findings::host_key;
use crate::ports::{RowRange, Table};
use crate::{App, Error, UserError, UserErrorCode, ledger, rows};

/// What an expression would have found.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// Some of the services that match, in the order in which they are kept.
    pub services: Vec<Service>,
    /// How many match.
    pub matched: usize,
    /// How many open services of watched assets were looked at.
    pub examined: usize,
}

/// Pages of a thousand services, and services that are judged.
const PAGES: usize = 20;
const MOST: usize = 10_000;
const HOSTS_AT_ONCE: usize = 100;

/// Judges what is stored now by an expression, at most 10 000 services, and changes nothing. Shows `first` of them.
pub async fn try_rule(app: &App, caller: &Caller, expression: &str, first: usize) -> Result<Tried, Error> {
    caller.may(Action::ManageRules)?;
    // Its answer is nothing but what is stored: any expression would do to read it.
    caller.may(Action::Read)?;
    let expression = Expression::compile(expression, &Vocabulary::RULES)
        .map_err(|error| UserError::of(UserErrorCode::Invalid, "expression", error.to_string()))?;
    let register = Register::read(app, &caller.org).await?;
    let partition = ledger::partition(&caller.org, Bucket::default());
    let mut range = RowRange::prefix("s|", 1000);
    let mut tried = Tried::default();
    for _ in 0..PAGES {
        let page = app.tables.range(Table::Exposure, &partition, range.clone()).await?;
        let mut services = Vec::new();
        for row in &page.rows {
            let service: Service = rows::decode(row)?;
            let watched = register.find(&service.id.asset).is_some_and(|asset| asset.retired_at.is_none());
            if watched && service.state == ServiceState::Open && service.banner.is_some() {
                services.push(service);
            }
        }
        services.truncate(MOST - tried.examined);
        let hosts = hosts(app, &partition, &services).await?;
        for service in services {
            tried.examined += 1;
            if matches(app, &expression, &service, &hosts, &register) {
                tried.matched += 1;
                if tried.services.len() < first {
                    tried.services.push(service);
                }
            }
        }
        // Others are served between two pages.
        tokio::task::yield_now().await;
        match page.next {
            Some(next) if tried.examined < MOST => range.from = next,
            _ => break,
        }
    }
    Ok(tried)
}

fn matches(
    app: &App,
    expression: &Expression,
    service: &Service,
    hosts: &HashMap<String, Host>,
    register: &Register,
) -> bool {
    let (Some(banner), Some(asset)) = (&service.banner, register.find(&service.id.asset)) else { return false };
    let host = HostFacts::of(service.ip(), hosts.get(&host_key(&asset.id.ulid, service.ip())));
    let asset = AssetFacts::of(asset);
    let facts = Facts::new().service(banner, app.now()).host(&host).asset(&asset);
    expression.evaluate(&facts) == Verdict::Match
}

async fn hosts(app: &App, partition: &str, services: &[Service]) -> Result<HashMap<String, Host>, Error> {
    let mut keys: Vec<String> = services.iter().map(|service| host_key(&service.id.asset.ulid, service.ip())).collect();
    keys.sort();
    keys.dedup();
    let mut found = HashMap::new();
    for several in keys.chunks(HOSTS_AT_ONCE) {
        let rows = app.tables.get_many(Table::Exposure, partition, several).await?;
        for row in rows.into_iter().flatten() {
            let host: Host = rows::decode(&row)?;
            found.insert(row.key, host);
        }
    }
    Ok(found)
}
