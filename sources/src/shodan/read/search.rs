use app::ports::SearchPage;
use domain::observation::DataSource;

use shodan_client::banner::{Context, Refused};
use shodan_client::lenient::{integer, list, repaired};
use shodan_client::{Error, answer_object};

use super::{banner, gather, unreadable};

/// Reads one page of `/shodan/host/search`, or any `{"matches": […], "total": …}`.
///
/// # Errors
/// [`Error::Unavailable`] when it is cut off or no JSON; what its `error` member means, if it has one.
pub fn read_search_page(bytes: &[u8]) -> Result<SearchPage, Error> {
    let text = repaired(bytes);
    let page = answer_object(&text)?;
    let matches = page.read("matches", list).ok_or_else(unreadable)?;
    let context = Context::default();
    let (seen, unread): (Vec<_>, Vec<_>) =
        matches.iter().map(|raw| banner::read(raw, &context)).partition(Result::is_ok);
    for Refused { port, reason } in unread.iter().filter_map(|read| read.as_ref().err()) {
        tracing::warn!(port, %reason, "a banner of Shodan's could not be read");
    }
    let seen: Vec<_> = seen.into_iter().flatten().collect();
    Ok(SearchPage {
        marks: seen.iter().map(|sighting| sighting.mark).collect(),
        banners: matches.len(),
        unreadable: unread.len(),
        total: page.read("total", integer::<u64>).unwrap_or(matches.len() as u64),
        hosts: gather::hosts(seen.into_iter(), DataSource::ShodanSearch),
    })
}
