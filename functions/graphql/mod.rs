//! `/graphql`: finds out who is asking, and hands the request to `schema`, which does the rest.

use std::sync::Arc;

use app::access::Caller;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::USER_AGENT;
use axum::response::Response;
use schema::context::Asked;

use crate::http::{Program, asking, by_cookie, client_address, problem};

/// One request, of whatever method and kind.
pub async fn handle(State(program): State<Arc<Program>>, request: Request) -> Response {
    let headers = request.headers();
    let https = program.server.https();
    // A page of another site can make a browser send its cookie, and never a token.
    if by_cookie(headers, https)
        && let Err(why) = schema::http::allowed(request.method(), headers, program.server.public_url.as_str())
    {
        return problem(StatusCode::FORBIDDEN, why);
    }
    let client = client_address(headers, program.server.client_ip_header.as_deref());
    let asked = async {
        program.ready().await?;
        asking(&program.app, headers, https).await
    };
    let caller = match asked.await {
        Ok(caller) => caller.map(|caller| Caller { address: client, ..caller }),
        Err(error) => {
            tracing::error!(%error, "who is asking cannot be found out");
            return problem(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer; try again");
        }
    };
    if let Some(caller) = &caller {
        tracing::Span::current().record("organization", tracing::field::display(&caller.org));
    }
    if let Some(token) = caller.as_ref().and_then(|caller| caller.token.as_ref())
        && let Err(seconds) = program.allowances.take(token, program.app.now())
    {
        return schema::http::too_often(headers, seconds);
    }
    let whose = caller.as_ref().map(|caller| caller.org.to_string()).unwrap_or_default();
    let mut asked = Asked::by(caller, client);
    asked.user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    schema::http::handle(program.engine(), &program.graphql, &whose, request, |request| request.data(asked)).await
}
