use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Value, Variables};
use async_graphql_value::Value as Argument;

use super::Refused;

/// What a request may cost at most: every field counts one, times the sizes of the pages that it stands in. Known before
/// anything is carried out, and told in `extensions.cost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// What was asked for.
    pub requested: u64,
    /// What may be asked for.
    pub limit: u64,
}

/// A page where nothing is said.
const DEFAULT_PAGE: u64 = 25;
/// The largest page that any list gives.
const LARGEST_PAGE: u64 = 100;

/// The cost of the operation that is to be carried out; of several without a name, of the dearest.
pub(super) fn of(
    document: &ExecutableDocument,
    operation: Option<&str>,
    variables: &Variables,
    limit: u64,
) -> Result<Cost, Refused> {
    let mut requested = 0;
    for (name, definition) in document.operations.iter() {
        if operation.is_some_and(|wanted| name.is_some_and(|n| n.as_str() != wanted)) {
            continue;
        }
        let mut sums = Sums { document, variables, operation: &definition.node, fragments: HashMap::new() };
        requested = requested.max(sums.set(&definition.node.selection_set.node));
    }
    if requested > limit {
        let message =
            format!("the request may touch {requested} fields, at most {limit}: ask for smaller pages (first, last)");
        return Err(Refused { code: "QUERY_TOO_COMPLEX", message, at: None });
    }
    Ok(Cost { requested, limit })
}

struct Sums<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    fragments: HashMap<&'a Name, u64>,
}

impl<'a> Sums<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> u64 {
        set.items.iter().fold(0, |sum: u64, selection| {
            sum.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            })
        })
    }

    fn field(&mut self, field: &'a Field) -> u64 {
        let inner = self.set(&field.selection_set.node);
        inner.saturating_mul(self.page(field)).saturating_add(1)
    }

    fn fragment(&mut self, name: &'a Name) -> u64 {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        let sum = self.set(&fragment.node.selection_set.node);
        self.fragments.insert(name, sum);
        sum
    }

    /// How often what stands inside a field may be there: the size of its page, if it is one.
    fn page(&self, field: &Field) -> u64 {
        let connection = field.selection_set.node.items.iter().any(|s| match &s.node {
            Selection::Field(inner) => matches!(inner.node.name.node.as_str(), "edges" | "nodes"),
            Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
        });
        let argument = field.arguments.iter().find(|(name, _)| matches!(name.node.as_str(), "first" | "last"));
        match argument {
            Some((_, value)) => self.number(&value.node).map_or(DEFAULT_PAGE, |n| n.clamp(1, LARGEST_PAGE)),
            None if connection => DEFAULT_PAGE,
            None => 1,
        }
    }

    fn number(&self, value: &Argument) -> Option<u64> {
        match value {
            Argument::Number(number) => number.as_u64(),
            Argument::Variable(name) => match self.variables.get(name) {
                Some(Value::Number(number)) => number.as_u64(),
                Some(_) => None,
                None => {
                    let declared = self.operation.variable_definitions.iter().find(|d| d.node.name.node == *name)?;
                    match &declared.node.default_value.as_ref()?.node {
                        Value::Number(number) => number.as_u64(),
                        _ => None,
                    }
                }
            },
            _ => None,
        }
    }
}
