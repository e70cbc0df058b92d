//! Which rules are worth a look for a service, found by what it is instead of by asking each rule.

use std::collections::HashMap;
use std::sync::Arc;

use super::Rule;
use crate::observation::Banner;

/// The places of the enabled rules, by what selects them.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    modules: HashMap<String, Vec<usize>>,
    ports: HashMap<u16, Vec<usize>>,
    tags: HashMap<String, Vec<usize>>,
    blocks: HashMap<String, Vec<usize>>,
    tls: Vec<usize>,
    always: Vec<usize>,
}

impl Index {
    pub(super) fn of(rules: &[Arc<Rule>]) -> Self {
        let mut index = Self::default();
        for (place, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
            let select = &rule.select;
            for module in &select.modules {
                index.modules.entry(module.clone()).or_default().push(place);
            }
            for port in &select.ports {
                index.ports.entry(*port).or_default().push(place);
            }
            for tag in &select.tags {
                index.tags.entry(tag.clone()).or_default().push(place);
            }
            for block in &select.blocks {
                index.blocks.entry(block.clone()).or_default().push(place);
            }
            if select.tls {
                index.tls.push(place);
            }
            if select.names_nothing() {
                index.always.push(place);
            }
        }
        index
    }

    /// The places of all rules whose selection may name the service, ascending.
    pub(super) fn candidates(&self, banner: &Banner) -> Vec<usize> {
        let mut places = self.always.clone();
        if banner.tls.is_some() {
            places.extend(&self.tls);
        }
        places.extend(self.ports.get(&banner.port).into_iter().flatten());
        places.extend(banner.module.as_ref().and_then(|m| self.modules.get(m)).into_iter().flatten());
        places.extend(banner.tags.iter().filter_map(|tag| self.tags.get(tag)).flatten());
        places.extend(banner.blocks.keys().filter_map(|block| self.blocks.get(block)).flatten());
        places.sort_unstable();
        places.dedup();
        places
    }
}
