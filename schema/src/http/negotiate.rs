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
}

/// The form that the client likes most; JSON where nothing is said.
pub(super) fn form(headers: &HeaderMap) -> Result<Form, Refusal> {
    let mut best: Option<(Form, f32)> = None;
    let mut said = false;
    for value in headers.get_all(ACCEPT) {
        said = true;
        let Ok(text) = value.to_str() else { continue };
        for range in text.split(',') {
            let Some((form, quality)) = read(range) else { continue };
            if quality > 0.0 && best.is_none_or(|(_, q)| quality > q) {
                best = Some((form, quality));
            }
        }
    }
    match best {
        Some((form, _)) => Ok(form),
        None if said => Err(Refusal::not_acceptable()),
        None => Ok(Form::Json),
    }
}

fn read(range: &str) -> Option<(Form, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next()?.to_ascii_lowercase();
    let (mut quality, mut charset_ok) = (1.0, true);
    for part in parts {
        match part
            .split_once('=')
            .map(|(k, v)| (k.trim().to_ascii_lowercase(), v.trim().trim_matches('"').to_ascii_lowercase()))
        {
            Some((key, value)) if key == "q" => quality = value.parse().unwrap_or(0.0),
            Some((key, value)) if key == "charset" => charset_ok = value == "utf-8",
            _ => {}
        }
    }
    let form = match media.as_str() {
        "application/json" | "application/*" | "*/*" => Form::Json,
        "application/graphql-response+json" => Form::GraphqlResponse,
        "text/event-stream" => Form::EventStream,
        _ => return None,
    };
    charset_ok.then_some((form, quality))
}
