//! Messages. Bodies are base64, as the Functions host expects; nothing here ever expires.

use std::time::Duration;

use app::ports::{Message, QueueName, Refusal, StoreError};
use azure_storage_queues::{PopReceipt, QueueClient};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::Azure;
use super::failure::Failure;
use crate::limits;

/// The crates cannot say "never".
const TIME_TO_LIVE: Duration = Duration::from_hours(3650 * 24);

/// Not repeated: a lost answer to the first try would make two messages of one.
pub(super) async fn put(azure: &Azure, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
    let put = azure.queue_writes.queue_client(queue.as_str()).put_message(BASE64_STANDARD.encode(body));
    let put = put.ttl(TIME_TO_LIVE).visibility_timeout(limits::whole_seconds(delay));
    match put.await.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.of_write(Refusal::Message("Azure Storage refuses it"))),
    }
}

/// Not repeated: the messages of a lost answer come back by themselves.
pub(super) async fn receive(
    azure: &Azure,
    queue: QueueName,
    max: usize,
    visibility: Duration,
) -> Result<Vec<Message>, StoreError> {
    let Some(max) = u8::try_from(max.min(limits::MESSAGES)).ok().filter(|max| *max > 0) else { return Ok(Vec::new()) };
    let get = azure.queue_writes.queue_client(queue.as_str()).get_messages();
    let get = get.number_of_messages(max).visibility_timeout(limits::visibility(visibility));
    let messages = get.await.map_err(Failure::from)?.messages.into_iter().map(|message| Message {
        id: message.message_id,
        receipt: message.pop_receipt,
        // What somebody else put there without base64 must be seen too, or it would be received for ever.
        body: decoded(&message.message_text).unwrap_or(message.message_text),
        dequeue_count: u32::try_from(message.dequeue_count).unwrap_or(u32::MAX),
    });
    Ok(messages.collect())
}

pub(super) async fn delete(azure: &Azure, queue: QueueName, message: &Message) -> Result<(), StoreError> {
    let receipt = PopReceipt::new(&message.id, &message.receipt);
    match azure
        .queue_reads
        .queue_client(queue.as_str())
        .pop_receipt_client(receipt)
        .delete()
        .await
        .map_err(Failure::from)
    {
        Ok(_) => Ok(()),
        // Somebody else has it now, or it is gone.
        Err(failure)
            if failure.is("PopReceiptMismatch")
                || failure.is("MessageNotFound")
                || failure.is("InvalidQueryParameterValue") =>
        {
            Ok(())
        }
        Err(failure) => Err(failure.into()),
    }
}

pub(super) async fn depth(azure: &Azure, queue: QueueName) -> Result<u64, StoreError> {
    let answer = azure.queue_reads.queue_client(queue.as_str()).get_metadata().await.map_err(Failure::from)?;
    Ok(answer.approximate_messages_count as u64)
}

/// Makes a queue, if it is not there.
pub(super) async fn make(queue: QueueClient) -> Result<(), StoreError> {
    match queue.create().await.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(failure) if failure.is("QueueAlreadyExists") => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}
