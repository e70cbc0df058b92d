use app::testing::Fault;

use crate::plant::Plant;

#[tokio::test]
async fn nothing_is_lost_by_a_process_that_dies_before_a_call_reaches_the_store() {
    at_every_call(Fault::Before, true).await;
}

#[tokio::test]
async fn nothing_is_lost_by_a_process_that_dies_after_the_store_did_what_it_was_asked() {
    at_every_call(Fault::After, true).await;
}

#[tokio::test]
async fn nothing_is_lost_by_a_process_that_never_learns_whether_the_store_did_it() {
    at_every_call(Fault::Lost, false).await;
}

/// At each call in turn: the fault, and the end of the process if it dies of it; then another process takes over.
async fn at_every_call(fault: Fault, dies: bool) {
    let (folder, outside) = Plant::founded().await;
    let fresh = || Plant::on_copy(folder.path(), &Plant::another_world(&outside));
    let calls = {
        let plant = fresh();
        plant.whole_way().await;
        let calls = plant.faults.calls();
        plant.goes_on().await;
        plant.is_whole("no fault").await;
        calls
    };
    assert!(calls > 50, "{calls} calls are too few to be the whole way");
    for at in 1..=calls {
        let plant = fresh();
        plant.faults.fail_at(at, fault);
        if dies {
            plant.faults.down_at(at + 1);
        }
        plant.whole_way().await;
        let plant = plant.restarted();
        plant.goes_on().await;
        plant.is_whole(&format!("{fault:?} at call {at} of {calls}")).await;
    }
}
