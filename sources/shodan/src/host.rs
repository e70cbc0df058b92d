use std::borrow::Cow;
use std::net::IpAddr;

use http::Method;
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::banner::{Banner, Context, Refused, fields};
use crate::lenient::{Object, digits, instant, integer, list, object, repaired, string};
use crate::{Error, Shodan, answer, client};

/// How many addresses one look-up may name.
pub const MOST_HOSTS: usize = 100;

/// How much to tell of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostOptions {
    /// Also what was there in the past 90 days or so: several banners per port, in no promised order.
    pub history: bool,
    /// Ports and general facts only, no banners.
    pub minify: bool,
}

/// Everything Shodan knows of one address.
#[derive(Clone, Debug)]
pub struct Host {
    /// The address.
    pub ip: IpAddr,
    /// When it was last seen.
    pub last_update: Option<Timestamp>,
    /// Names, sorted.
    pub hostnames: Vec<String>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Open ports, sorted: may be more than there are banners for.
    pub ports: Vec<u16>,
    /// CVEs of any of its services, sorted.
    pub vulnerabilities: Vec<String>,
    /// CVEs that were tested and found absent, sorted.
    pub not_vulnerable: Vec<String>,
    /// Autonomous system.
    pub asn: Option<String>,
    /// Whom the address is assigned to.
    pub organization: Option<String>,
    /// Internet provider.
    pub isp: Option<String>,
    /// Operating system.
    pub operating_system: Option<String>,
    /// The services.
    pub banners: Vec<Banner>,
    /// What could not be read of them.
    pub refused: Vec<Refused>,
    /// The answer as Shodan wrote it.
    pub raw: Box<RawValue>,
}

impl Shodan {
    /// `GET /shodan/host/{ip}`: everything about one address. Free. `None`: nothing is known of it, which does not
    /// mean that nothing is there.
    pub async fn host(&self, ip: IpAddr, options: HostOptions) -> Result<Option<Host>, Error> {
        let known = self.host_with(ip, options, |body| read_hosts(&repaired(body))).await?;
        let Some(hosts) = known else { return Ok(None) };
        // Facts about another address must not be booked on this one.
        let host = hosts.into_iter().find(|host| host.ip == ip);
        host.map(Some).ok_or_else(|| Error::Unavailable("it answered about another address".into()))
    }

    /// Like [`Shodan::host`], for readers of types of their own: `read` gets the body as it came, and what it
    /// refuses as [`Error::Unavailable`] is asked for again.
    pub async fn host_with<T>(
        &self,
        ip: IpAddr,
        options: HostOptions,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.look_up(&ip.to_string(), options, read).await
    }

    /// `GET /shodan/host/{ip,ip,…}`: at most [`MOST_HOSTS`] addresses in one request, which only the greater plans
    /// may ([`crate::Cost::hosts`]). Addresses of which nothing is known are left out; the
    /// others ascend.
    pub async fn hosts(&self, ips: &[IpAddr], options: HostOptions) -> Result<Vec<Host>, Error> {
        let known = self.hosts_with(ips, options, |body| read_hosts(&repaired(body))).await?;
        let mut hosts = known.unwrap_or_default();
        hosts.retain(|host| ips.contains(&host.ip));
        Ok(hosts)
    }

    /// Like [`Shodan::hosts`], for readers of types of their own. `None`: nothing is known of any of them.
    pub async fn hosts_with<T>(
        &self,
        ips: &[IpAddr],
        options: HostOptions,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if ips.is_empty() || ips.len() > MOST_HOSTS {
            return Err(Error::Rejected(format!("1 to {MOST_HOSTS} addresses at once")));
        }
        let list = ips.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(",");
        self.look_up(&list, options, read).await
    }

    async fn look_up<T>(
        &self,
        ips: &str,
        options: HostOptions,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let HostOptions { history, minify } = options;
        let call = self.rest(Method::GET, &["shodan", "host"]).at(ips);
        let call = call.with_some("history", history.then_some(true)).with_some("minify", minify.then_some(true));
        match self.ask_with(call, |answer| client::accepted(answer).and_then(|body| read(&body))).await {
            Ok(known) => Ok(Some(known)),
            Err(Error::NothingKnown) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads an answer about hosts: an object, or a list of them.
fn read_hosts(text: &str) -> Result<Vec<Host>, Error> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| Error::unreadable())?;
    let each = list(raw).unwrap_or_else(|| vec![raw]).into_iter().map(read_host);
    let mut hosts = each.collect::<Result<Vec<_>, _>>()?;
    hosts.sort_by_key(|host| host.ip);
    Ok(hosts)
}

fn read_host(raw: &RawValue) -> Result<Host, Error> {
    let host = answer::object(raw.get())?;
    let last_update = host.read("last_update", string).and_then(|at| instant(&at));
    let data = host.read("data", list).unwrap_or_default();
    // A host without an address of its own is where its banners are.
    let of_banners = || data.iter().filter_map(|raw| object(raw)).find_map(|banner| fields::address(&banner));
    let ip = fields::address(&host).or_else(of_banners).ok_or_else(Error::unreadable)?;
    let (banners, refused) = Banner::read_all(&data, &Context { ip: Some(ip), timestamp: last_update });
    let (vulnerabilities, not_vulnerable) = fields::vulnerabilities(&host);
    let text = |name: &str| host.read(name, digits).map(Cow::into_owned);
    Ok(Host {
        ip,
        last_update: last_update.or_else(|| banners.iter().map(|banner| banner.timestamp).max()),
        hostnames: fields::hostnames(&host),
        tags: fields::tags(&host),
        ports: ports(&host, &banners, &refused),
        vulnerabilities,
        not_vulnerable,
        asn: text("asn"),
        organization: text("org"),
        isp: text("isp"),
        operating_system: text("os"),
        banners,
        refused,
        raw: raw.to_owned(),
    })
}

fn ports(host: &Object<'_>, banners: &[Banner], refused: &[Refused]) -> Vec<u16> {
    let mut ports: Vec<u16> = host.read("ports", list).unwrap_or_default().into_iter().filter_map(integer).collect();
    ports.extend(banners.iter().map(|banner| banner.port));
    ports.extend(refused.iter().filter_map(|refused| refused.port));
    ports.retain(|port| *port > 0);
    ports.sort_unstable();
    ports.dedup();
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_counts_ports_that_it_cannot_show() {
        let hosts = read_hosts(
            r#"{"ip_str":"192.0.2.1","ports":[443,0,"22"],"last_update":"2026-03-14T08:00:00","vulns":["CVE-2020-0001","!CVE-2020-0002"],
                "data":[{"port":80,"data":"x"},{"port":161,"transport":"what"},7]}"#,
        )
        .unwrap();
        let host = &hosts[0];
        assert_eq!(host.ports, [22, 80, 161, 443]);
        assert_eq!((host.banners.len(), host.refused.len()), (1, 2));
        assert_eq!(host.banners[0].timestamp, host.last_update.unwrap());
        assert_eq!(host.not_vulnerable, ["CVE-2020-0002"]);
    }

    #[test]
    fn a_list_is_hosts_and_an_error_is_none() {
        assert_eq!(read_hosts(r#"[{"ip_str":"192.0.2.1"},{"ip":3221225986}]"#).unwrap().len(), 2);
        assert_eq!(read_hosts(r#"{"error":"Invalid API key"}"#).unwrap_err(), Error::BadKey);
        assert_eq!(read_hosts("[{}]").unwrap_err(), Error::unreadable());
    }
}
