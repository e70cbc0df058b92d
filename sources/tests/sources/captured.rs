//! Every odd type that Shodan was seen to send, on the answers in which it was seen.

use domain::cve::CveId;
use domain::observation::{Banner, DataSource, HostObservation, Transport};
use sources::{read_hosts, read_search_page};

use crate::world::captured;

const PAGES: [(&str, usize); 7] = [
    ("captured/goshodan-host-search-version-number.json", 3),
    ("captured/percussiveelbow-host-host_search_example_1.json", 100),
    ("captured/shodanx-host-search-with_facets.json", 100),
    ("captured/shodanx-host-search.json", 93),
    ("captured/uncover-example.json", 2),
    ("demo/synthetic-iot-ics-banners.json", 32),
    ("demo/plant.json", 17),
];

const HOSTS: [(&str, usize, usize); 6] = [
    ("captured/crossfeed-multi-host.json", 2, 2),
    ("captured/jshodan-shodan_host.json", 1, 3),
    ("captured/jshodan-shodan_host_minified.json", 1, 0),
    ("captured/opencti-shodan-host-1.json", 1, 2),
    ("captured/percussiveelbow-host-host_example_1.json", 1, 1),
    ("captured/shodanx-host-get_by_ip.json", 1, 2),
];

fn hosts_of(page: &str) -> Vec<HostObservation> {
    read_search_page(&captured(page)).unwrap().hosts
}

fn all_hosts() -> Vec<HostObservation> {
    let pages = PAGES.iter().flat_map(|(name, _)| hosts_of(name));
    pages.chain(HOSTS.iter().flat_map(|(name, ..)| read_hosts(&captured(name)).unwrap())).collect()
}

fn banner(page: &str, ip: &str, port: u16) -> Banner {
    let hosts = hosts_of(page);
    let host = hosts.iter().find(|host| host.ip.to_string() == ip).unwrap();
    host.banners.iter().find(|banner| banner.port == port).unwrap().clone()
}

fn synthetic(ip: &str, port: u16) -> Banner {
    banner("demo/synthetic-iot-ics-banners.json", ip, port)
}

fn cve(id: &str) -> CveId {
    CveId::parse(id).unwrap()
}

#[test]
fn every_banner_of_every_page_is_read() {
    for (name, banners) in PAGES {
        let page = read_search_page(&captured(name)).unwrap();
        assert_eq!((page.banners, page.unreadable), (banners, 0), "{name}");
        assert!(page.hosts.iter().all(|host| host.source == DataSource::ShodanSearch && host.observed_at.is_some()));
    }
}

#[test]
fn every_host_is_read_alone_or_in_a_list() {
    for (name, hosts, banners) in HOSTS {
        let read = read_hosts(&captured(name)).unwrap();
        assert_eq!((read.len(), read.iter().map(|host| host.banners.len()).sum::<usize>()), (hosts, banners), "{name}");
        assert!(read.iter().all(|host| host.source == DataSource::ShodanHost && host.observed_at.is_some()));
    }
}

#[test]
fn a_banner_whose_date_is_corrupt_loses_only_itself() {
    let page = read_search_page(&captured("captured/chronicle-search.json")).unwrap();
    assert_eq!((page.banners, page.unreadable, page.hosts.len(), page.total), (1, 1, 0, 12039));
}

#[test]
fn lists_are_sorted_and_bounds_hold_everywhere() {
    fn is_sorted<T: Ord>(list: &[T]) -> bool {
        list.windows(2).all(|pair| pair[0] < pair[1])
    }
    for host in all_hosts() {
        assert!(is_sorted(&host.hostnames) && is_sorted(&host.tags) && is_sorted(&host.ports), "{}", host.ip);
        assert!(is_sorted(&host.vulnerabilities) && is_sorted(&host.not_vulnerable), "{}", host.ip);
        for banner in &host.banners {
            assert!(is_sorted(&banner.cpes) && is_sorted(&banner.tags) && is_sorted(&banner.not_vulnerable));
            assert!(banner.text.len() <= 4096 && !banner.text.contains(['\0', '\u{1b}', '\r']));
            assert!(serde_json::to_string(&banner.blocks).unwrap().len() <= 16 * 1024);
            assert!(banner.hash.len() == 16 && host.ports.contains(&banner.port));
            let again: Banner = serde_json::from_str(&serde_json::to_string(banner).unwrap()).unwrap();
            assert_eq!(again, *banner, "what is stored is what was read");
        }
    }
}

#[test]
fn lone_surrogates_lose_nothing() {
    let bytes = captured("captured/shodanx-host-search.json");
    assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err(), "the trap is still in the file");
    assert_eq!(read_search_page(&bytes).unwrap().unreadable, 0);
}

#[test]
fn serials_beyond_64_bits_keep_every_digit() {
    let tls = synthetic("203.0.113.24", 443).tls.unwrap();
    assert_eq!(tls.serial.as_deref(), Some("340282366920938463463374607431768211456789"));
    let serials = all_hosts().into_iter().flat_map(|host| host.banners).filter_map(|banner| banner.tls?.serial);
    assert!(serials.filter(|serial| serial.len() > 20).count() > 10, "most real serials are that long");
}

#[test]
fn weak_tls_is_told_by_what_is_spoken() {
    let tls = synthetic("203.0.113.24", 443).tls.unwrap();
    assert_eq!(tls.versions, ["SSLv2", "SSLv3", "TLSv1"]);
    assert_eq!((tls.key_bits, tls.self_signed), (Some(1024), true));
    assert_eq!(tls.not_after.unwrap().to_string(), "2015-01-02T03:04:05Z");
}

#[test]
fn cvss_is_read_from_strings_and_numbers() {
    let hosts = all_hosts();
    let claims: Vec<_> =
        hosts.iter().flat_map(|host| &host.banners).flat_map(|banner| banner.vulnerabilities.values()).collect();
    let pages: String = PAGES.iter().map(|(name, _)| String::from_utf8(captured(name)).unwrap()).collect();
    assert!(pages.contains(r#""cvss":""#) && pages.contains(r#""cvss":9"#), "both spellings are in the files");
    assert!(claims.len() > 50, "{}", claims.len());
    assert!(claims.iter().all(|claim| claim.cvss.is_some()));
}

#[test]
fn a_version_may_be_a_number() {
    let versions: Vec<_> = hosts_of("captured/goshodan-host-search-version-number.json")
        .into_iter()
        .flat_map(|host| host.banners)
        .filter_map(|banner| banner.version)
        .collect();
    assert!(versions.iter().any(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.')), "{versions:?}");
}

#[test]
fn ipv6_needs_neither_number_nor_ip_str() {
    let hosts = hosts_of("demo/synthetic-iot-ics-banners.json");
    let v6: Vec<_> = hosts.iter().filter(|host| host.ip.is_ipv6()).map(|host| host.ip.to_string()).collect();
    assert_eq!(v6, ["2001:db8::31", "2001:db8::32"]);
}

#[test]
fn dates_without_a_zone_are_utc_to_the_microsecond() {
    let host = read_hosts(&captured("captured/crossfeed-multi-host.json")).unwrap().pop().unwrap();
    assert_eq!(host.ip.to_string(), "192.0.2.1");
    assert_eq!(host.observed_at.unwrap().to_string(), "2020-12-16T20:00:25.339321Z");
}

#[test]
fn a_host_lists_more_ports_than_it_shows() {
    let host = read_hosts(&captured("captured/crossfeed-multi-host.json")).unwrap().pop().unwrap();
    assert_eq!(host.ports, [25, 80, 110, 443, 465, 587, 993]);
    assert_eq!(host.banners.len(), 1);
    assert_eq!(host.location.unwrap().country_code.as_deref(), Some("JP"));
}

#[test]
fn an_old_banner_without_module_or_id_is_read() {
    let host = read_hosts(&captured("captured/crossfeed-multi-host.json")).unwrap().pop().unwrap();
    assert_eq!(host.banners[0].module, None);
    assert_eq!(host.banners[0].not_vulnerable, [cve("CVE-2014-0160")], "Heartbleed was tested and found SAFE");
}

#[test]
fn a_test_by_shodan_is_verified_and_a_version_is_not() {
    let heartbleed = synthetic("203.0.113.24", 443);
    assert!(heartbleed.vulnerabilities[&cve("CVE-2014-0160")].verified);
    assert!(!synthetic("203.0.113.20", 7547).vulnerabilities[&cve("CVE-2014-9222")].verified);
    let camera = banner("demo/plant.json", "198.51.100.10", 80);
    assert!(camera.vulnerabilities[&cve("CVE-2021-36260")].verified);
    assert!(!camera.vulnerabilities[&cve("CVE-2017-7921")].verified);
}

#[test]
fn protocols_keep_what_tells_that_they_are_open() {
    assert_eq!(synthetic("203.0.113.8", 1883).blocks["mqtt"]["code"], 0);
    assert_eq!(synthetic("203.0.113.12", 27017).blocks["mongodb"]["authentication"], false);
    assert_eq!(
        synthetic("203.0.113.12", 27017).blocks["mongodb"]["listDatabases"]["databases"][0]["name"],
        "READ__ME_TO_RECOVER_YOUR_DATA"
    );
    assert!(synthetic("203.0.113.14", 9200).blocks["elastic"]["indices"].is_object());
    assert_eq!(synthetic("203.0.113.21", 5900).blocks["vnc"]["security_types"]["1"], "None");
    assert_eq!(synthetic("203.0.113.23", 445).blocks["smb"]["smb_version"], 1);
    assert!(synthetic("203.0.113.24", 443).blocks["opts"]["heartbleed"] == "VULNERABLE");
    let modbus = synthetic("203.0.113.1", 502);
    assert_eq!((modbus.module.as_deref(), modbus.tags.as_slice()), (Some("modbus"), ["ics".to_owned()].as_slice()));
    assert!(modbus.blocks.is_empty() && modbus.text.starts_with("Unit ID: 0"));
    assert_eq!(synthetic("203.0.113.3", 47808).transport, Transport::Udp);
}

#[test]
fn no_page_no_picture_and_no_chain_is_kept() {
    for banner in all_hosts().iter().flat_map(|host| &host.banners) {
        for (block, dropped) in
            [("http", "html"), ("http", "robots"), ("http", "sitemap"), ("ssl", "chain"), ("screenshot", "data")]
        {
            assert!(banner.blocks.get(block).is_none_or(|b| b.get(dropped).is_none()), "{block}.{dropped}");
        }
        assert!(banner.blocks.get("http").and_then(|http| http.pointer("/favicon/data")).is_none());
    }
}

#[test]
fn cpes_are_of_the_newer_kind_where_there_are_both() {
    let camera = banner("demo/plant.json", "198.51.100.10", 80);
    assert_eq!(camera.cpes, ["cpe:2.3:o:hikvision:ds-2cd2143g2-i_firmware:5.5.82"]);
}
