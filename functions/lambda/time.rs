use std::time::Duration;

use jiff::Timestamp;
use lambda_http::Context;

use crate::http::Program;

/// The end of an invocation is kept free: what runs then is frozen or killed, and its time is paid all the same.
const MARGIN: Duration = Duration::from_secs(5);
/// Where Lambda does not say when it ends: its own default is 3 s, and nobody runs this with less than a minute.
const UNKNOWN: Duration = Duration::from_secs(45);

/// How long this invocation may still work.
pub(super) fn left(program: &Program, context: Option<&Context>) -> Duration {
    let Some(context) = context else { return UNKNOWN };
    until(context.deadline, program.app.now())
}

/// `deadline` is in milliseconds since 1970.
fn until(deadline: u64, now: Timestamp) -> Duration {
    let now = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Duration::from_millis(deadline.saturating_sub(now)).saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_seconds_of_an_invocation_are_kept_free() {
        let now = Timestamp::from_second(1_000).unwrap();
        assert_eq!(until(1_300_000, now), Duration::from_secs(295));
        assert_eq!(until(1_003_000, now), Duration::ZERO);
        assert_eq!(until(0, now), Duration::ZERO);
    }
}
