//! HTTP from outside, as the host's proxy (YARP) passes it on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use tokio::net::TcpListener;

use super::function::{Http, Trigger};
use super::invoke::HOST_VERSION;
use super::wire::{self, NoAnswer};
use super::{Function, FunctionsHost, HostError};

/// What the host sees as the client: a front end of the platform, never the person.
const FRONT_END: &str = "198.51.100.23";
/// The name by which the application is reached when a request says none.
const PUBLIC_NAME: &str = "iotmonitor.example";
/// About one connection, not about the message.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const CONNECT_TRIES: u32 = 10;

impl FunctionsHost {
    /// A request from outside. It reaches the program only where a route says so; both bodies stream.
    ///
    /// # Errors
    /// None of the program's: those are answers. A request that cannot be built again.
    pub async fn http(&self, request: Request<Body>) -> Result<Response<Body>, HostError> {
        let Some((function, http)) = self.route(&request) else {
            // The host greets at the root where no function does.
            let status = if request.uri().path() == "/" { StatusCode::OK } else { StatusCode::NOT_FOUND };
            return Ok(empty(status));
        };
        if !http.anonymous {
            return Ok(empty(StatusCode::UNAUTHORIZED));
        }
        let request = self.forwarded(&function.name, request)?;
        self.connected().await;
        match wire::send(self.port(), request).await {
            Ok(answer) => Ok(without_hop_by_hop(answer)),
            // A function that fails is the host's own failure to whoever asked.
            Err(NoAnswer::Connect(_) | NoAnswer::Lost(_)) => Ok(empty(StatusCode::INTERNAL_SERVER_ERROR)),
        }
    }

    /// Serves [`FunctionsHost::http`] on a port of 127.0.0.1, for clients that are programs of their own.
    ///
    /// # Errors
    /// No port to be had.
    pub async fn serve(self: &Arc<Self>) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let host = Arc::clone(self);
        let pass = move |request: Request<Body>| {
            let host = Arc::clone(&host);
            async move { host.http(request).await.unwrap_or_else(|_| empty(StatusCode::BAD_REQUEST)) }
        };
        tokio::spawn(axum::serve(listener, Router::new().fallback(pass)).into_future());
        Ok(address)
    }

    fn route(&self, request: &Request<Body>) -> Option<(&Function, &Http)> {
        let takes = |http: &Http| {
            let method =
                http.methods.is_empty() || http.methods.iter().any(|method| request.method() == method.as_str());
            method && http.route.matches(request.uri().path())
        };
        let functions = self.application.functions.iter().filter_map(|function| match &function.trigger {
            Trigger::Http(http) if takes(http) => Some((function, http)),
            _ => None,
        });
        functions.max_by_key(|(_, http)| http.route.precedence())
    }

    /// The request as the program sees it: path and query untouched, its address as the host, the caller's own
    /// forwarding headers replaced.
    fn forwarded(&self, function: &str, request: Request<Body>) -> Result<Request<Body>, HostError> {
        let (mut head, body) = request.into_parts();
        let wrong = |why: &dyn std::error::Error| HostError::failed(function, why.to_string());
        let set = |headers: &mut HeaderMap, name: &'static str, text: &str| {
            let value = HeaderValue::from_str(text).map_err(|error| wrong(&error))?;
            headers.insert(HeaderName::from_static(name), value);
            Ok::<(), HostError>(())
        };
        let authority = head.uri.authority().map(|authority| authority.as_str().to_owned());
        let public = head.headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned).or(authority);
        // The platform's front end ends TLS and says which scheme it was; the host believes it.
        let scheme =
            head.headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok()).unwrap_or("http").to_owned();
        remove_hop_by_hop(&mut head.headers);
        head.headers.remove("forwarded");
        head.headers.remove("x-forwarded-prefix");
        let id = self.invocation_id();
        set(&mut head.headers, "host", &format!("127.0.0.1:{}", self.port()))?;
        set(&mut head.headers, "x-forwarded-for", FRONT_END)?;
        set(&mut head.headers, "x-forwarded-host", public.as_deref().unwrap_or(PUBLIC_NAME))?;
        set(&mut head.headers, "x-forwarded-proto", &scheme)?;
        set(&mut head.headers, "x-azure-functions-hostversion", HOST_VERSION)?;
        set(&mut head.headers, "x-azure-functions-invocationid", &id)?;
        set(&mut head.headers, "x-ms-invocation-id", &id)?;
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        head.uri = target.parse::<Uri>().map_err(|error| wrong(&error))?;
        head.version = http::Version::HTTP_11;
        Ok(Request::from_parts(head, body))
    }

    /// Waits a while for a program that is just being started; a body can be sent only once.
    async fn connected(&self) {
        let mut pause = Duration::from_millis(50);
        for _ in 0..CONNECT_TRIES {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port())).await.is_ok() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }
}

fn without_hop_by_hop(mut answer: Response<Body>) -> Response<Body> {
    remove_hop_by_hop(answer.headers_mut());
    answer
}

/// Removes what is about one connection, and what `Connection` says is.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for name in HOP_BY_HOP.into_iter().chain(named.iter().map(String::as_str)) {
        headers.remove(name);
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}
