//! Same clock, same inputs, same result: no hidden time, no hidden randomness.

use app::ports::{QueueName, Row, Table};
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::moves::{Step, script};
use crate::plant::Plant;

/// Everything that can be seen from outside.
#[derive(Debug, PartialEq)]
struct World {
    rows: Vec<(Table, String, Row)>,
    messages: Vec<String>,
    requests: Vec<(String, i64, String)>,
    mails: Vec<(String, String, String)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_same_script_makes_the_same_world_to_the_byte(script in script()) {
        let (one, other) = (world(&script), world(&script));
        for (row, same) in one.rows.iter().zip(&other.rows) {
            prop_assert_eq!(row, same);
        }
        prop_assert_eq!(one, other);
    }
}

/// Tokio's own clock stands still: what it would measure (how long an attempt took) is no input of the script.
fn world(script: &[Step]) -> World {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut plant = Plant::new().await;
        for step in script {
            plant.undergo(step, None).await;
        }
        let queues = [QueueName::Notifications, QueueName::NotificationsPoison];
        World {
            rows: plant.bench.tables.everything(),
            messages: queues.into_iter().flat_map(|queue| plant.bench.queue.bodies(queue)).collect(),
            requests: plant.receiver.requests().into_iter().map(|r| (r.id, r.timestamp, r.body)).collect(),
            mails: plant.mailer.mails().into_iter().map(|m| (m.message_id, m.subject, m.text)).collect(),
        }
    })
}
