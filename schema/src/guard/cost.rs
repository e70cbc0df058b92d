use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Variables};
use serde::Serialize;

use super::Refused;
use super::given::Given;

/// What a request may cost at most: every field counts one, times the sizes of the pages and lists that it stands in, and
/// times the ids that were given; the schema counts as what tools ask of it. Known before anything is carried out, and
/// told in `extensions.cost`.
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
/// A list that is no page.
const LIST: u64 = 10;
/// The fields that are lists of objects and no pages. A test compares them with the served schema; `userErrors` are
/// written only where something is wrong.
pub const LISTS: &[&str] = &[
    "alerts",
    "apiTokens",
    "assets",
    "attempts",
    "changes",
    "channels",
    "comments",
    "countries",
    "events",
    "evidence",
    "exploits",
    "facets",
    "findings",
    "groups",
    "invitations",
    "matches",
    "notifications",
    "organizations",
    "protocols",
    "recipients",
    "records",
    "resolve",
    "results",
    "reverse",
    "riskFactors",
    "services",
    "sessions",
    "sla",
    "sources",
    "tickets",
    "tokensStillValid",
    "topAssets",
    "topPorts",
    "topProducts",
    "topVulnerabilities",
    "trend",
    "triagePolicies",
    "values",
];
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
        let mut sums =
            Sums { document, given: Given { variables, operation: &definition.node }, fragments: HashMap::new() };
        requested = requested.max(sums.set(&definition.node.selection_set.node).fields);
    }
    if requested > limit {
        let message = format!(
            "the request may touch {requested} fields, at most {limit}: ask for smaller pages (first, last) or fewer ids"
        );
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
    given: Given<'a>,
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
            fields: inner.fields.saturating_mul(self.times(field, inner.of_page)).saturating_add(own),
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

    /// How often what stands inside a field may be there: the size of its page or list, and of what was asked for by id.
    fn times(&self, field: &Field, of_page: bool) -> u64 {
        let page = field.arguments.iter().find(|(name, _)| matches!(name.node.as_str(), "first" | "last"));
        let page = match page {
            Some((_, value)) => self.given.number(&value.node).map_or(DEFAULT_PAGE, |n| n.clamp(1, LARGEST_PAGE)),
            None if of_page => DEFAULT_PAGE,
            None if LISTS.contains(&field.name.node.as_str()) => LIST,
            None => 1,
        };
        page.saturating_mul(self.asked_for(field))
    }

    /// How many things were asked for by id, or are to be changed.
    fn asked_for(&self, field: &Field) -> u64 {
        let items = field.arguments.iter().map(|(name, value)| match name.node.as_str() {
            "ids" => self.given.items(&value.node),
            "input" => self.given.items_within(&value.node),
            _ => 1,
        });
        items.max().map_or(1, |items| items.max(1) as u64)
    }
}
