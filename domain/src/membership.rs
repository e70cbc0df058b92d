//! Who may change what somebody is in an organization, and what must not happen to one.

use crate::role::{Action, Role, allows};

/// May somebody of the role `own` make somebody who is `theirs` (`None`: not there yet) into `wanted` (`None`: not
/// there any more)? Nobody touches or makes what is greater than themselves.
pub fn may_change(own: Role, theirs: Option<Role>, wanted: Option<Role>) -> bool {
    let within = |role: Option<Role>| role.is_none_or(|role| role <= own);
    allows(own, None, Action::ManageMembers) && within(theirs) && within(wanted)
}

/// Would the organization be left without anybody who answers for it? `owners` counts those there are now.
pub fn leaves_nobody(owners: usize, theirs: Role, wanted: Option<Role>) -> bool {
    theirs == Role::Owner && wanted != Some(Role::Owner) && owners <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_or_touches_what_is_greater_than_themselves() {
        for own in Role::ALL {
            for theirs in Role::ALL.map(Some).into_iter().chain([None]) {
                for wanted in Role::ALL.map(Some).into_iter().chain([None]) {
                    let may = match own {
                        Role::Owner => true,
                        Role::Admin => theirs != Some(Role::Owner) && wanted != Some(Role::Owner),
                        Role::Member | Role::Viewer => false,
                    };
                    assert_eq!(may_change(own, theirs, wanted), may, "{own} {theirs:?} {wanted:?}");
                }
            }
        }
    }

    #[test]
    fn the_last_owner_stays_one() {
        assert!(leaves_nobody(1, Role::Owner, None) && leaves_nobody(1, Role::Owner, Some(Role::Admin)));
        assert!(!leaves_nobody(2, Role::Owner, None) && !leaves_nobody(1, Role::Owner, Some(Role::Owner)));
        assert!(!leaves_nobody(1, Role::Admin, None));
    }
}
