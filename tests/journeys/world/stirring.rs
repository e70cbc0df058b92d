use std::time::Duration;

use app::ports::{Queue, QueueName};
use app::testing::SeededIds;

use super::{Program, World};
use crate::killing::below;

/// So many messages are taken at once.
const SOME: usize = 16;
/// While they are held nobody else sees them.
const HELD: Duration = Duration::from_secs(5);

impl World {
    /// Messages come later than others that were put after them, and some come twice. On a machine nobody but the
    /// program has its queue: there only [`World::restart_stirred`] does it.
    pub(crate) async fn stir(&self, random: &SeededIds) {
        if let Program::Azure(azure) = &self.program {
            stir(&azure.queue, random).await;
        }
    }

    /// Starts it again on what it left, stirred.
    pub(crate) async fn restart_stirred(&self, random: &SeededIds) {
        match &self.program {
            Program::Machine(machine) => stir(&machine.store(), random).await,
            Program::Azure(azure) => stir(&azure.queue, random).await,
        }
        self.restart().await;
    }
}

async fn stir(queue: &dyn Queue, random: &SeededIds) {
    for message in queue.receive(QueueName::Notifications, SOME, HELD).await.unwrap() {
        for _ in 0..=below(random, 2) {
            let later = Duration::from_millis(below(random, 3_000));
            queue.put(QueueName::Notifications, &message.body, later).await.unwrap();
        }
        queue.delete(QueueName::Notifications, &message).await.unwrap();
    }
}
