//! Strangers cannot play the Functions host's timer or queue.

use crate::world::{Mode, Wishes, World};

#[tokio::test]
async fn strangers_cannot_play_the_timer_or_the_queue() {
    let Some(world) = World::deployed(Mode::Azure, Wishes::default()).await else { return };
    let host = &world.host().unwrap().host;
    for function in ["poll", "notify"] {
        let spoofed = host.spoof(function, "{}").await.unwrap();
        assert_eq!((spoofed.through_host.as_u16(), spoofed.direct.as_u16()), (404, 404), "{function}");
    }
}
