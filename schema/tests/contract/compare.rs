//! The shape of a schema: what a client's queries depend on. Descriptions are not part of it.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::{InputValueDefinition, ServiceDocument, TypeKind, TypeSystemDefinition};

/// Named things in an order of their own.
type Named<T> = BTreeMap<String, T>;

/// All types of a schema.
pub(crate) struct Shapes(Named<Shape>);

struct Shape {
    kind: &'static str,
    implements: BTreeSet<String>,
    fields: Named<Field>,
    values: BTreeSet<String>,
}

/// A field, or an input field, which has no arguments.
struct Field {
    of: String,
    arguments: Named<String>,
}

impl Shapes {
    pub(crate) fn of(document: &ServiceDocument) -> Self {
        let types = document.definitions.iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => {
                Some((definition.node.name.to_string(), Shape::of(&definition.node.kind)))
            }
            _ => None,
        });
        Self(types.collect())
    }
}

impl Shape {
    fn of(kind: &TypeKind) -> Self {
        let mut shape =
            Self { kind: "scalar", implements: BTreeSet::new(), fields: Named::new(), values: BTreeSet::new() };
        let (implements, fields) = match kind {
            TypeKind::Scalar => return shape,
            TypeKind::Object(object) => {
                shape.kind = "type";
                (&object.implements, &object.fields)
            }
            TypeKind::Interface(interface) => {
                shape.kind = "interface";
                (&interface.implements, &interface.fields)
            }
            TypeKind::Enum(of) => {
                shape.kind = "enum";
                shape.values = of.values.iter().map(|value| value.node.value.to_string()).collect();
                return shape;
            }
            TypeKind::Union(of) => {
                shape.kind = "union";
                shape.values = of.members.iter().map(ToString::to_string).collect();
                return shape;
            }
            TypeKind::InputObject(input) => {
                shape.kind = "input";
                let field = |f: &InputValueDefinition| Field { of: value(f), arguments: Named::new() };
                shape.fields = input.fields.iter().map(|f| (f.node.name.to_string(), field(&f.node))).collect();
                return shape;
            }
        };
        shape.implements = implements.iter().map(ToString::to_string).collect();
        for field in fields {
            let arguments = field.node.arguments.iter().map(|a| (a.node.name.to_string(), value(&a.node))).collect();
            let of = field.node.ty.to_string();
            shape.fields.insert(field.node.name.to_string(), Field { of, arguments });
        }
        shape
    }
}

/// An input with its default.
fn value(definition: &InputValueDefinition) -> String {
    match &definition.default_value {
        Some(default) => format!("{} = {default}", definition.ty),
        None => definition.ty.to_string(),
    }
}

/// What of the promised is not, or not so, in the served; more is welcome, but for inputs that are asked for.
pub(crate) fn differences(promised: &Shapes, served: &Shapes) -> Vec<String> {
    let mut told = Vec::new();
    for (name, wanted) in &promised.0 {
        let Some(had) = served.0.get(name) else {
            told.push(format!("type {name} is missing"));
            continue;
        };
        if wanted.kind != had.kind {
            told.push(format!("{name} is of the kind {} and not {}", had.kind, wanted.kind));
            continue;
        }
        told.extend(
            wanted.implements.difference(&had.implements).map(|i| format!("type {name} does not implement {i}")),
        );
        told.extend(wanted.values.difference(&had.values).map(|value| format!("{name}.{value} is missing")));
        for (field, wanted) in &wanted.fields {
            let path = format!("{name}.{field}");
            let Some(had) = had.fields.get(field) else {
                told.push(format!("{path} is missing: {}", wanted.of));
                continue;
            };
            if wanted.of != had.of {
                told.push(format!("{path} is {} and not {}", had.of, wanted.of));
            }
            inputs(&wanted.arguments, &had.arguments, |argument| format!("{path}({argument})"), &mut told);
        }
        if wanted.kind == "input" {
            let more = had.fields.iter().filter(|(field, _)| !wanted.fields.contains_key(*field));
            told.extend(more.filter_map(|(field, had)| uninvited(&format!("{name}.{field}"), &had.of)));
        }
    }
    told
}

fn inputs(wanted: &Named<String>, had: &Named<String>, path: impl Fn(&str) -> String, told: &mut Vec<String>) {
    for (argument, wanted) in wanted {
        match had.get(argument) {
            None => told.push(format!("{} is missing: {wanted}", path(argument))),
            Some(had) if had != wanted => told.push(format!("{} is {had} and not {wanted}", path(argument))),
            Some(_) => {}
        }
    }
    let more = had.iter().filter(|(argument, _)| !wanted.contains_key(*argument));
    told.extend(more.filter_map(|(argument, of)| uninvited(&path(argument), of)));
}

/// An input without which a promised request is refused.
fn uninvited(path: &str, of: &str) -> Option<String> {
    let needed = of.ends_with('!');
    needed.then(|| format!("{path} is asked for and was not promised: {of}"))
}
