use crate::{UserError, UserErrorCode};

/// People and organizations have names of at most so many characters.
const LONGEST: usize = 200;

/// What is wrong with the name of a person or an organization, if anything; an empty one is not.
pub(super) fn name_fault(name: &str, field: &str) -> Option<UserError> {
    if name.chars().count() > LONGEST {
        return Some(UserError::of(UserErrorCode::TooLong, field, format!("use at most {LONGEST} characters")));
    }
    let control = name.chars().any(char::is_control);
    control.then(|| UserError::of(UserErrorCode::Invalid, field, "use no line breaks or other control characters"))
}

/// A name that must be there, without blanks around it.
pub(super) fn required_name(name: &str, field: &str) -> Result<String, UserError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(UserError::of(UserErrorCode::Required, field, "enter a name"));
    }
    name_fault(name, field).map_or_else(|| Ok(name.to_owned()), Err)
}
