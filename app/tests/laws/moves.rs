//! What can happen, as proptest draws it.

use app::testing::Fault;
use domain::finding::FindingState;
use proptest::collection::vec;
use proptest::prelude::*;

/// What is watched: addresses inside the network, one outside, and the network.
pub(crate) const TARGETS: [&str; 5] = ["8.8.8.1", "8.8.8.2", "8.8.8.3", "9.9.9.9", "8.8.8.0/29"];
/// Of what a source knows something: in and beside what is watched.
pub(crate) const HOSTS: [&str; 5] = ["8.8.8.1", "8.8.8.2", "8.8.8.5", "9.9.9.9", "9.9.9.8"];
/// What a host may answer with; some of it is a finding.
pub(crate) const SERVICES: [(u16, &str); 6] =
    [(23, "telnet"), (502, "modbus"), (80, "http"), (443, "https"), (5900, "vnc"), (1883, "mqtt")];
/// The states into which a person can bring a finding.
pub(crate) const DECISIONS: [FindingState; 5] = [
    FindingState::Open,
    FindingState::Acknowledged,
    FindingState::Accepted,
    FindingState::FalsePositive,
    FindingState::Resolved,
];

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Somebody registers a target.
    Watch(usize),
    /// Somebody retires the n-th asset.
    Retire(usize),
    /// Somebody says that the n-th asset is critical.
    Matters(usize),
    /// Somebody decides about the n-th finding.
    Decide(usize, usize),
    /// A host answers with these services from now on.
    Answers(usize, Vec<bool>),
    /// Nothing is known of a host any more.
    Forgotten(usize),
    /// From now on the source fails, or does not.
    SourceFails(bool),
    /// From now on the receiver refuses, or does not.
    ReceiverRefuses(bool),
    /// The timer fires.
    Tick,
    /// The queue is worked off.
    Drain,
    /// So many minutes go by.
    Pass(i64),
    /// The process ends and another one starts.
    Restart,
}

/// A storage call that fails during a step, and whether the process dies of it.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// Which call of the step, from 1.
    pub call: usize,
    /// How.
    pub fault: Fault,
    /// Does every later call of the step fail too?
    pub dies: bool,
}

/// Scripts that begin with something to see, so that most of them matter.
pub(crate) fn script() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 4..40).prop_map(|rest| {
        let opening = [Step::Answers(0, vec![true, true, true]), Step::Watch(0), Step::Tick];
        opening.into_iter().chain(rest).collect()
    })
}

/// The same with trouble in some of the steps.
pub(crate) fn troubled_script() -> impl Strategy<Value = Vec<(Step, Option<Trouble>)>> {
    let fault = prop_oneof![Just(Fault::Before), Just(Fault::After), Just(Fault::Lost)];
    let trouble = (1_usize..30, fault, any::<bool>()).prop_map(|(call, fault, dies)| Trouble { call, fault, dies });
    let troubles = vec(proptest::option::weighted(0.4, trouble), 43);
    (script(), troubles).prop_map(|(script, troubles)| script.into_iter().zip(troubles).collect())
}

fn step() -> impl Strategy<Value = Step> {
    let services = vec(any::<bool>(), SERVICES.len());
    prop_oneof![
        2 => (0..TARGETS.len()).prop_map(Step::Watch),
        1 => (0_usize..5).prop_map(Step::Retire),
        1 => (0_usize..5).prop_map(Step::Matters),
        4 => (0_usize..12, 0..DECISIONS.len()).prop_map(|(finding, state)| Step::Decide(finding, state)),
        4 => (0..HOSTS.len(), services).prop_map(|(host, services)| Step::Answers(host, services)),
        1 => (0..HOSTS.len()).prop_map(Step::Forgotten),
        1 => any::<bool>().prop_map(Step::SourceFails),
        1 => any::<bool>().prop_map(Step::ReceiverRefuses),
        5 => Just(Step::Tick),
        2 => Just(Step::Drain),
        4 => prop_oneof![1_i64..10, 60_i64..300, 1_000_i64..60_000].prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}
