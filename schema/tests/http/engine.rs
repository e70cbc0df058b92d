//! The schema under test, and ways to ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_graphql::{Context, Error, ErrorExtensions, InputValueError, Object, Schema, Subscription};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use futures_util::Stream;
use http::Response;
use http_body_util::BodyExt;
use schema::http::{HttpSettings, handle};
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) type Engine = Schema<Query, Mutation, Subscriptions>;

/// Who asks, as a caller of the layer would tell.
pub(crate) struct Visitor(pub(crate) &'static str);

pub(crate) struct Query;

#[Object]
impl Query {
    async fn hello(&self, ctx: &Context<'_>, name: Option<String>) -> String {
        format!("hello {}", name.as_deref().unwrap_or(ctx.data_unchecked::<Visitor>().0))
    }

    async fn number(&self, n: i32) -> i32 {
        n
    }

    async fn odd(&self, n: Odd) -> i32 {
        n.0
    }

    /// Too often: come again in so many seconds.
    async fn busy(&self, seconds: u32) -> Result<Option<i32>, Error> {
        Err(Error::new("too often").extend_with(|_, e| {
            e.set("code", "RATE_LIMITED");
            e.set("retryAfter", seconds);
        }))
    }

    /// Never.
    async fn patience(&self) -> i32 {
        std::future::pending().await
    }

    async fn fails(&self) -> Result<Option<i32>, Error> {
        Err(Error::new("the password of the store is hunter2"))
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    async fn add(&self, ctx: &Context<'_>) -> usize {
        ctx.data_unchecked::<Arc<AtomicUsize>>().fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// A scalar of our own, as those of the API.
pub(crate) struct Odd(i32);

#[async_graphql::Scalar]
impl async_graphql::ScalarType for Odd {
    fn parse(value: async_graphql::Value) -> async_graphql::InputValueResult<Self> {
        match value {
            async_graphql::Value::Number(n) if n.as_i64().is_some_and(|n| n % 2 != 0) => Ok(Self(1)),
            _ => Err(InputValueError::custom("not odd")),
        }
    }

    fn to_value(&self) -> async_graphql::Value {
        self.0.into()
    }
}

pub(crate) struct Subscriptions;

#[Subscription]
impl Subscriptions {
    /// 1, 2, 3 … as fast as it is read.
    async fn count(&self, to: Option<u32>) -> impl Stream<Item = u32> {
        futures_util::stream::iter(1..=to.unwrap_or(u32::MAX))
    }

    /// Nothing, for ever; `watched` counts who is there.
    async fn silence(&self, ctx: &Context<'_>) -> impl Stream<Item = u32> {
        let watched = Watched(Arc::clone(ctx.data_unchecked::<Arc<AtomicUsize>>()));
        watched.0.fetch_add(1, Ordering::SeqCst);
        futures_util::stream::unfold(watched, |watched| async move {
            tokio::time::sleep(Duration::from_hours(1)).await;
            Some((0, watched))
        })
    }
}

struct Watched(Arc<AtomicUsize>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A server of this schema. `counter` is what mutations and silent streams count with.
#[derive(Clone)]
pub(crate) struct Server {
    engine: Engine,
    pub(crate) settings: HttpSettings,
    pub(crate) counter: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(HttpSettings::default())
    }

    pub(crate) fn with(settings: HttpSettings) -> Self {
        let counter = Arc::new(AtomicUsize::new(0));
        let engine = Schema::build(Query, Mutation, Subscriptions)
            .data(Arc::clone(&counter))
            .disable_suggestions()
            .limit_recursive_depth(64)
            .finish();
        Self { engine, settings, counter }
    }

    pub(crate) async fn respond(&self, request: Request) -> Response<Body> {
        handle(&self.engine, &self.settings, "you", request, |request| request.data(Visitor("you"))).await
    }

    /// Posts JSON and takes what comes as `application/graphql-response+json`.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> (u16, Value) {
        self.ask(post(body).header("accept", "application/graphql-response+json")).await
    }

    pub(crate) async fn ask(&self, request: Ask) -> (u16, Value) {
        let response = self.respond(request.0).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Listens on loopback until the test ends, and says where.
    pub(crate) async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = self.clone();
        let router = Router::new().fallback(move |request: Request| {
            let server = server.clone();
            async move { server.respond(request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        address.to_string()
    }
}

/// A request in the making.
pub(crate) struct Ask(pub(crate) Request);

impl Ask {
    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }
}

pub(crate) fn post(body: impl Into<Body>) -> Ask {
    let request = Request::post("/graphql").body(body.into()).unwrap();
    Ask(request).header("content-type", "application/json")
}

/// A GET with these parameters, encoded.
pub(crate) fn get(parameters: &[(&str, &str)]) -> Ask {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    Ask(Request::get(format!("/graphql?{query}")).body(Body::empty()).unwrap())
}

/// The code of the first error.
pub(crate) fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}
