use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection};
use async_graphql::{Positioned, Variables};
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::HttpSettings;
use super::status::Refusal;
use crate::guard::check_json;

/// What is asked.
pub(super) struct Asked {
    /// How large its body was.
    pub bytes: usize,
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

/// Reads a request.
pub(super) async fn read(http: Request<Body>, settings: &HttpSettings) -> Result<Asked, Refusal> {
    let mut bytes = 0;
    let parameters = match *http.method() {
        Method::GET => of_query(http.uri().query().unwrap_or_default())?,
        Method::POST => {
            if !is_json(http.headers()) {
                return Err(Refusal::unsupported());
            }
            let body = body(http.into_body(), settings).await?;
            bytes = body.len();
            of_json(&body)?
        }
        _ => return Err(Refusal::method()),
    };
    of_parameters(parameters, bytes, settings)
}

async fn body(body: Body, settings: &HttpSettings) -> Result<Bytes, Refusal> {
    let limit = settings.largest_body;
    // Where the length is said before, nothing has to be read to know.
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::too_large(limit));
    }
    let collected = tokio::time::timeout(settings.patience, Limited::new(body, limit).collect());
    match collected.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large(limit)),
        Ok(Err(_)) => Err(Refusal::bad_request("the request broke off")),
        Err(_) => Err(Refusal::too_slow()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()) else { return false };
    let mut parts = text.split(';').map(|p| p.trim().to_ascii_lowercase());
    let json = parts.next().as_deref() == Some("application/json");
    json && parts.all(|p| !p.starts_with("charset=") || p.trim_start_matches("charset=").trim_matches('"') == "utf-8")
}

fn of_json(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(parameters)) => Ok(parameters),
        Ok(Value::Array(_)) => Err(Refusal::bad_request("one request at a time: batches are not offered")),
        Ok(_) => Err(Refusal::bad_request("the body is not a JSON object with a query")),
        Err(_) => Err(Refusal::bad_request("the body is not JSON")),
    }
}

fn of_query(query: &str) -> Result<Map<String, Value>, Refusal> {
    let mut parameters = Map::new();
    for (name, text) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = match name.as_ref() {
            "variables" | "extensions" if text.is_empty() => Value::Null,
            "variables" | "extensions" => serde_json::from_str(&text)
                .map_err(|_| Refusal::bad_request(format!("the parameter {name} is not JSON")))?,
            "query" | "operationName" => Value::String(text.into_owned()),
            _ => continue,
        };
        parameters.insert(name.into_owned(), value);
    }
    Ok(parameters)
}

fn of_parameters(mut parameters: Map<String, Value>, bytes: usize, settings: &HttpSettings) -> Result<Asked, Refusal> {
    let mut take = |name: &str| parameters.remove(name).unwrap_or(Value::Null);
    let query = match take("query") {
        Value::String(query) if !query.trim().is_empty() => query,
        Value::Null | Value::String(_) => return Err(Refusal::bad_request("there is no query")),
        _ => return Err(Refusal::bad_request("query is not a string")),
    };
    let operation_name = match take("operationName") {
        Value::Null => None,
        Value::String(name) => Some(name).filter(|n| !n.is_empty()),
        _ => return Err(Refusal::bad_request("operationName is not a string")),
    };
    let variables = match take("variables") {
        Value::Null => Variables::default(),
        variables @ Value::Object(_) => {
            check_json(&variables, &settings.limits).map_err(Refusal::too_complex)?;
            Variables::from_json(variables)
        }
        _ => return Err(Refusal::bad_request("variables is not an object")),
    };
    match take("extensions") {
        Value::Null | Value::Object(_) => Ok(Asked { bytes, query, operation_name, variables }),
        _ => Err(Refusal::bad_request("extensions is not an object")),
    }
}

/// Would the request change something?
pub(super) fn is_mutation(document: &ExecutableDocument, operation: Option<&str>) -> bool {
    meant(document, operation).any(|definition| definition.ty == OperationType::Mutation)
}

/// Does the request ask for these fields of the root and for no others? Fields in fragments are not looked for.
pub(super) fn asks_only_for(document: &ExecutableDocument, operation: Option<&str>, fields: &[&str]) -> bool {
    let one_of_them = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(field) => fields.contains(&field.node.name.node.as_str()),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
    };
    meant(document, operation).all(|definition| definition.selection_set.node.items.iter().all(one_of_them))
}

/// The operations that may be carried out: that of the name, or all.
fn meant<'a>(
    document: &'a ExecutableDocument,
    operation: Option<&'a str>,
) -> impl Iterator<Item = &'a OperationDefinition> {
    document
        .operations
        .iter()
        .filter(move |(name, _)| operation.is_none_or(|wanted| name.is_none_or(|n| n.as_str() == wanted)))
        .map(|(_, definition)| &definition.node)
}
