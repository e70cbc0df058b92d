use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::StoreError;

/// What goes wrong at a storage call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call never reaches the store.
    Before,
    /// The call does its work, and the caller dies before it hears of it.
    After,
    /// The call does its work, and nothing can tell the caller whether it did. Where no answer says that: like `After`.
    Lost,
}

/// The plan of failures of one store, or of several whose calls are counted together.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    calls: usize,
    once: Option<(usize, Fault)>,
    down_from: Option<usize>,
}

impl Faults {
    /// How many calls there were, failed ones included.
    pub fn calls(&self) -> usize {
        self.plan().calls
    }

    /// The `n`-th call from now (from 1) fails, that one alone.
    pub fn fail_at(&self, n: usize, fault: Fault) {
        let mut plan = self.plan();
        plan.once = Some((plan.calls + n, fault));
    }

    /// The `n`-th call from now (from 1) fails and so does every later one, until [`Self::heal`]: a process that
    /// dies there.
    pub fn down_at(&self, n: usize) {
        let mut plan = self.plan();
        plan.down_from = Some(plan.calls + n);
    }

    /// Nothing fails from now on.
    pub fn heal(&self) {
        let mut plan = self.plan();
        (plan.once, plan.down_from) = (None, None);
    }

    /// Counts a call and says what goes wrong with it.
    pub(super) fn strike(&self) -> Option<Fault> {
        let mut plan = self.plan();
        plan.calls += 1;
        let call = plan.calls;
        if plan.down_from.is_some_and(|first| call >= first) {
            return Some(Fault::Before);
        }
        plan.once.take_if(|(at, _)| *at == call).map(|(_, fault)| fault)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn unavailable() -> StoreError {
    StoreError::Unavailable("the test switched it off".into())
}
