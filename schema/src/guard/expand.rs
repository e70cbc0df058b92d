use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::{Limits, Refused};

/// What a selection comes to once fragments were put in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    fields: usize,
    aliases: usize,
    /// Fields, spreads and inline fragments. A spread that leads to no field costs the engine as much as one that does.
    selections: usize,
    /// Fields within fields.
    depth: usize,
    /// Selections within selections.
    levels: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.selections = self.selections.saturating_add(other.selections);
        self.depth = self.depth.max(other.depth);
        self.levels = self.levels.max(other.levels);
    }

    /// One selection around this.
    fn within(self) -> Self {
        Self { selections: self.selections.saturating_add(1), levels: self.levels + 1, ..self }
    }
}

/// Measures a document: each fragment once, however often it is used, and also those that nobody uses.
pub(super) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<(), Refused> {
    let operations = document.operations.iter().count();
    if operations > limits.operations {
        return Err(Refused::too_complex("operations", operations, limits.operations));
    }
    if document.fragments.len() > limits.fields {
        return Err(Refused::too_complex("fragments", document.fragments.len(), limits.fields));
    }
    let mut walk = Walk { document, limits, known: HashMap::new(), directives: 0 };
    for (_, operation) in document.operations.iter() {
        walk.directives += operation.node.directives.len();
        walk.directives += operation.node.variable_definitions.iter().map(|v| v.node.directives.len()).sum::<usize>();
        let size = walk.set(&operation.node.selection_set.node, 1)?;
        within(size, limits)?;
    }
    for (name, fragment) in &document.fragments {
        walk.directives += fragment.node.directives.len();
        let size = walk.fragment(name, 1)?;
        within(size, limits)?;
    }
    if walk.directives > limits.directives {
        return Err(Refused::too_complex("directives", walk.directives, limits.directives));
    }
    Ok(())
}

fn within(size: Size, limits: &Limits) -> Result<(), Refused> {
    let counts = [
        ("fields", size.fields, limits.fields),
        ("aliases", size.aliases, limits.aliases),
        ("selections", size.selections, limits.selections),
        ("levels of fields", size.depth, limits.depth),
        ("levels of selections", size.levels, limits.levels),
    ];
    match counts.into_iter().find(|(_, count, limit)| count > limit) {
        Some((what, count, limit)) => Err(Refused::too_complex(what, count, limit)),
        None => Ok(()),
    }
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    /// `None`: it is being measured at this moment, so whoever asks is inside it.
    known: HashMap<&'a Name, Option<Size>>,
    directives: usize,
}

impl<'a> Walk<'a> {
    /// Recursion ends where a document may not go: `level` counts the selections around.
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, Refused> {
        let mut size = Size::default();
        if !set.items.is_empty() && level > self.limits.levels {
            return Err(Refused::too_complex("levels of selections", level, self.limits.levels));
        }
        for selection in &set.items {
            let inner = match &selection.node {
                Selection::Field(field) => {
                    self.directives += field.node.directives.len();
                    let inner = self.set(&field.node.selection_set.node, level + 1)?;
                    Size {
                        fields: inner.fields.saturating_add(1),
                        aliases: inner.aliases.saturating_add(usize::from(field.node.alias.is_some())),
                        depth: inner.depth + 1,
                        ..inner
                    }
                }
                Selection::InlineFragment(inline) => {
                    self.directives += inline.node.directives.len();
                    self.set(&inline.node.selection_set.node, level + 1)?
                }
                Selection::FragmentSpread(spread) => {
                    self.directives += spread.node.directives.len();
                    self.fragment(&spread.node.fragment_name.node, level + 1)?
                }
            };
            size.add(inner.within());
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Size, Refused> {
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
        self.known.insert(name, None);
        let size = self.set(&fragment.node.selection_set.node, level)?;
        self.known.insert(name, Some(size));
        Ok(size)
    }
}
