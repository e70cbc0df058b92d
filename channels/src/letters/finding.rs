use app::ports::{EvidenceLine, FindingLetter};
use domain::event::{Change, EventType};
use jiff::Timestamp;

use super::page::{Block, Page, Quote};
use super::words::{age, happened, instant, line, sureness, what_and_where};

/// One event about one finding: what, where, why now, what was seen, what to do.
pub(super) fn page(letter: &FindingLetter) -> Page {
    let over = letter.event == EventType::FindingResolved;
    let what = what_and_where(&letter.title, letter.place.as_deref(), Some(&letter.asset));
    let subject = format!("{} {}: {what}", letter.severity.as_str(), happened(letter.event));
    let page = Page::new(&subject)
        .push(Block::Heading { chip: Some(letter.severity.into()), text: line(&letter.title, 300) })
        .push(Block::Facts(facts(letter)));
    let page = match &letter.note {
        Some(note) => page.push(Block::Section("What was written")).paragraphs(note),
        None => page,
    };
    let page = page
        .section("What changed", Block::Bullets(letter.changes.iter().map(change).collect()))
        .section(
            "Why now",
            Block::Bullets(if over { vec![] } else { letter.reasons.iter().map(|r| line(r, 500)).collect() }),
        )
        .section("What was seen", Block::Quotes(letter.evidence.iter().map(|e| quote(e, letter.at)).collect()));
    let page = match letter.remediation.trim() {
        "" => page,
        _ if over => page,
        remediation => page.push(Block::Section("What to do")).paragraphs(remediation),
    };
    page.button("Open the finding", &letter.url).footer(&letter.footer)
}

fn facts(letter: &FindingLetter) -> Vec<(&'static str, String)> {
    let by = letter.actor.as_ref().map_or_else(String::new, |actor| format!(" by {}", line(actor, 100)));
    let mut facts = vec![("What happened", format!("{}{by}, {}", happened(letter.event), instant(letter.at)))];
    facts.extend(letter.place.as_ref().map(|place| ("Where", line(place, 200))));
    let owner = letter.owner.as_ref().map_or_else(String::new, |owner| format!(", owned by {}", line(owner, 100)));
    facts.push(("Asset", format!("{}{owner}", line(&letter.asset, 200))));
    facts.push(("Severity", format!("{}, {}", letter.severity.as_str(), sureness(letter.confidence))));
    facts.push(("Risk", format!("{} of 100", letter.risk_score)));
    facts.extend(letter.due_at.map(|due| ("Due", instant(due))));
    facts.push(("Organization", line(&letter.organization, 100)));
    facts
}

fn change(change: &Change) -> String {
    let side = |value: &Option<String>| value.as_deref().map_or_else(|| "none".into(), |v| line(v, 200));
    format!("{}: {} → {}", line(&change.field, 50), side(&change.before), side(&change.after))
}

fn quote(evidence: &EvidenceLine, at: Timestamp) -> Quote {
    let (source, field) = (line(&evidence.source, 50), line(&evidence.field, 100));
    Quote {
        caption: format!(
            "{source}, {field}, seen {} ({})",
            instant(evidence.observed_at),
            age(evidence.observed_at, at)
        ),
        value: line(&evidence.value, 512),
    }
}
