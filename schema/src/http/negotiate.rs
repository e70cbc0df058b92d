use http::HeaderMap;
use http::header::ACCEPT;

use super::status::Refusal;

/// In which form the answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/json`: a well-formed request is answered 200 whatever it says.
    Json,
    /// `application/graphql-response+json`: the status tells too.
    GraphqlResponse,
    /// `text/event-stream`
    EventStream,
}

impl Form {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }

    /// How well a media range fits, if it does. A stream is for those who name it.
    fn fits(self, range: &str) -> Option<u8> {
        let named = match self {
            Self::Json => "application/json",
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::EventStream => "text/event-stream",
        };
        match range {
            _ if range == named => Some(2),
            "application/*" if self != Self::EventStream => Some(1),
            "*/*" if self != Self::EventStream => Some(0),
            _ => None,
        }
    }
}

/// The form that the client likes most; of those it likes equally the one it named first; JSON where nothing is said.
pub(super) fn form(headers: &HeaderMap) -> Result<Form, Refusal> {
    let mut said = false;
    let mut ranges = Vec::new();
    for value in headers.get_all(ACCEPT) {
        said |= !value.is_empty();
        ranges.extend(value.to_str().unwrap_or_default().split(',').filter_map(Range::read));
    }
    if !said {
        return Ok(Form::Json);
    }
    let mut best: Option<(Form, Liking)> = None;
    for form in [Form::Json, Form::GraphqlResponse, Form::EventStream] {
        let Some(liking) = liking(form, &ranges) else { continue };
        if best.as_ref().is_none_or(|(_, other)| liking.beats(other)) {
            best = Some((form, liking));
        }
    }
    best.map(|(form, _)| form).ok_or_else(Refusal::not_acceptable)
}

/// One entry of the header.
struct Range {
    media: String,
    quality: f32,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next()?.to_ascii_lowercase();
        let mut quality = 1.0;
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "q" => quality = value.parse().unwrap_or(0.0),
                // There is no other than ours.
                "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
                _ => {}
            }
        }
        Some(Self { media, quality })
    }
}

struct Liking {
    quality: f32,
    fit: u8,
    place: usize,
}

impl Liking {
    fn beats(&self, other: &Self) -> bool {
        let better = self.fit > other.fit || (self.fit == other.fit && self.place < other.place);
        self.quality > other.quality || (self.quality >= other.quality && better)
    }
}

/// Of the ranges that a form fits, the most exact one counts; quality 0 means: not this one.
fn liking(form: Form, ranges: &[Range]) -> Option<Liking> {
    let mut exact: Option<Liking> = None;
    for (place, range) in ranges.iter().enumerate() {
        let Some(fit) = form.fits(&range.media) else { continue };
        if exact.as_ref().is_none_or(|known| fit > known.fit) {
            exact = Some(Liking { quality: range.quality, fit, place });
        }
    }
    exact.filter(|liking| liking.quality > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &[&'static str]) -> Option<Form> {
        form(&accept.iter().map(|text| (ACCEPT, text.parse().unwrap())).collect()).ok()
    }

    #[test]
    fn clients_get_what_they_like_most() {
        for (accept, expected) in [
            ("*/*", Form::Json),
            ("application/*", Form::Json),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Form::Json),
            ("application/graphql-response+json, application/json;q=0.9", Form::GraphqlResponse),
            ("application/json;q=0.9, application/graphql-response+json", Form::GraphqlResponse),
            ("application/json, application/graphql-response+json", Form::Json),
            ("application/graphql-response+json; charset=UTF-8, */*", Form::GraphqlResponse),
            ("*/*, application/graphql-response+json", Form::GraphqlResponse),
            ("application/json;q=0, */*", Form::GraphqlResponse),
            ("TEXT/Event-Stream", Form::EventStream),
            ("text/event-stream;q=0.5, */*;q=0.4", Form::EventStream),
        ] {
            assert_eq!(of(&[accept]), Some(expected), "{accept}");
        }
        assert_eq!(of(&["text/html", "text/event-stream"]), Some(Form::EventStream));
        assert_eq!(of(&[]), Some(Form::Json));
        assert_eq!(of(&[""]), Some(Form::Json));
    }

    #[test]
    fn what_cannot_be_had_is_not_acceptable() {
        for accept in [
            "text/html",
            "text/*",
            "application/json;q=0",
            "application/json;q=NaN",
            "*/*;q=0",
            "application/json; charset=latin1",
        ] {
            assert_eq!(of(&[accept]), None, "{accept}");
        }
    }
}
