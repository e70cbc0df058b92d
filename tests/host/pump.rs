use app::ports::{Message, Queue, QueueName};
use futures_util::future::join_all;

use super::function::Trigger;
use super::{FunctionsHost, HostError};

/// What a turn of the queue brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pumped {
    /// So many invocations succeeded; their messages are deleted.
    pub delivered: usize,
    /// Why the others failed; their messages come back after `visibilityTimeout`, or are poison now.
    pub failed: Vec<String>,
    /// So many messages went to the poison queue.
    pub poisoned: usize,
}

/// What became of one message.
enum Fate {
    Delivered,
    Failed(String),
    Poisoned(Option<String>),
}

impl FunctionsHost {
    /// Takes what is visible in `notifications`, batch by batch with a batch's messages side by side, until nothing is.
    ///
    /// A message that fails stays hidden for `visibilityTimeout` (a setting
    /// `AzureFunctionsJobHost__extensions__queues__visibilityTimeout` may shorten it) and goes to
    /// `notifications-poison` after `maxDequeueCount` tries. The host renews a message's lease while it runs and this
    /// stand-in does not: an invocation must end within `visibilityTimeout`, or the message is seen twice.
    ///
    /// # Errors
    /// An answer over which the host would hang, or a queue that cannot be reached.
    pub async fn pump(&self, queue: &dyn Queue) -> Result<Pumped, HostError> {
        let function = self.queue_function(QueueName::Notifications)?;
        let settings = self.application.queues;
        let mut pumped = Pumped::default();
        loop {
            let hidden = settings.visibility_timeout;
            let messages = queue.receive(QueueName::Notifications, settings.batch_size, hidden).await?;
            if messages.is_empty() {
                return Ok(pumped);
            }
            let fates = join_all(messages.iter().map(|message| self.dispatch(queue, &function, message))).await;
            for fate in fates {
                match fate? {
                    Fate::Delivered => pumped.delivered += 1,
                    Fate::Failed(why) => pumped.failed.push(why),
                    Fate::Poisoned(why) => {
                        pumped.poisoned += 1;
                        pumped.failed.extend(why);
                    }
                }
            }
        }
    }

    async fn dispatch(&self, queue: &dyn Queue, function: &str, message: &Message) -> Result<Fate, HostError> {
        let most = self.application.queues.max_dequeue_count;
        if message.dequeue_count > most {
            poison(queue, message).await?;
            return Ok(Fate::Poisoned(None));
        }
        match self.queue_message(function, &message.body, message.dequeue_count).await {
            Ok(_) => {
                queue.delete(QueueName::Notifications, message).await?;
                Ok(Fate::Delivered)
            }
            Err(hang @ HostError::WouldHang { .. }) => Err(hang),
            Err(failed) if message.dequeue_count >= most => {
                poison(queue, message).await?;
                Ok(Fate::Poisoned(Some(failed.to_string())))
            }
            Err(failed) => Ok(Fate::Failed(failed.to_string())),
        }
    }

    fn queue_function(&self, name: QueueName) -> Result<String, HostError> {
        let reads = |trigger: &Trigger| matches!(trigger, Trigger::Queue { queue, .. } if queue == name.as_str());
        let function = self.application.functions.iter().find(|function| reads(&function.trigger));
        let missing = || HostError::NoFunction { kind: "queue", name: name.as_str().to_owned() };
        function.map(|function| function.name.clone()).ok_or_else(missing)
    }
}

/// First the copy, then the deletion: a crash between the two leaves a message twice, never nowhere.
async fn poison(queue: &dyn Queue, message: &Message) -> Result<(), HostError> {
    queue.put(QueueName::NotificationsPoison, &message.body, std::time::Duration::ZERO).await?;
    Ok(queue.delete(QueueName::Notifications, message).await?)
}
