use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Value, Variables};
use async_graphql_value::Value as Argument;
use serde::Serialize;

use super::Refused;

/// What a request may cost at most: every field counts one, times the sizes of the pages that it stands in; the schema
/// counts as what tools ask of it. Known before anything is carried out, and told in `extensions.cost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
/// The whole schema, with all that tools ask of it.
const SCHEMA: u64 = 10_000;
/// One type of it.
const TYPE: u64 = 500;

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
        requested = requested.max(sums.set(&definition.node.selection_set.node).fields);
    }
    if requested > limit {
        let message =
            format!("the request may touch {requested} fields, at most {limit}: ask for smaller pages (first, last)");
        return Err(Refused { code: "QUERY_TOO_COMPLEX", message, at: None });
    }
    Ok(Cost { requested, limit })
}

/// What a selection comes to.
#[derive(Clone, Copy, Default)]
struct Sum {
    fields: u64,
    /// It is made from the edges or nodes of a connection, so what is around it is a page.
    of_page: bool,
}

struct Sums<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    fragments: HashMap<&'a Name, Sum>,
}

impl<'a> Sums<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Sum {
        set.items.iter().fold(Sum::default(), |sum, selection| {
            let next = match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            };
            Sum { fields: sum.fields.saturating_add(next.fields), of_page: sum.of_page || next.of_page }
        })
    }

    fn field(&mut self, field: &'a Field) -> Sum {
        let inner = self.set(&field.selection_set.node);
        let own = match field.name.node.as_str() {
            "__schema" => SCHEMA,
            "__type" => TYPE,
            _ => 1,
        };
        Sum {
            fields: inner.fields.saturating_mul(self.page(field, inner.of_page)).saturating_add(own),
            of_page: matches!(field.name.node.as_str(), "edges" | "nodes"),
        }
    }

    fn fragment(&mut self, name: &'a Name) -> Sum {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Sum::default() };
        let sum = self.set(&fragment.node.selection_set.node);
        self.fragments.insert(name, sum);
        sum
    }

    /// How often what stands inside a field may be there: the size of its page, if it is one.
    fn page(&self, field: &Field, of_page: bool) -> u64 {
        let argument = field.arguments.iter().find(|(name, _)| matches!(name.node.as_str(), "first" | "last"));
        match argument {
            Some((_, value)) => self.number(&value.node).map_or(DEFAULT_PAGE, |n| n.clamp(1, LARGEST_PAGE)),
            None if of_page => DEFAULT_PAGE,
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
