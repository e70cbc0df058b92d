//! `local.settings.json.example`: every variable with a safe value, as Azure Functions Core Tools read it.

use serde_json::{Map, Value, json};

use super::{Setting, settings};

/// What the Functions host wants to find in such a file, and we do not read.
pub const NOT_OURS: &[(&str, &str)] = &[("FUNCTIONS_WORKER_RUNTIME", "custom")];

/// Variables that only a mode other than the Functions host reads; naming a store there is an error.
const NOT_ON_FUNCTIONS: [&str; 3] = ["IOTMONITOR_STORAGE", "IOTMONITOR_LISTEN", "AZURE_CLIENT_ID"];

/// The content of the file. A variable without a safe value is there and empty, which is the same as not set.
pub fn example() -> String {
    let ours = settings().filter(|setting| belongs(setting)).map(|setting| (setting.name, setting.example));
    let values: Map<String, Value> =
        NOT_OURS.iter().copied().chain(ours).map(|(name, value)| (name.to_owned(), value.into())).collect();
    let file = json!({ "IsEncrypted": false, "Values": values });
    // A JSON object of strings can always be written.
    format!("{}\n", serde_json::to_string_pretty(&file).unwrap_or_default())
}

/// Double underscores name parts of a connection: the example has the whole one.
fn belongs(setting: &Setting) -> bool {
    !NOT_ON_FUNCTIONS.contains(&setting.name) && !setting.name.contains("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_example_is_the_one_that_the_program_prints() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../local.settings.json.example");
        let committed = std::fs::read_to_string(path).unwrap();
        assert_eq!(committed, example(), "write it anew: iotmonitor config example > local.settings.json.example");
    }

    #[test]
    fn it_holds_no_secret_and_the_program_starts_with_it() {
        let file: Value = serde_json::from_str(&example()).unwrap();
        let values = file["Values"].as_object().unwrap();
        assert!(settings().filter(|s| s.secret && belongs(s)).all(|s| values[s.name] == s.example));
        let mut pairs: Vec<(String, String)> =
            values.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        pairs.push(("FUNCTIONS_CUSTOMHANDLER_PORT".into(), "7000".into()));
        pairs.push(("IOTMONITOR_SECRET_KEY".into(), format!("{}=", "A".repeat(43))));
        crate::config::Config::read(&crate::config::Environment::of(pairs)).unwrap();
    }
}
