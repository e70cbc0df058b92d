use std::cmp::Reverse;

/// A route template of an HTTP function.
#[derive(Clone, Debug)]
pub(super) struct Route {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// Matches itself, in any case.
    Literal(String),
    /// `{name}`: one segment.
    One,
    /// `{*name}`: the rest, which may be empty.
    Rest,
}

impl Route {
    /// Reads `{prefix}/{route}`. Err: why the host (or this stand-in) refuses it.
    pub(super) fn parse(prefix: &str, template: &str) -> Result<Self, String> {
        let first = template.split('/').next().unwrap_or_default().to_ascii_lowercase();
        if first.starts_with("admin") || first.starts_with("runtime") {
            return Err(format!("the route {template:?} begins with a name that the host keeps for itself"));
        }
        let segments = prefix.split('/').chain(template.split('/')).filter(|segment| !segment.is_empty());
        let segments: Vec<Segment> = segments.map(segment).collect::<Result<_, _>>()?;
        let rest = segments.iter().position(|segment| *segment == Segment::Rest);
        if rest.is_some_and(|at| at + 1 < segments.len()) {
            return Err(format!("the route {template:?} goes on behind a catch-all"));
        }
        Ok(Self { segments })
    }

    /// Does it begin with anything at all? Then a request from outside reaches the paths of triggers.
    pub(super) fn is_catch_all(&self) -> bool {
        matches!(self.segments.first(), Some(Segment::One | Segment::Rest))
    }

    /// Is this the path of such a request?
    pub(super) fn matches(&self, path: &str) -> bool {
        let mut path = path.split('/').filter(|segment| !segment.is_empty());
        for segment in &self.segments {
            let matches = match segment {
                Segment::Rest => return true,
                Segment::One => path.next().is_some(),
                Segment::Literal(text) => path.next().is_some_and(|given| given.eq_ignore_ascii_case(text)),
            };
            if !matches {
                return false;
            }
        }
        path.next().is_none()
    }

    /// Do the two take the same paths, so that the host could not choose?
    pub(super) fn same(&self, other: &Self) -> bool {
        self.segments == other.segments
    }

    /// Orders routes that match the same path: the host takes the greatest, literal segments before others.
    pub(super) fn precedence(&self) -> impl Ord + use<> {
        let kinds = self.segments.iter().map(|segment| match segment {
            Segment::Literal(_) => 0_u8,
            Segment::One => 1,
            Segment::Rest => 2,
        });
        Reverse(kinds.collect::<Vec<u8>>())
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    let Some(name) = text.strip_prefix('{') else {
        let plain = !text.contains(['{', '}']);
        return if plain { Ok(Segment::Literal(text.to_ascii_lowercase())) } else { Err(unsupported(text)) };
    };
    let name = name.strip_suffix('}').ok_or_else(|| unsupported(text))?;
    let (kind, name) = match name.strip_prefix('*') {
        Some(name) => (Segment::Rest, name),
        None => (Segment::One, name),
    };
    let plain = !name.is_empty() && name.chars().all(char::is_alphanumeric);
    if plain { Ok(kind) } else { Err(unsupported(text)) }
}

fn unsupported(text: &str) -> String {
    format!("the stand-in does not know the route segment {text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(template: &str) -> Route {
        Route::parse("", template).unwrap()
    }

    #[test]
    fn a_route_takes_its_own_paths_and_no_others() {
        assert!(route("graphql").matches("/graphql"));
        assert!(route("graphql").matches("/GraphQL/"));
        assert!(!route("graphql").matches("/graphql/more"));
        assert!(!route("graphql").matches("/"));
        assert!(route("hooks/{*path}").matches("/hooks/email/confirm/abc"));
        assert!(route("hooks/{*path}").matches("/hooks"));
        assert!(!route("hooks/{*path}").matches("/hook"));
        assert!(route("export/{what}").matches("/export/findings.csv"));
        assert!(!route("export/{what}").matches("/export"));
        assert!(Route::parse("api", "graphql").unwrap().matches("/api/graphql"));
    }

    #[test]
    fn what_the_host_keeps_for_itself_or_cannot_read_is_refused() {
        for wrong in ["admin", "administration/x", "runtime/webhooks", "{*rest}/more", "a{b}", "{id:int}", "{}"] {
            assert!(Route::parse("", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_literal_goes_before_a_parameter_and_that_before_a_catch_all() {
        assert!(route("hooks/shodan").precedence() > route("hooks/{name}").precedence());
        assert!(route("hooks/{name}").precedence() > route("hooks/{*path}").precedence());
    }

    #[test]
    fn a_catch_all_is_one_that_takes_what_triggers_are_called_by() {
        assert!(route("{*path}").is_catch_all());
        assert!(route("{function}").is_catch_all());
        assert!(!route("hooks/{*path}").is_catch_all());
    }
}
