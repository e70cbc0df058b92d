use app::ports::ChannelLetter;

use super::page::{Block, Page};
use super::words::{counted, instant, line};

/// A channel's receiver fails, or the channel was switched off: never silently.
pub(super) fn page(letter: &ChannelLetter) -> Page {
    let channel = line(&letter.channel, 100);
    let state = if letter.disabled { "is switched off" } else { "is failing" };
    let mut facts = vec![
        ("Channel", channel.clone()),
        ("Organization", line(&letter.organization, 100)),
        ("Failing since", instant(letter.failing_since)),
        ("Last error", line(&letter.last_error, 500)),
        ("Not delivered", counted(letter.undelivered, "notification")),
    ];
    let off = letter.disabled_at.map(instant);
    facts.extend(off.clone().map(|off| (if letter.disabled { "Switched off" } else { "Switched off from" }, off)));
    let advice = match (letter.disabled, off) {
        (true, _) => "Nothing more is sent there. Repair the receiver, switch the channel on again, and send again what was not delivered.".into(),
        (false, Some(off)) => format!("Repair the receiver: attempts go on, and the channel is switched off on {off}."),
        (false, None) => "Repair the receiver: attempts go on.".into(),
    };
    Page::new(&format!("The channel {channel} {state}"))
        .push(Block::Heading { chip: None, text: format!("The channel {channel} {state}") })
        .push(Block::Facts(facts))
        .push(Block::Paragraph(advice))
        .button("Open the channel", &letter.url)
        .footer(&letter.footer)
}
