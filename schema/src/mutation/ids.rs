//! Lists of ids, each of which answers for itself.

use std::str::FromStr;

use app::UserError as Fault;
use async_graphql::ID;

use crate::context::UserError;
use crate::enums::UserErrorCode;

/// Ids as a client listed them: those that can be ids go on, the others have their faults already.
pub(super) struct Ids<T> {
    /// Those that can be ids.
    pub good: Vec<T>,
    /// Their places in the client's list.
    places: Vec<usize>,
    faults: Vec<UserError>,
    field: &'static str,
}

impl<T: FromStr> Ids<T> {
    /// Reads the ids of an input field; `missing` says what there is none of.
    pub(super) fn read(field: &'static str, ids: &[ID], missing: &str) -> Self {
        let mut read = Self { good: Vec::new(), places: Vec::new(), faults: Vec::new(), field };
        for (place, id) in ids.iter().enumerate() {
            if let Ok(id) = id.parse() {
                read.good.push(id);
                read.places.push(place);
            } else {
                let field = Some(vec!["input".into(), field.into(), place.to_string()]);
                read.faults.push(UserError { code: UserErrorCode::NotFound, message: missing.into(), field });
            }
        }
        read
    }

    /// How many can be no ids.
    pub(super) fn refused(&self) -> usize {
        self.faults.len()
    }

    /// All faults, each at the place where the client wrote the id.
    pub(super) fn faults(self, of_use_case: Vec<Fault>) -> Vec<UserError> {
        let mut all = self.faults;
        for mut fault in of_use_case {
            if let [_, field, place] = fault.field.as_mut_slice()
                && field == self.field
                && let Some(real) = place.parse().ok().and_then(|n: usize| self.places.get(n))
            {
                *place = real.to_string();
            }
            all.push(fault.into());
        }
        all
    }
}
