//! Every captured answer that is no banner, read by the operation that asked for it.

use std::net::IpAddr;

use axum::Router;
use axum::http::Uri;
use reqwest::Url;
use shodan_client::rest::{DomainOptions, QueryOrder, ScanState};
use shodan_client::stream::{Feed, StreamOptions};
use shodan_client::{Endpoints, HostOptions, Key, Retry, Shodan};

use crate::world::{KEY, captured, client};

/// Answers every question with one file.
struct Always {
    url: Url,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Always {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn always(file: &str) -> (Always, Shodan) {
    let body = captured(&format!("captured/{file}.json"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().fallback(async move |_: Uri| body);
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let endpoints = Endpoints { rest: url.clone(), stream: url.clone(), exploits: url.clone(), trends: url.clone() };
    let shodan = Shodan::new(client(), Key::new("x")).with_endpoints(endpoints).with_retry(Retry::NEVER);
    (Always { url, server }, shodan)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn accounts_and_lists_are_read() {
    let (server, shodan) = always("jshodan-account").await;
    assert_eq!(shodan.profile().await.unwrap().credits, Some(26));
    assert!(server.url.port().is_some());
    let (_server, shodan) = always("shodanx-rest-info").await;
    assert_eq!(shodan.api_info().await.unwrap().plan, "plus");
    let (_server, shodan) = always("shodanx-rest-ports").await;
    assert_eq!(shodan.ports().await.unwrap().len(), 315);
    let (_server, shodan) = always("shodanx-rest-protocols").await;
    assert_eq!(shodan.protocols().await.unwrap().len(), 181);
    let (_server, shodan) = always("percussiveelbow-host-facets_example_1").await;
    assert_eq!(shodan.search_facets().await.unwrap().len(), 76);
    let (_server, shodan) = always("percussiveelbow-host-filters_example_1").await;
    assert_eq!(shodan.search_filters().await.unwrap().len(), 74);
}

#[tokio::test]
async fn counts_tokens_and_queries_are_read() {
    let (_server, shodan) = always("shodanx-host-count").await;
    assert!(shodan.count("x", &[]).await.unwrap().total > 0);
    let (_server, shodan) = always("shodanx-host-count-with_facets").await;
    let facets = shodan.count("x", &[]).await.unwrap().facets;
    assert!(!facets.is_empty() && facets.values().all(|values| !values.is_empty()));
    let (_server, shodan) = always("jshodan-search_token").await;
    assert_eq!(shodan.tokens("x").await.unwrap().filters, ["port", "product", "country", "after"]);
    let (_server, shodan) = always("shodanx-query-list").await;
    assert_eq!(shodan.saved_queries(1, QueryOrder::Newest).await.unwrap().queries.len(), 10);
    let (_server, shodan) = always("jshodan-query_search").await;
    assert!(!shodan.search_saved_queries("x", 1).await.unwrap().queries.is_empty());
    let (_server, shodan) = always("shodanx-query-tags").await;
    assert_eq!(shodan.query_tags(10).await.unwrap()[0].count, 188);
}

#[tokio::test]
async fn alerts_and_scans_are_read() {
    let (_server, shodan) = always("shodanx-alert-create").await;
    let alert = shodan.create_alert("x", &["198.20.88.0/24".parse().unwrap()], 0).await.unwrap();
    assert_eq!((alert.id.as_str(), alert.size), ("GAMHXP3VXL0VS2FX", Some(256)));
    let (_server, shodan) = always("shodanx-alert-get_by_id").await;
    assert_eq!(shodan.alert("x").await.unwrap().networks, alert.networks);
    let (_server, shodan) = always("shodanx-alert-info").await;
    assert_eq!(shodan.alerts(false).await.unwrap(), []);
    let (_server, shodan) = always("shodanx-alert-delete_by_id").await;
    shodan.delete_alert("x").await.unwrap();
    let (_server, shodan) = always("shodanx-alert-triggers").await;
    let triggers = shodan.triggers().await.unwrap();
    assert!(triggers.iter().any(|trigger| trigger.rule.as_deref() == Some("tag:ics")));
    let (_server, shodan) = always("shodanx-scan-crawl").await;
    assert_eq!(shodan.scan(&["192.0.2.1/32".parse().unwrap()], false).await.unwrap().credits_left, Some(65536));
    let (_server, shodan) = always("shodanx-scan-get_by_id").await;
    assert_eq!(shodan.scan_status("x").await.unwrap().state, ScanState::Done);
}

#[tokio::test]
async fn names_tools_and_exploits_are_read() {
    let (_server, shodan) = always("shodanx-dns-domain").await;
    let domain = shodan.domain("x", &DomainOptions::default()).await.unwrap();
    assert!(domain.records.len() > 100 && domain.records.iter().all(|record| record.last_seen.is_some()));
    let (_server, shodan) = always("shodanx-dns-reverse").await;
    assert!(shodan.reverse(&[ip("8.8.8.8")]).await.unwrap().values().all(|names| !names.is_empty()));
    let (_server, shodan) = always("shodanx-tools-my_ip").await;
    assert_eq!(shodan.my_ip().await.unwrap(), ip("1.1.1.1"));
    let (_server, shodan) = always("shodanx-tools-http_headers").await;
    assert_eq!(shodan.http_headers().await.unwrap()["Host"], "api.shodan.io");
    let (_server, shodan) = always("shodanx-labs-honeyscore").await;
    assert!(shodan.honeyscore(ip("192.0.2.1")).await.unwrap().abs() < f64::EPSILON);
    let (_server, shodan) = always("shodanx-exploits-count").await;
    assert_eq!(shodan.count_exploits("python", &[]).await.unwrap().total, 2944);
    let (_server, shodan) = always("jshodan-exploit_count_with_facet").await;
    assert_eq!(shodan.count_exploits("apache", &[]).await.unwrap().facets["source"][0].value, "cve");
}

#[tokio::test]
async fn hosts_are_read_with_every_banner() {
    for (file, address, banners) in [
        ("jshodan-shodan_host", None, 3),
        ("opencti-shodan-host-1", None, 2),
        ("crossfeed-multi-host", Some("192.0.2.1"), 1),
    ] {
        let text = String::from_utf8(captured(&format!("captured/{file}.json"))).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let address = address.map_or_else(|| value["ip_str"].as_str().unwrap().to_owned(), str::to_owned);
        let (_server, shodan) = always(file).await;
        let host = shodan.host(ip(&address), HostOptions::default()).await.unwrap().unwrap();
        assert_eq!((host.banners.len(), host.refused.len()), (banners, 0), "{file}");
        assert!(host.banners.iter().all(|banner| host.ports.contains(&banner.port)));
    }
}

#[tokio::test]
async fn what_shodan_repeats_of_the_key_is_blotted_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().fallback(async |uri: Uri| format!(r#"{{"error":"invalid: {uri} of {KEY}"}}"#));
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let endpoints = Endpoints { rest: url.clone(), stream: url.clone(), exploits: url.clone(), trends: url };
    let shodan = Shodan::new(client(), Key::new(KEY)).with_endpoints(endpoints).with_retry(Retry::NEVER);
    let shodan = shodan.with_pace(std::sync::Arc::new(shodan_client::Pause::new(std::time::Duration::ZERO)));
    let mut said = Vec::new();
    said.push(shodan.api_info().await.unwrap_err());
    said.push(shodan.host(ip("192.0.2.1"), HostOptions::default()).await.unwrap_err());
    said.push(shodan.search("port:1", 1, &[]).await.unwrap_err());
    said.push(shodan.exploits("x", 1, &[]).await.unwrap_err());
    said.push(shodan.delete_alert("x").await.unwrap_err());
    let mut stream = shodan.stream(&Feed::Alerts, StreamOptions::default()).await.unwrap();
    assert!(!format!("{stream:?} {shodan:?}").contains("S3cret"));
    // A last line without an end is none: what broke off says nothing.
    assert!(stream.next().await.unwrap().is_none());
    for error in said {
        let shown = format!("{error} {error:?}");
        assert!(shown.contains('…') && !shown.contains("S3cret"), "{shown}");
    }
    server.abort();
}
