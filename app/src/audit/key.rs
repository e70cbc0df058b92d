use domain::ids::AuditId;
use jiff::Timestamp;
use ulid::Ulid;

/// The keys of entries begin with this.
pub(super) const PREFIX: &str = "audit|";
/// Behind the last of them.
pub(super) const END: &str = "audit}";
/// 15 digits of milliseconds, enough for 31 000 years.
const LAST: i64 = 999_999_999_999_999;

/// The key of an entry: newest first, since both stores read ascending only.
pub(super) fn of(id: &AuditId) -> String {
    let millis = Ulid::from_string(id.ulid()).map_or(0, |ulid| ulid.timestamp_ms());
    format!("{}|{}", since(i64::try_from(millis).unwrap_or(LAST)), id.ulid())
}

/// Where the entries of this millisecond, and all older ones, begin.
pub(super) fn since(millis: i64) -> String {
    format!("{PREFIX}{:015}", LAST - millis.clamp(0, LAST))
}

/// Where entries before this instant begin.
pub(super) fn before(instant: Timestamp) -> String {
    since(instant.as_millisecond() - 1)
}

/// The millisecond of a key, if it is one.
pub(super) fn millis(key: &str) -> Option<i64> {
    Some(LAST - key.strip_prefix(PREFIX)?.get(..15)?.parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_entry_has_a_smaller_key() {
        let id = |millis| AuditId::from_ulid(&Ulid::from_parts(millis, 7).to_string()).unwrap();
        let (old, new) = (of(&id(1_000)), of(&id(1_001)));
        assert!(new < old && PREFIX < new.as_str() && old.as_str() < END);
        assert_eq!((millis(&old), millis("audit|x"), millis("")), (Some(1_000), None, None));
        let instant = Timestamp::from_millisecond(1_001).unwrap();
        assert!(new < before(instant) && before(instant) <= old);
    }
}
