use crate::ports::SourceError;
use crate::{Error, UserError, UserErrorCode};

/// Characters of a query.
const LONGEST: usize = 900;
/// Shodan's pages hold 100 banners; nobody reads further.
const LAST_PAGE: i32 = 1000;
const MOST_FACETS: usize = 20;
/// Values of a facet.
const MOST_VALUES: u32 = 1000;
/// Names or addresses of one question.
const MOST: usize = 100;

fn fault(code: UserErrorCode, field: &str, message: impl Into<String>) -> Error {
    UserError { code, message: message.into(), field: vec![field.into()] }.into()
}

/// A query that can be asked.
pub(super) fn query(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(fault(UserErrorCode::Required, "query", "write a query such as port:502 country:IT")),
        1..=LONGEST if !text.chars().any(char::is_control) => Ok(text),
        1..=LONGEST => Err(fault(UserErrorCode::Invalid, "query", "a query is one line")),
        _ => Err(fault(UserErrorCode::TooLong, "query", format!("a query has at most {LONGEST} characters"))),
    }
}

/// A page that can be asked for.
pub(super) fn page(page: i32) -> Result<u32, Error> {
    let fine = u32::try_from(page).ok().filter(|_| (1..=LAST_PAGE).contains(&page));
    fine.ok_or_else(|| fault(UserErrorCode::Invalid, "page", format!("pages are 1 to {LAST_PAGE}")))
}

/// Facets such as `org` and `port:20`.
pub(super) fn facets(facets: &[String]) -> Result<(), Error> {
    if facets.len() > MOST_FACETS {
        return Err(fault(UserErrorCode::TooMany, "facets", format!("at most {MOST_FACETS} facets")));
    }
    for facet in facets {
        let (name, count) = facet.split_once(':').map_or((facet.as_str(), None), |(name, count)| (name, Some(count)));
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let counted = count.is_none_or(|c| c.parse().is_ok_and(|c: u32| (1..=MOST_VALUES).contains(&c)));
        if !named || !counted {
            let message = format!("{facet:?} is no facet such as org or port:20 (at most {MOST_VALUES} values)");
            return Err(fault(UserErrorCode::Invalid, "facets", message));
        }
    }
    Ok(())
}

/// No more of something than one question takes.
pub(super) fn some(count: usize, field: &str) -> Result<(), Error> {
    let fine = count <= MOST;
    fine.then_some(()).ok_or_else(|| fault(UserErrorCode::TooMany, field, format!("at most {MOST} at once")))
}

/// What a source refused, in words for who asked. What may work later stays a source's error.
pub(crate) fn refused(error: SourceError) -> Error {
    let code = match &error {
        SourceError::BadKey => UserErrorCode::InvalidCredentials,
        SourceError::PlanTooLow(_) => UserErrorCode::NotAllowed,
        SourceError::OutOfCredits => UserErrorCode::QuotaExceeded,
        SourceError::Rejected(_) => UserErrorCode::Invalid,
        SourceError::RateLimited { wait_seconds } => return Error::RateLimited(*wait_seconds),
        SourceError::Unavailable(_) => return error.into(),
    };
    let message = match error {
        SourceError::BadKey => "Shodan does not accept the key: set another with setShodanKey".into(),
        other => format!("Shodan: {other}"),
    };
    UserError::general(code, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T, Error>) -> Option<UserErrorCode> {
        match result {
            Err(Error::User(faults)) => Some(faults[0].code),
            _ => None,
        }
    }

    #[test]
    fn questions_have_bounds() {
        assert_eq!(query("  port:502 ").unwrap(), "port:502");
        assert_eq!(code(query(" ")), Some(UserErrorCode::Required));
        assert_eq!(code(query("a\nb")), Some(UserErrorCode::Invalid));
        assert_eq!(code(query(&"x".repeat(901))), Some(UserErrorCode::TooLong));
        assert_eq!(page(1000).unwrap(), 1000);
        for wrong in [i32::MIN, 0, 1001] {
            assert_eq!(code(page(wrong)), Some(UserErrorCode::Invalid));
        }
        facets(&["org".into(), "http.title:20".into()]).unwrap();
        for wrong in ["", "a,b", "org:", "org:0", "org:1001", "org&key=x"] {
            assert_eq!(code(facets(&[wrong.to_owned()])), Some(UserErrorCode::Invalid), "{wrong}");
        }
        assert_eq!(code(facets(&vec!["org".to_owned(); 21])), Some(UserErrorCode::TooMany));
    }

    #[test]
    fn only_what_may_work_later_is_the_sources_fault() {
        assert_eq!(code::<()>(Err(refused(SourceError::OutOfCredits))), Some(UserErrorCode::QuotaExceeded));
        assert_eq!(code::<()>(Err(refused(SourceError::BadKey))), Some(UserErrorCode::InvalidCredentials));
        assert!(matches!(refused(SourceError::RateLimited { wait_seconds: 7 }), Error::RateLimited(7)));
        assert!(matches!(refused(SourceError::Unavailable("x".into())), Error::Source(_)));
    }
}
