//! Which services a rule looks at: compared before any expression is judged, so that most rules cost nothing.

use serde::{Deserialize, Serialize};

use super::facts::transport_word;
use crate::observation::Banner;

/// A service is looked at when any of these names it; all empty: every service. `transports` narrows the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Select {
    /// Its module is one of these.
    pub modules: Vec<String>,
    /// Its port is one of these.
    pub ports: Vec<u16>,
    /// It has one of these tags.
    pub tags: Vec<String>,
    /// It has one of these blocks of its protocol.
    pub blocks: Vec<String>,
    /// It speaks TLS.
    pub tls: bool,
    /// Only over these: `tcp`, `udp`.
    pub transports: Vec<String>,
}

impl Select {
    /// Is the service worth a look?
    pub fn applies(&self, banner: &Banner) -> bool {
        let transport = transport_word(banner.transport);
        if !self.transports.is_empty() && !self.transports.iter().any(|t| t == transport) {
            return false;
        }
        self.names_nothing()
            || self.ports.contains(&banner.port)
            || banner.module.as_ref().is_some_and(|module| self.modules.contains(module))
            || self.tags.iter().any(|tag| banner.tags.contains(tag))
            || self.blocks.iter().any(|block| banner.blocks.contains_key(block))
            || (self.tls && banner.tls.is_some())
    }

    /// Does it look at every service?
    pub(super) fn names_nothing(&self) -> bool {
        let Self { modules, ports, tags, blocks, tls, transports: _ } = self;
        modules.is_empty() && ports.is_empty() && tags.is_empty() && blocks.is_empty() && !tls
    }
}
