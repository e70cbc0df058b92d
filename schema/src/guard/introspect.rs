use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::Refused;

/// The fields of introspection that lead from one type to many. Within each other they multiply: five of them are
/// millions of objects, without a page that could be counted. Tools ask for one, and so does everyone in good faith.
const LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];
const MOST_LISTS_DEEP: usize = 1;

/// Does a document ask for the schema? An error, if it asks for more of it than any tool does.
pub(super) fn look(document: &ExecutableDocument) -> Result<bool, Refused> {
    let mut walk = Walk { document, fragments: HashMap::new() };
    let mut asks = false;
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let mut open: Vec<&SelectionSet> = operations.chain(fragments).collect();
    while let Some(set) = open.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let inner = &field.node.selection_set.node;
                    if matches!(field.node.name.node.as_str(), "__schema" | "__type") {
                        asks = true;
                        let deep = walk.lists(inner);
                        if deep > MOST_LISTS_DEEP {
                            return Err(Refused::too_complex("lists of the schema in lists", deep, MOST_LISTS_DEEP));
                        }
                    }
                    open.push(inner);
                }
                Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                // Fragments are looked at for themselves.
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    Ok(asks)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    fragments: HashMap<&'a Name, usize>,
}

impl<'a> Walk<'a> {
    /// How many lists stand within each other. The document was measured before: no circles, and few levels.
    fn lists(&mut self, set: &'a SelectionSet) -> usize {
        let deepest = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => {
                let inner = self.lists(&field.node.selection_set.node);
                inner + usize::from(LISTS.contains(&field.node.name.node.as_str()))
            }
            Selection::InlineFragment(inline) => self.lists(&inline.node.selection_set.node),
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
        });
        deepest.max().unwrap_or(0)
    }

    fn fragment(&mut self, name: &'a Name) -> usize {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        let deep = self.lists(&fragment.node.selection_set.node);
        self.fragments.insert(name, deep);
        deep
    }
}
