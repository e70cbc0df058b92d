//! What queues promise.

use std::time::Duration;

use app::ports::{Message, QueueName};

use super::{Case, World};

pub(super) const CASES: &[Case] = &[
    ("a message comes back as it was put, once", |w| Box::pin(round_trip(w))),
    ("a delayed message is hidden until then", |w| Box::pin(delay(w))),
    ("a received message comes back with its count risen", |w| Box::pin(visibility(w))),
    ("a receipt that is no longer valid deletes nothing", |w| Box::pin(stale_receipt(w))),
    ("no more than 32 messages come at once", |w| Box::pin(many(w))),
    ("the depth counts hidden messages too", |w| Box::pin(depth(w))),
    ("queues are apart", |w| Box::pin(apart(w))),
];

const QUEUE: QueueName = QueueName::Notifications;
const MINUTE: Duration = Duration::from_mins(1);

async fn put(w: &World, body: &str) {
    w.queue.put(QUEUE, body, Duration::ZERO).await.unwrap();
}

async fn receive(w: &World, visibility: Duration) -> Vec<Message> {
    w.queue.receive(QUEUE, 32, visibility).await.unwrap()
}

async fn delete_all(w: &World, messages: &[Message]) {
    for message in messages {
        w.queue.delete(QUEUE, message).await.unwrap();
    }
}

async fn round_trip(w: &World) {
    for body in ["[1,\"route\",\"org\",1,7]", "", "a<b>&'\"é😀\u{1}\n", &"x".repeat(49_152), &"é".repeat(24_576)] {
        put(w, body).await;
        let messages = receive(w, MINUTE).await;
        let [message] = &messages[..] else { panic!("{} messages", messages.len()) };
        assert!(message.body == *body, "{body:.20}");
        assert_eq!(message.dequeue_count, 1);
        assert!(receive(w, MINUTE).await.is_empty(), "it is hidden");
        delete_all(w, &messages).await;
        delete_all(w, &messages).await;
    }
    assert_eq!(w.queue.depth(QUEUE).await.unwrap(), 0);
    assert!(w.queue.receive(QUEUE, 0, MINUTE).await.unwrap().is_empty());
}

async fn delay(w: &World) {
    w.queue.put(QUEUE, "later", Duration::from_millis(1_500)).await.unwrap();
    assert!(receive(w, MINUTE).await.is_empty());
    w.pass(3).await;
    let messages = receive(w, MINUTE).await;
    assert_eq!(messages.len(), 1);
    delete_all(w, &messages).await;
    w.queue.put(QUEUE, "next week", Duration::from_hours(168)).await.unwrap();
    assert!(receive(w, MINUTE).await.is_empty());
}

async fn visibility(w: &World) {
    put(w, "again").await;
    for count in 1..=3 {
        let messages = receive(w, Duration::from_millis(300)).await;
        assert_eq!(messages.iter().map(|message| message.dequeue_count).collect::<Vec<_>>(), [count]);
        assert_eq!(messages[0].body, "again");
        if count == 3 {
            delete_all(w, &messages).await;
        }
        w.pass(2).await;
    }
    assert!(receive(w, MINUTE).await.is_empty());
}

async fn stale_receipt(w: &World) {
    put(w, "mine").await;
    let first = receive(w, Duration::from_secs(1)).await;
    w.pass(2).await;
    let second = receive(w, Duration::from_secs(1)).await;
    delete_all(w, &first).await;
    w.pass(2).await;
    let third = receive(w, MINUTE).await;
    assert_eq!((second.len(), third.len()), (1, 1), "the stale receipt deleted nothing");
    assert_eq!(third[0].id, first[0].id);
    delete_all(w, &third).await;
}

async fn many(w: &World) {
    for i in 0..40 {
        put(w, &i.to_string()).await;
    }
    let five = w.queue.receive(QUEUE, 5, MINUTE).await.unwrap();
    assert_eq!(five.len(), 5);
    let more = w.queue.receive(QUEUE, 1_000, MINUTE).await.unwrap();
    assert_eq!(more.len(), 32);
    let rest = receive(w, MINUTE).await;
    let all = [five, more, rest].concat();
    let mut bodies: Vec<u32> = all.iter().map(|message| message.body.parse().unwrap()).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, (0..40).collect::<Vec<_>>());
    delete_all(w, &all).await;
}

async fn depth(w: &World) {
    let before = w.queue.depth(QUEUE).await.unwrap();
    put(w, "visible").await;
    put(w, "hidden").await;
    let messages = w.queue.receive(QUEUE, 1, MINUTE).await.unwrap();
    assert_eq!(w.queue.depth(QUEUE).await.unwrap(), before + 2);
    delete_all(w, &messages).await;
    assert_eq!(w.queue.depth(QUEUE).await.unwrap(), before + 1);
    delete_all(w, &receive(w, MINUTE).await).await;
    assert_eq!(w.queue.depth(QUEUE).await.unwrap(), before);
}

async fn apart(w: &World) {
    w.queue.put(QueueName::NotificationsPoison, "poison", Duration::ZERO).await.unwrap();
    assert!(receive(w, MINUTE).await.is_empty());
    let messages = w.queue.receive(QueueName::NotificationsPoison, 32, MINUTE).await.unwrap();
    assert_eq!(messages.len(), 1);
    w.queue.delete(QueueName::NotificationsPoison, &messages[0]).await.unwrap();
}
