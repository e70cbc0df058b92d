use jiff::Timestamp;

/// Tells the time. The only place where time enters the program; tests move it by hand.
pub trait Clock: Send + Sync {
    /// The instant now, in UTC. Use cases ask `App::now`, which has whole milliseconds.
    fn now(&self) -> Timestamp;
}
