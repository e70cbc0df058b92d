use crate::ports::{Commit, StoreError};

/// What goes wrong at a storage call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call never reaches the store.
    Before,
    /// The call does its work, and the caller dies before it hears of it.
    After,
    /// The call does its work, and nothing can tell the caller whether it did. Reads: like `After`.
    Lost,
}

/// The plan of a store's failures.
#[derive(Debug, Default)]
pub(super) struct Faults {
    calls: usize,
    once: Option<(usize, Fault)>,
    down_from: Option<usize>,
}

impl Faults {
    /// Counts a call and says what goes wrong with it.
    pub(super) fn strike(&mut self) -> Option<Fault> {
        self.calls += 1;
        if self.down_from.is_some_and(|first| self.calls >= first) {
            return Some(Fault::Before);
        }
        self.once.take_if(|(at, _)| *at == self.calls).map(|(_, fault)| fault)
    }

    pub(super) const fn calls(&self) -> usize {
        self.calls
    }

    pub(super) fn once_in(&mut self, calls: usize, fault: Fault) {
        self.once = Some((self.calls + calls, fault));
    }

    pub(super) fn down_in(&mut self, calls: usize) {
        self.down_from = Some(self.calls + calls);
    }

    pub(super) fn heal(&mut self) {
        (self.once, self.down_from) = (None, None);
    }
}

/// Puts a fault around a read.
pub(super) fn read<T>(fault: Option<Fault>, answer: T) -> Result<T, StoreError> {
    if fault.is_some() { Err(unavailable()) } else { Ok(answer) }
}

/// Puts a fault around a write.
pub(super) fn write(fault: Option<Fault>, apply: impl FnOnce() -> Commit) -> Result<Commit, StoreError> {
    match fault {
        None => Ok(apply()),
        Some(Fault::Before) => Err(unavailable()),
        Some(Fault::After) => {
            apply();
            Err(unavailable())
        }
        Some(Fault::Lost) => {
            apply();
            Ok(Commit::Unknown)
        }
    }
}

pub(super) fn unavailable() -> StoreError {
    StoreError::Unavailable("the test switched it off".into())
}
