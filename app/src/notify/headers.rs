use std::collections::BTreeSet;

use crate::{App, UserError, UserErrorCode};

/// Headers of a channel's own, at most so many.
const MOST: usize = 10;
/// Names and values together, in bytes.
const SIZE: usize = 4_096;

/// May a channel send these headers? Which ones can be set at all is for whoever sends them to say.
pub(super) fn check(app: &App, headers: &[(String, String)]) -> Result<(), UserError> {
    let fault = |code, message: String| UserError::of(code, "headers", message);
    if headers.len() > MOST {
        return Err(fault(UserErrorCode::TooMany, format!("a channel has at most {MOST} headers of its own")));
    }
    if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > SIZE {
        return Err(fault(UserErrorCode::TooLong, format!("the headers are longer than {SIZE} bytes together")));
    }
    let mut seen = BTreeSet::new();
    for (name, value) in headers {
        app.webhooks.check_header(name, value).map_err(|why| fault(UserErrorCode::Invalid, why))?;
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(fault(UserErrorCode::Invalid, format!("the header {name} is named twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    #[test]
    fn headers_are_few_short_and_each_named_once() {
        let bench = Bench::new();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert!(check(&bench, &[header("Authorization", "Bearer x"), header("X-Team", "ot")]).is_ok());
        assert!(check(&bench, &[header("x-team", "1"), header("X-Team", "2")]).is_err());
        assert!(check(&bench, &[header("x-team", &"x".repeat(5_000))]).is_err());
        let many: Vec<_> = (0..11).map(|n| header(&format!("x-{n}"), "1")).collect();
        assert!(check(&bench, &many).is_err());
    }
}
