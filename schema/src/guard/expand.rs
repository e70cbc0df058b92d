use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::{Limits, Refused};

/// What a selection comes to once fragments were put in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    fields: usize,
    aliases: usize,
    depth: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.depth = self.depth.max(other.depth);
    }
}

/// Measures a document: each fragment once, however often it is used.
pub(super) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<(), Refused> {
    let operations = document.operations.iter().count();
    if operations > limits.operations {
        return Err(Refused::too_complex("operations", operations, limits.operations));
    }
    if document.fragments.len() > limits.fields {
        return Err(Refused::too_complex("fragments", document.fragments.len(), limits.fields));
    }
    let mut walk = Walk { document, known: HashMap::new(), directives: 0 };
    for (_, operation) in document.operations.iter() {
        walk.directives += operation.node.directives.len();
        walk.check(&operation.node.selection_set.node, limits)?;
    }
    for (name, fragment) in &document.fragments {
        walk.directives += fragment.node.directives.len();
        walk.fragment(name)?;
    }
    if walk.directives > limits.directives {
        return Err(Refused::too_complex("directives", walk.directives, limits.directives));
    }
    Ok(())
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// `None`: it is being measured at this moment, so whoever asks is inside it.
    known: HashMap<&'a Name, Option<Size>>,
    directives: usize,
}

impl<'a> Walk<'a> {
    fn check(&mut self, set: &'a SelectionSet, limits: &Limits) -> Result<(), Refused> {
        let size = self.set(set)?;
        let counts = [
            ("fields", size.fields, limits.fields),
            ("aliases", size.aliases, limits.aliases),
            ("levels of fields", size.depth, limits.depth),
        ];
        match counts.into_iter().find(|(_, count, limit)| count > limit) {
            Some((what, count, limit)) => Err(Refused::too_complex(what, count, limit)),
            None => Ok(()),
        }
    }

    /// Recursion is as deep as brackets and fragments are nested, and both were counted.
    fn set(&mut self, set: &'a SelectionSet) -> Result<Size, Refused> {
        let mut size = Size::default();
        for selection in &set.items {
            size.add(match &selection.node {
                Selection::Field(field) => {
                    self.directives += field.node.directives.len();
                    let inner = self.set(&field.node.selection_set.node)?;
                    Size {
                        fields: inner.fields.saturating_add(1),
                        aliases: inner.aliases + usize::from(field.node.alias.is_some()),
                        depth: inner.depth + 1,
                    }
                }
                Selection::InlineFragment(inline) => {
                    self.directives += inline.node.directives.len();
                    self.set(&inline.node.selection_set.node)?
                }
                Selection::FragmentSpread(spread) => {
                    self.directives += spread.node.directives.len();
                    self.fragment(&spread.node.fragment_name.node)?
                }
            });
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Size, Refused> {
        match self.known.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                let message = format!("the fragment {name} contains itself");
                return Err(Refused { code: "BAD_USER_INPUT", message, at: None });
            }
            None => {}
        }
        // An unknown fragment is the validation's to name.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
        if self.known.values().filter(|size| size.is_none()).count() >= MOST_FRAGMENTS_DEEP {
            return Err(Refused::too_complex(
                "fragments within fragments",
                MOST_FRAGMENTS_DEEP + 1,
                MOST_FRAGMENTS_DEEP,
            ));
        }
        self.known.insert(name, None);
        let size = self.set(&fragment.node.selection_set.node)?;
        self.known.insert(name, Some(size));
        Ok(size)
    }
}

const MOST_FRAGMENTS_DEEP: usize = 30;
