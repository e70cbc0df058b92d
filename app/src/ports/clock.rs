use jiff::Timestamp;

/// Tells the time. The only place where time enters the program; tests move it by hand.
pub trait Clock: Send + Sync {
    /// The instant now, in UTC.
    fn now(&self) -> Timestamp;
}
