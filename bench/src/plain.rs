//! A server to compare with: async-graphql as its book shows it, on findings that lie in memory in the order of the list.
//!
//! It answers the one query of [`crate::client::PAGE`], with types of the same names and shapes, and does nothing else: no
//! storage, nobody is asked who they are, nothing is kept of a document. Never here: anything of the product but the
//! scalars and words of its API.
#![expect(
    clippy::unused_async,
    reason = "a resolver is asynchronous by contract, also where it has nothing to wait for"
)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use async_graphql::connection::{Connection, Edge};
use async_graphql::{
    ComplexObject, Context, EmptyMutation, EmptySubscription, ID, InputObject, InputType, Object, Schema, SimpleObject,
};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use schema::enums::{Confidence, FindingOrderField, FindingState, OrderDirection, Severity, Transport};
use schema::scalars::{DateTime, IpAddress};
use serde_json::Value;

type Plain = Schema<Query, EmptyMutation, EmptySubscription>;

/// Answers on the address until the process ends. The file holds a finding per line, as the product answered them.
pub(crate) fn serve(findings: &Path, address: SocketAddr) -> Result<()> {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription).data(Everything::read(findings)?).finish();
    let router = Router::new().route("/graphql", post(answer)).with_state(schema);
    // The product's own kind of runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, router).await?;
        Ok(())
    })
}

async fn answer(State(schema): State<Plain>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<async_graphql::Request>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match serde_json::to_vec(&schema.execute(request).await) {
        Ok(body) => ([(CONTENT_TYPE, "application/graphql-response+json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// All findings, the greatest risk first, and their assets.
struct Everything {
    findings: Vec<Finding>,
    assets: Vec<Asset>,
}

impl Everything {
    fn read(file: &Path) -> Result<Self> {
        let mut all = Self { findings: Vec::new(), assets: Vec::new() };
        let mut places: HashMap<String, usize> = HashMap::new();
        for line in BufReader::new(File::open(file)?).lines() {
            let node: Value = serde_json::from_str(&line?)?;
            let asset = &node["asset"];
            let id = asset["id"].as_str().context("an asset without an id")?;
            let place = *places.entry(id.to_owned()).or_insert(all.assets.len());
            if place == all.assets.len() {
                all.assets.push(Asset { id: of(asset, "id")?, name: of(asset, "name")? });
            }
            all.findings.push(Finding::of(&node, place)?);
        }
        Ok(all)
    }
}

/// A field of an answer as the value that it was.
fn of<T: InputType>(node: &Value, field: &str) -> Result<T> {
    let value = async_graphql::Value::from_json(node[field].clone())?;
    T::parse(Some(value))
        .map_err(|error| anyhow::anyhow!("{field}: {}", error.into_server_error(async_graphql::Pos::default()).message))
}

#[derive(SimpleObject)]
#[graphql(complex)]
struct Finding {
    id: ID,
    title: String,
    severity: Severity,
    confidence: Confidence,
    state: FindingState,
    risk_score: i32,
    due_at: Option<DateTime>,
    first_observed_at: DateTime,
    ip: IpAddress,
    port: Option<i32>,
    transport: Option<Transport>,
    #[graphql(skip)]
    place: usize,
}

impl Finding {
    fn of(node: &Value, place: usize) -> Result<Self> {
        Ok(Self {
            id: of(node, "id")?,
            title: of(node, "title")?,
            severity: of(node, "severity")?,
            confidence: of(node, "confidence")?,
            state: of(node, "state")?,
            risk_score: of(node, "riskScore")?,
            due_at: of(node, "dueAt")?,
            first_observed_at: of(node, "firstObservedAt")?,
            ip: of(node, "ip")?,
            port: of(node, "port")?,
            transport: of(node, "transport")?,
            place,
        })
    }
}

#[ComplexObject]
impl Finding {
    async fn asset<'a>(&self, ctx: &Context<'a>) -> async_graphql::Result<&'a Asset> {
        let all: &'a Everything = ctx.data()?;
        all.assets.get(self.place).ok_or_else(|| "no such asset".into())
    }
}

#[derive(SimpleObject)]
struct Asset {
    id: ID,
    name: String,
}

#[derive(InputObject)]
struct FindingFilter {
    states: Option<Vec<FindingState>>,
}

#[derive(InputObject)]
struct FindingOrder {
    field: FindingOrderField,
    direction: OrderDirection,
}

#[derive(SimpleObject)]
struct Totals {
    total_count: Option<i32>,
}

struct Query;

#[Object]
impl Query {
    async fn findings<'a>(
        &self,
        ctx: &Context<'a>,
        first: Option<usize>,
        after: Option<String>,
        filter: Option<FindingFilter>,
        order_by: Option<FindingOrder>,
    ) -> async_graphql::Result<Connection<usize, &'a Finding, Totals>> {
        if order_by.is_some_and(|by| by.field != FindingOrderField::Risk || by.direction != OrderDirection::Descending)
        {
            return Err("the findings lie here by risk alone".into());
        }
        let states = filter.and_then(|filter| filter.states);
        let wanted = |finding: &&Finding| states.as_ref().is_none_or(|states| states.contains(&finding.state));
        let all: &'a Everything = ctx.data()?;
        let start = after.map(|after| after.parse::<usize>()).transpose()?.map_or(0, |place| place + 1);
        let limit = first.unwrap_or(25);
        let mut from = all.findings.iter().enumerate().skip(start).filter(|(_, finding)| wanted(finding));
        let edges: Vec<_> = from.by_ref().take(limit).map(|(place, finding)| Edge::new(place, finding)).collect();
        // What the list comes to is not worked out here: above 10 000 the product says no number either.
        let mut page =
            Connection::with_additional_fields(start > 0, from.next().is_some(), Totals { total_count: None });
        page.edges = edges;
        Ok(page)
    }
}
