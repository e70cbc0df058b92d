use app::ports::{SearchPage, SourceError};
use domain::observation::DataSource;

use super::banner::Context;
use super::{answer_object, banner, gather, unreadable};
use crate::lenient::{integer, list, repaired};

/// Reads one page of `/shodan/host/search`, or any `{"matches": […], "total": …}`.
///
/// # Errors
/// [`SourceError::Unavailable`] when it is cut off or no JSON; what its `error` member means, if it has one.
pub fn read_search_page(bytes: &[u8]) -> Result<SearchPage, SourceError> {
    let text = repaired(bytes);
    let page = answer_object(&text)?;
    let matches = page.read("matches", list).ok_or_else(unreadable)?;
    let context = Context::default();
    let (seen, unread): (Vec<_>, Vec<_>) =
        matches.iter().map(|raw| banner::read(raw, &context)).partition(Result::is_ok);
    Ok(SearchPage {
        banners: matches.len(),
        unreadable: unread.len(),
        total: page.read("total", integer::<u64>).unwrap_or(matches.len() as u64),
        hosts: gather::hosts(seen.into_iter().flatten(), DataSource::ShodanSearch),
    })
}
