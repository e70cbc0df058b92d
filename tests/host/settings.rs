use std::collections::BTreeMap;

use serde_json::Value;

use super::HostError;

/// What begins the name of a setting that overrides a value of `host.json`.
const OVERRIDE: &str = "AzureFunctionsJobHost__";

/// The application's settings: the environment of the program, and what `%NAME%` stands for.
#[derive(Clone, Debug)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(super) fn new(settings: &[(String, String)]) -> Self {
        Self(settings.iter().cloned().collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// Is there a connection of this name: as one value, or in parts (`NAME__queueServiceUri`)?
    pub(super) fn has_connection(&self, name: &str) -> bool {
        let parts = format!("{name}__");
        self.0.iter().any(|(key, value)| (key == name || key.starts_with(&parts)) && !value.is_empty())
    }

    /// The text with every `%NAME%` replaced.
    pub(super) fn resolve(&self, place: &str, text: &str) -> Result<String, HostError> {
        let mut pieces = text.split('%');
        let mut resolved = pieces.next().unwrap_or_default().to_owned();
        while let Some(name) = pieces.next() {
            let Some(after) = pieces.next() else {
                return Err(HostError::package(place, format!("{text:?} has an odd number of %")));
            };
            let value = self.0.get(name).filter(|value| !value.is_empty());
            let why = || HostError::package(place, format!("'%{name}%' does not resolve to a value"));
            resolved.push_str(value.ok_or_else(why)?);
            resolved.push_str(after);
        }
        Ok(resolved)
    }

    /// `host.json` with what settings override, each path written with `__` between its names.
    pub(super) fn override_host(&self, mut host: Value) -> Value {
        for (name, value) in &self.0 {
            if let Some(path) = name.strip_prefix(OVERRIDE) {
                set(&mut host, path, value);
            }
        }
        host
    }
}

fn set(host: &mut Value, path: &str, value: &str) {
    let mut here = host;
    for name in path.split("__") {
        if !here.is_object() {
            *here = Value::Object(serde_json::Map::new());
        }
        here = &mut here[name];
    }
    // Configuration is text to the host: a number or truth value may stand for itself.
    *here = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_name_between_percent_signs_is_replaced_and_an_unknown_one_is_refused() {
        let settings = settings(&[("SCHEDULE", "0 * * * * *"), ("EMPTY", "")]);
        assert_eq!(settings.resolve("poll", "%SCHEDULE%").unwrap(), "0 * * * * *");
        assert_eq!(settings.resolve("poll", "plain").unwrap(), "plain");
        for wrong in ["%MISSING%", "%EMPTY%", "%SCHEDULE"] {
            assert!(settings.resolve("poll", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_setting_overrides_one_value_of_host_json_and_leaves_the_rest() {
        let settings = settings(&[
            ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:00"),
            ("AzureFunctionsJobHost__extensions__queues__batchSize", "1"),
        ]);
        let host = json!({"extensions": {"queues": {"batchSize": 16, "maxDequeueCount": 5}}});
        let queues = json!({"batchSize": 1, "maxDequeueCount": 5, "visibilityTimeout": "00:00:00"});
        assert_eq!(settings.override_host(host), json!({"extensions": {"queues": queues}}));
    }
}
