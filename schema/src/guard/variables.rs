use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};
use async_graphql::{Value, Variables};

use super::{Limits, Refused};

/// Nesting and lists of the variables, as JSON.
pub fn check_json(value: &serde_json::Value, limits: &Limits) -> Result<(), Refused> {
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > limits.nesting {
            return Err(Refused::too_complex("levels in the variables", depth, limits.nesting));
        }
        match value {
            serde_json::Value::Array(items) => {
                if items.len() > limits.list_items {
                    return Err(Refused::list(items.len(), limits));
                }
                open.extend(items.iter().map(|v| (v, depth + 1)));
            }
            serde_json::Value::Object(fields) => open.extend(fields.values().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

/// Is there a value for every variable that needs one? The engine would ask late, and only where one is used.
pub(super) fn required(
    document: &ExecutableDocument,
    operation: Option<&str>,
    variables: &Variables,
) -> Result<(), Refused> {
    let Some(chosen) = chosen(document, operation) else { return Ok(()) };
    for definition in &chosen.variable_definitions {
        let (name, variable) = (&definition.node.name.node, &definition.node);
        let given = variables.get(name).is_some_and(|value| *value != Value::Null);
        // What was left out has its default; what is null has said so.
        let defaulted = variable.default_value.is_some() && !variables.contains_key(name);
        if !variable.var_type.node.nullable && !given && !defaulted {
            let message = format!("the variable ${name} of type {} has no value", variable.var_type.node);
            return Err(Refused { code: "BAD_USER_INPUT", message, at: Some(definition.pos) });
        }
    }
    Ok(())
}

/// The operation that would be carried out; which one to take if that is not clear is the engine's to refuse.
fn chosen<'a>(document: &'a ExecutableDocument, operation: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut fitting = document
        .operations
        .iter()
        .filter(|(name, _)| operation.is_none_or(|wanted| name.is_some_and(|n| n.as_str() == wanted)));
    let (_, only) = fitting.next()?;
    fitting.next().is_none().then_some(&only.node)
}
