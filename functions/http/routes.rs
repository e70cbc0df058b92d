use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get, post};

use super::{Program, cors, problem, security};
use crate::{auth, export, graphiql, graphql, healthz, hooks, metrics, notify, poll, readyz, trace};

/// Which doors stand open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// Those for people and their programs.
    People,
    /// Those for who looks after this machine too.
    PeopleAndMachine,
    /// Those for the Functions host too, which wakes us by HTTP.
    PeopleAndHost,
}

/// Larger bodies are refused, but for GraphQL's, which has a limit of its own for imports.
const LARGEST_BODY: usize = 1024 * 1024;

/// All routes, each with its security headers.
pub fn router(program: &Arc<Program>, doors: Doors) -> Router {
    let mut router = Router::new()
        .route("/", get(root))
        .route("/graphql", any(graphql::handle))
        .route("/auth/oidc/start", get(auth::start))
        .route("/auth/oidc/callback", get(auth::callback))
        .route("/export/{file}", get(export::handle))
        .route("/healthz", get(healthz::handle))
        .route("/readyz", get(readyz::handle))
        .route("/hooks/shodan/{token}", post(hooks::shodan))
        .route("/hooks/email/confirm/{token}", get(hooks::ask_confirm).post(hooks::confirm))
        .route("/hooks/email/unsubscribe/{token}", get(hooks::ask_unsubscribe).post(hooks::unsubscribe));
    if doors == Doors::PeopleAndMachine {
        router = router
            .route("/metrics", get(metrics::handle))
            .route("/graphiql", get(graphiql::page))
            .route("/graphiql/script.js", get(graphiql::script))
            .route("/graphiql/style.css", get(graphiql::style));
    }
    if doors == Doors::PeopleAndHost {
        router = router.route("/poll", post(poll::handle)).route("/notify", post(notify::handle));
    }
    router = router.fallback(nothing_here).method_not_allowed_fallback(wrong_method);
    if !program.server.cors_origins.is_empty() {
        router = router.layer(cors::layer(&program.server.cors_origins));
    }
    router
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::map_response_with_state(program.server.https(), security::harden))
        .layer(middleware::from_fn_with_state(Arc::clone(program), trace::traced))
        .with_state(Arc::clone(program))
}

/// The Functions host asks this until it is answered.
async fn root() -> &'static str {
    "iotmonitor\n"
}

/// The answer to what does not exist, and to who must not know that it does.
pub(crate) async fn nothing_here() -> Response {
    problem(StatusCode::NOT_FOUND, "there is nothing here")
}

async fn wrong_method() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "this is asked with another method")
}
