use std::net::IpAddr;

use domain::ids::AssetId;
use domain::observation::{DataSource, HostObservation, Transport};
use tokio::time::Instant;

use super::scan::Scan;
use crate::access::Organization;
use crate::assets::Register;
use crate::poll::{self, Spent};
use crate::ports::{SourceError, SourceKey};
use crate::{App, Error};

/// Addresses whose results one tick takes in.
const AT_ONCE: usize = 20;

/// Takes in what the scan saw, some addresses at a time. `Ok(true)`: all of them. An address that was asked about and
/// shows nothing on a port is proof that nothing is there: a scan is a look at exactly this.
pub(super) async fn take_results(
    app: &App,
    organization: &Organization,
    key: &SourceKey,
    scan: &mut Scan,
    deadline: Instant,
) -> Result<Result<bool, SourceError>, Error> {
    let order = scan.order.clone().unwrap_or_default();
    let mut spent = Spent::default();
    let mut trouble = None;
    let mut crawled = None;
    for ip in scan.ips.iter().skip(scan.taken).take(AT_ONCE) {
        if Instant::now() >= deadline {
            break;
        }
        let seen = app.scans.result(key, &order, *ip, scan.requested_at).await;
        spent.calls += 1;
        let seen = match seen {
            Ok(seen) => seen.unwrap_or_else(|| nothing(*ip)),
            Err(error) => {
                trouble = Some(error);
                break;
            }
        };
        let asked = match asked(app, key, scan, *ip, &mut crawled, &mut spent).await {
            Ok(asked) => asked,
            Err(error) => {
                trouble = Some(error);
                break;
            }
        };
        book(app, organization, seen, asked).await?;
        scan.taken += 1;
    }
    poll::spend_budget(app, key, &spent).await?;
    Ok(trouble.map_or(Ok(scan.taken >= scan.ips.len()), Err))
}

/// The ports of an address that the scan was asked for; where none were named, all that Shodan crawls.
async fn asked(
    app: &App,
    key: &SourceKey,
    scan: &Scan,
    ip: IpAddr,
    crawled: &mut Option<Vec<u16>>,
    spent: &mut Spent,
) -> Result<Vec<(u16, Transport)>, SourceError> {
    if let Some(ports) = scan.ports.get(&ip) {
        return Ok(ports.iter().map(|(port, transport, _)| (*port, *transport)).collect());
    }
    if crawled.is_none() {
        spent.calls += 1;
        *crawled = Some(app.scans.crawled(key).await?);
    }
    let both = |port: &u16| [(*port, Transport::Tcp), (*port, Transport::Udp)];
    Ok(crawled.iter().flatten().flat_map(both).collect())
}

/// Books what was seen of an address at every asset that may have stored something about it; only its owner has.
async fn book(
    app: &App,
    organization: &Organization,
    seen: HostObservation,
    asked: Vec<(u16, Transport)>,
) -> Result<(), Error> {
    let register = Register::read(app, &organization.id).await?;
    let Some(asset) = poll::owner_of(&register, seen.ip) else { return Ok(()) };
    let id: AssetId = asset.id.clone();
    let took = poll::take_in(app, organization, &register, asset, poll::Brought { seen, asked }).await?;
    tracing::debug!(asset = %id, took, "the result of a scan");
    Ok(())
}

/// What is said of an address of which nothing was seen.
fn nothing(ip: IpAddr) -> HostObservation {
    HostObservation {
        ip,
        source: DataSource::ShodanHost,
        observed_at: None,
        hostnames: Vec::new(),
        asn: None,
        organization: None,
        isp: None,
        operating_system: None,
        location: None,
        tags: Vec::new(),
        ports: Vec::new(),
        vulnerabilities: Vec::new(),
        not_vulnerable: Vec::new(),
        cpes: Vec::new(),
        banners: Vec::new(),
    }
}
