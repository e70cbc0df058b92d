use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tokio::sync::OnceCell;

use super::address::EgressPolicy;

/// Asks for the addresses of a name. The guard stands behind it: an implementation may be lied to.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Every address of a fully qualified name; none: an empty list or an error.
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupFailed>;
}

/// The DNS gave no answer, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct LookupFailed(pub String);

/// Why a name leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum ResolveError {
    /// One of its addresses is not to be reached, so that none is.
    #[error("{name} has the address {ip}, which webhooks may not reach")]
    Blocked {
        /// The name.
        name: String,
        /// The first such address.
        ip: IpAddr,
    },
    /// More than 32 addresses: no receiver's.
    #[error("{0} has too many addresses")]
    TooMany(String),
    /// No address.
    #[error("{0} has no address")]
    NoAddress(String),
    /// No answer in time.
    #[error("no answer from the DNS about {0} in time")]
    Timeout(String),
    /// The DNS failed.
    #[error("the address of {0} could not be found: {1}")]
    Failed(String, LookupFailed),
}

const MAX_ANSWERS: usize = 32;

/// Whose addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The public Internet and what the operator named.
    Policy,
    /// Only what the operator named: for plain `http`.
    AllowedOnly,
}

/// A resolver that answers only when every address may be reached.
///
/// The HTTP client connects to what this returns and asks nobody else, so there is no moment between check and use in
/// which a name could change its mind. The client does not ask about addresses in the URL: those are checked before.
pub(super) struct GuardedDns {
    lookup: Arc<dyn Lookup>,
    policy: Arc<EgressPolicy>,
    budget: Duration,
}

impl GuardedDns {
    /// Guards `lookup`; `budget` is the time that one name may take.
    pub(super) fn new(lookup: Arc<dyn Lookup>, policy: Arc<EgressPolicy>, budget: Duration) -> Self {
        Self { lookup, policy, budget }
    }

    pub(super) async fn addresses(&self, name: &str, reach: Reach) -> Result<Vec<IpAddr>, ResolveError> {
        let name = name.trim_end_matches('.');
        let answer = tokio::time::timeout(self.budget, self.lookup.addresses(name))
            .await
            .map_err(|_| ResolveError::Timeout(name.into()))?
            .map_err(|e| ResolveError::Failed(name.into(), e))?;
        if answer.is_empty() {
            return Err(ResolveError::NoAddress(name.into()));
        }
        if answer.len() > MAX_ANSWERS {
            return Err(ResolveError::TooMany(name.into()));
        }
        let reachable = |ip: &IpAddr| match reach {
            Reach::Policy => self.policy.may_reach(*ip),
            Reach::AllowedOnly => self.policy.allows(*ip),
        };
        match answer.iter().find(|ip| !reachable(ip)) {
            Some(ip) => Err(ResolveError::Blocked { name: name.into(), ip: *ip }),
            None => Ok(answer),
        }
    }
}

/// What the HTTP client holds.
pub(super) struct ClientDns(pub(super) Arc<GuardedDns>);

impl Resolve for ClientDns {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str(), Reach::Policy).await?;
            // Port 0: the client puts the URL's port in its place.
            let addrs: Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addrs)
        })
    }
}

/// The DNS servers that the system is set up with, read when the first name is asked for.
#[derive(Default)]
pub struct SystemDns {
    resolver: OnceCell<TokioResolver>,
}

impl SystemDns {
    async fn resolver(&self) -> Result<&TokioResolver, LookupFailed> {
        let build = || async {
            let mut builder = TokioResolver::builder_tokio().map_err(|e| LookupFailed(e.to_string()))?;
            let options = builder.options_mut();
            options.timeout = Duration::from_millis(1400);
            options.attempts = 1;
            // Functions have no IPv6 way out; a name that has both is reached by IPv4.
            options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
            options.positive_max_ttl = Some(Duration::from_mins(5));
            options.negative_max_ttl = Some(Duration::from_mins(1));
            builder.build().map_err(|e| LookupFailed(e.to_string()))
        };
        self.resolver.get_or_try_init(build).await
    }
}

#[async_trait]
impl Lookup for SystemDns {
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupFailed> {
        // The final dot: no search domain of the host's is tried.
        let found =
            self.resolver().await?.lookup_ip(format!("{name}.")).await.map_err(|e| LookupFailed(e.to_string()))?;
        Ok(found.iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Vec<IpAddr>);

    #[async_trait]
    impl Lookup for Fixed {
        async fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, LookupFailed> {
            Ok(self.0.clone())
        }
    }

    struct Silent;

    #[async_trait]
    impl Lookup for Silent {
        async fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, LookupFailed> {
            std::future::pending().await
        }
    }

    async fn ask(lookup: impl Lookup + 'static, reach: Reach) -> Result<Vec<IpAddr>, ResolveError> {
        let policy = EgressPolicy { allow: vec!["10.1.0.0/16".parse().unwrap()] };
        GuardedDns::new(Arc::new(lookup), Arc::new(policy), Duration::from_millis(50))
            .addresses("a.example.", reach)
            .await
    }

    fn ips(texts: &[&str]) -> Fixed {
        Fixed(texts.iter().map(|t| t.parse().unwrap()).collect())
    }

    /// `localhost` is known without asking anybody (RFC 6761), so this needs no network.
    #[tokio::test]
    async fn the_systems_dns_stands_behind_the_guard_too() {
        assert!(SystemDns::default().addresses("localhost").await.unwrap().contains(&IpAddr::from([127, 0, 0, 1])));
        let guard = GuardedDns::new(Arc::new(SystemDns::default()), Arc::default(), Duration::from_secs(3));
        assert!(matches!(guard.addresses("localhost", Reach::Policy).await, Err(ResolveError::Blocked { .. })));
    }

    #[tokio::test]
    async fn one_bad_answer_poisons_all() {
        assert_eq!(ask(ips(&["8.8.8.8", "2a00:1450::1", "10.1.2.3"]), Reach::Policy).await.unwrap().len(), 3);
        for bad in ["127.0.0.1", "168.63.129.16", "::1", "64:ff9b::808:808", "10.2.0.1"] {
            let blocked = ResolveError::Blocked { name: "a.example".into(), ip: bad.parse().unwrap() };
            assert_eq!(ask(ips(&["8.8.8.8", bad]), Reach::Policy).await, Err(blocked));
        }
    }

    #[tokio::test]
    async fn plain_http_stays_inside_what_is_allowed() {
        assert!(ask(ips(&["10.1.2.3"]), Reach::AllowedOnly).await.is_ok());
        assert!(matches!(
            ask(ips(&["10.1.2.3", "8.8.8.8"]), Reach::AllowedOnly).await,
            Err(ResolveError::Blocked { .. })
        ));
    }

    #[tokio::test]
    async fn an_answer_is_neither_empty_nor_endless_nor_late() {
        assert_eq!(ask(Fixed(vec![]), Reach::Policy).await, Err(ResolveError::NoAddress("a.example".into())));
        assert!(ask(Fixed(vec!["8.8.8.8".parse().unwrap(); 32]), Reach::Policy).await.is_ok());
        assert_eq!(
            ask(Fixed(vec!["8.8.8.8".parse().unwrap(); 33]), Reach::Policy).await,
            Err(ResolveError::TooMany("a.example".into()))
        );
        assert_eq!(ask(Silent, Reach::Policy).await, Err(ResolveError::Timeout("a.example".into())));
    }
}
