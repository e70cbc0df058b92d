//! The filters of the API as JSON, for those who ask otherwise than in GraphQL: the same names, the same faults.

use async_graphql::{InputType, Value};

use crate::types::asset::AssetFilter;
use crate::types::audit::AuditFilter;
use crate::types::event::EventFilter;
use crate::types::finding::FindingFilter;
use crate::types::service::ServiceFilter;

/// Reads a filter of findings; otherwise what is wrong with it, for people.
pub fn findings(json: &str) -> Result<app::findings::FindingFilter, String> {
    input::<FindingFilter>(json)?.read().map_err(|error| error.message)
}

/// Reads a filter of assets.
pub fn assets(json: &str) -> Result<app::assets::AssetFilter, String> {
    input::<AssetFilter>(json).map(Into::into)
}

/// Reads a filter of services.
pub fn services(json: &str) -> Result<app::findings::ServiceFilter, String> {
    input::<ServiceFilter>(json)?.read().map_err(|error| error.message)
}

/// Reads a filter of events.
pub fn events(json: &str) -> Result<app::findings::EventFilter, String> {
    input::<EventFilter>(json)?.read().map_err(|error| error.message)
}

/// Reads a filter of the audit log.
pub fn audit(json: &str) -> Result<app::audit::AuditFilter, String> {
    input::<AuditFilter>(json).map(Into::into)
}

/// Of what has no filter: nothing may be asked for.
pub fn none(json: &str) -> Result<(), String> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json) {
        Ok(fields) if fields.is_empty() => Ok(()),
        _ => Err("these are not filtered: leave out `filter`".to_owned()),
    }
}

/// Longer filters are refused; nesting is serde's to refuse.
const LONGEST: usize = 64 * 1024;

fn input<T: InputType>(json: &str) -> Result<T, String> {
    if json.len() > LONGEST {
        return Err(format!("the filter is longer than {LONGEST} bytes"));
    }
    let value: serde_json::Value =
        serde_json::from_str(json).map_err(|error| format!("the filter is not JSON: {error}"))?;
    // GraphQL would pass over what it does not know; here it would silently export too much.
    if let Some(object) = value.as_object() {
        let known = fields::<T>();
        if let Some(unknown) = object.keys().find(|name| !known.contains(*name)) {
            return Err(format!("the filter has no field {unknown:?}"));
        }
    }
    let value = Value::from_json(value).map_err(|error| error.to_string())?;
    T::parse(Some(value)).map_err(|error| error.into_server_error(async_graphql::Pos::default()).message)
}

/// The names of a filter's fields.
fn fields<T: InputType>() -> Vec<String> {
    let mut registry = async_graphql::registry::Registry::default();
    T::create_type_info(&mut registry);
    match registry.types.get(T::type_name().as_ref()) {
        Some(async_graphql::registry::MetaType::InputObject { input_fields, .. }) => {
            input_fields.keys().cloned().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_as_the_field_reads_it_and_a_fault_is_told() {
        let filter = findings(r#"{"states":["OPEN"],"knownExploited":true,"within":["192.0.2.0/24"]}"#).unwrap();
        assert_eq!(filter.known_exploited, Some(true));
        assert_eq!(filter.within.unwrap()[0].to_string(), "192.0.2.0/24");
        assert!(!assets("{}").unwrap().retired);
        assert_eq!(services(r#"{"ports":[502]}"#).unwrap().ports, Some(vec![502]));
        assert_eq!(events(r#"{"types":["FINDING_OPENED"]}"#).unwrap().types.unwrap().len(), 1);
        for (wrong, part) in [
            ("nonsense", "not JSON"),
            (r#"{"state":["OPEN"]}"#, "no field \"state\""),
            (r#"{"states":["OPENED"]}"#, "OPENED"),
            (r#"{"ruleId":"x"}"#, "ruleId"),
            ("[1]", ""),
        ] {
            let told = findings(wrong).unwrap_err();
            assert!(told.contains(part), "{wrong}: {told}");
        }
    }
}
