use async_graphql::{ErrorExtensionValues, Response as Answer, ServerError, Value};

/// Parsing, validation and coercion fail as a whole: no data, and no path to blame.
pub(super) fn is_of_request(answer: &Answer) -> bool {
    !answer.errors.is_empty() && answer.data == Value::Null && answer.errors.iter().all(|e| e.path.is_empty())
}

/// Every error that leaves has a code. Those of resolvers that have none were not meant to be read by strangers: what
/// they say goes to the log.
pub(super) fn clean(errors: &mut [ServerError]) {
    for error in errors {
        let coded = error.extensions.as_ref().is_some_and(|e| e.get("code").is_some());
        if coded {
            continue;
        }
        let code = if error.path.is_empty() || is_of_input(error) { "BAD_USER_INPUT" } else { "INTERNAL" };
        if code == "INTERNAL" {
            tracing::error!(message = error.message, "a resolver failed without a code");
            "something went wrong here; it was written down".clone_into(&mut error.message);
            error.extensions = None;
        }
        error.extensions.get_or_insert_default().set("code", code);
    }
}

/// The engine reads arguments where they are used, so a number out of range or a date that is none comes with a path.
/// Nothing but its words tells such an error from a resolver's, which has a source or words of its own.
fn is_of_input(error: &ServerError) -> bool {
    let words = error.message.as_str();
    let engine = words.starts_with("Failed to parse \"") || words.starts_with("Expected input type \"");
    engine && error.source.is_none()
}

/// An error with its code, before the engine was asked.
pub(super) fn coded(message: impl Into<String>, code: &'static str) -> ServerError {
    let mut error = ServerError::new(message, None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    error.extensions = Some(extensions);
    error
}

#[cfg(test)]
mod tests {
    use async_graphql::PathSegment;

    use super::*;

    fn cleaned(mut error: ServerError, of_resolver: bool) -> (String, Option<Value>) {
        if of_resolver {
            error.path = vec![PathSegment::Field("a".into())];
        }
        let mut errors = [error];
        clean(&mut errors);
        let [error] = errors;
        let code = error.extensions.as_ref().and_then(|e| e.get("code").cloned());
        (error.message, code)
    }

    #[test]
    fn what_a_resolver_did_not_mean_to_say_is_not_said() {
        let (message, code) = cleaned(ServerError::new("password of the store is hunter2", None), true);
        assert!(!message.contains("hunter2"));
        assert_eq!(code, Some(Value::from("INTERNAL")));
        let (message, code) = cleaned(coded("no such asset", "NOT_FOUND"), true);
        assert_eq!((message.as_str(), code), ("no such asset", Some(Value::from("NOT_FOUND"))));
    }

    #[test]
    fn what_is_wrong_with_the_request_is_said() {
        for (message, of_resolver) in [
            ("Unknown field \"b\" on type \"Query\".", false),
            ("Failed to parse \"Int\": Only integers from -2147483648 to 2147483647 are accepted.", true),
            ("Expected input type \"Int\", found \"x\".", true),
        ] {
            let (said, code) = cleaned(ServerError::new(message, None), of_resolver);
            assert_eq!((said.as_str(), code), (message, Some(Value::from("BAD_USER_INPUT"))));
        }
    }

    #[test]
    fn a_foreign_error_with_the_engines_words_stays_inside() {
        let mut error = ServerError::new("Failed to parse \"the row\": hunter2", None);
        error.source = Some(std::sync::Arc::new(std::fmt::Error));
        assert!(!cleaned(error, true).0.contains("hunter2"));
    }
}
