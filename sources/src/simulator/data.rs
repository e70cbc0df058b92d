use std::borrow::Cow;

use serde_json::Value;

/// The organization of the demo, as a CSV that the import takes: twelve assets whose services the demo data shows.
/// All targets lie in documentation ranges, which the program watches only when it is told to.
pub const DEMO_ASSETS: &str = include_str!("../../data/demo/assets.csv");

/// What a simulator answers from: JSON texts, each a search page, a host, a list of either, or a list of banners.
/// They are read when they are needed, and what is no JSON is passed over.
#[derive(Clone, Debug, Default)]
pub struct Data {
    pub(super) texts: Vec<Cow<'static, str>>,
    exploits: Vec<Cow<'static, str>>,
}

impl Data {
    /// Nothing at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a JSON text.
    #[must_use]
    pub fn and(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.texts.push(text.into());
        self
    }

    /// Adds a JSON text of exploits: a page of them, or a list.
    #[must_use]
    pub fn and_exploits(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.exploits.push(text.into());
        self
    }

    /// All exploits.
    pub(super) fn exploits(&self) -> Vec<Value> {
        let pages = self.exploits.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let items = pages.flat_map(|page| match page {
            Value::Array(items) => items,
            mut page => page["matches"].as_array_mut().map(std::mem::take).unwrap_or_default(),
        });
        items.collect()
    }

    pub(super) fn demo() -> Self {
        Self::empty()
            .and(include_str!("../../data/demo/plant.json"))
            .and(include_str!("../../data/demo/synthetic-iot-ics-banners.json"))
            .and_exploits(include_str!("../../data/demo/exploits.json"))
    }
}
