//! What rules and policies must look like before they are stored.

use domain::rule::{RuleDefinition, RuleError};

use crate::{Error, UserError, UserErrorCode};

const LONGEST_NAME: usize = 200;
const LONGEST_TEXT: usize = 4_000;
const MOST_LINKS: usize = 5;
const LONGEST_LINK: usize = 2_048;
const MOST_CVES: usize = 20;

/// Collects what is wrong, so that it is told all at once.
#[derive(Default)]
pub(super) struct Faults(Vec<UserError>);

impl Faults {
    pub(super) fn add(&mut self, code: UserErrorCode, field: &str, message: impl Into<String>) {
        self.0.push(UserError::of(code, field, message.into()));
    }

    /// A name: one line, not empty.
    pub(super) fn name(&mut self, name: &str) {
        if name.trim().is_empty() {
            self.add(UserErrorCode::Required, "name", "give it a name");
        } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            self.add(UserErrorCode::TooLong, "name", format!("one line of at most {LONGEST_NAME} characters"));
        }
    }

    pub(super) fn text(&mut self, field: &str, text: &str) {
        if text.chars().count() > LONGEST_TEXT {
            self.add(UserErrorCode::TooLong, field, format!("at most {LONGEST_TEXT} characters"));
        }
    }

    pub(super) fn end(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::User(self.0)) }
    }
}

/// Holds a rule against its limits; what is wrong with its expression is told with its position.
pub(super) fn rule(definition: &RuleDefinition) -> Result<(), Error> {
    let mut faults = Faults::default();
    faults.name(&definition.name);
    faults.text("description", &definition.description);
    faults.text("remediation", &definition.remediation);
    if definition.references.len() > MOST_LINKS {
        faults.add(UserErrorCode::TooMany, "references", format!("at most {MOST_LINKS}"));
    }
    let link = |text: &String| {
        (text.starts_with("https://") || text.starts_with("http://"))
            && text.len() <= LONGEST_LINK
            && !text.contains(char::is_whitespace)
    };
    if !definition.references.iter().all(link) {
        faults.add(UserErrorCode::Invalid, "references", "web addresses of at most 2048 characters");
    }
    if definition.cves.len() > MOST_CVES {
        faults.add(UserErrorCode::TooMany, "cves", format!("at most {MOST_CVES}"));
    }
    if let Err(error) = definition.clone().compile() {
        let field = match &error {
            RuleError::Expression(_) => "expression",
            RuleError::Evidence(_) => "evidence",
        };
        faults.add(UserErrorCode::Invalid, field, error.to_string());
    }
    faults.end()
}
