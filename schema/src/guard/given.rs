use async_graphql::parser::types::OperationDefinition;
use async_graphql::{Name, Value, Variables};
use async_graphql_value::Value as Argument;

/// What stands in the arguments of an operation's fields, wherever a client wrote it: there, among the variables, or as
/// the default of one.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) variables: &'a Variables,
    pub(super) operation: &'a OperationDefinition,
}

impl<'a> Given<'a> {
    /// A number; `None`: it is none, or not said.
    pub(super) fn number(self, value: &Argument) -> Option<u64> {
        match value {
            Argument::Number(number) => number.as_u64(),
            Argument::Variable(name) => match self.variable(name)? {
                Value::Number(number) => number.as_u64(),
                _ => None,
            },
            _ => None,
        }
    }

    /// How many items a list has; 1: it is none.
    pub(super) fn items(self, value: &Argument) -> usize {
        match value {
            Argument::List(items) => items.len(),
            Argument::Variable(name) => self.variable(name).map_or(1, items),
            _ => 1,
        }
    }

    /// How many items the longest list of an input has; 1: it has none. Lists within its objects, such as filters, are not
    /// its own.
    pub(super) fn items_within(self, input: &Argument) -> usize {
        let longest = match input {
            Argument::Object(fields) => fields.values().map(|value| self.items(value)).max(),
            Argument::Variable(name) => match self.variable(name) {
                Some(Value::Object(fields)) => fields.values().map(items).max(),
                _ => None,
            },
            _ => None,
        };
        longest.unwrap_or(1)
    }

    fn variable(self, name: &Name) -> Option<&'a Value> {
        self.variables.get(name).or_else(|| {
            let declared = self.operation.variable_definitions.iter().find(|d| d.node.name.node == *name)?;
            declared.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

fn items(value: &Value) -> usize {
    if let Value::List(items) = value { items.len() } else { 1 }
}
