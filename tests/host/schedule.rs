//! NCRONTAB, as far as it takes to tell a schedule from a mistake: five fields, or six with seconds first.

/// Each field's smallest and greatest number, seconds first.
const FIELDS: [(u32, u32); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
const NAMES: [&str; 19] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun", "mon", "tue", "wed",
    "thu", "fri", "sat",
];

/// Would the host take this schedule?
pub(super) fn is_valid(schedule: &str) -> bool {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let bounds = match fields.len() {
        6 => &FIELDS[..],
        5 => &FIELDS[1..],
        _ => return false,
    };
    fields.iter().zip(bounds).all(|(field, bounds)| field.split(',').all(|part| is_part(part, *bounds)))
}

fn is_part(part: &str, bounds: (u32, u32)) -> bool {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let step = step.parse::<u32>().is_ok_and(|step| step > 0);
    let range = match range.split_once('-') {
        Some((from, to)) => is_value(from, bounds) && is_value(to, bounds),
        None => range == "*" || is_value(range, bounds),
    };
    step && range
}

fn is_value(value: &str, (least, most): (u32, u32)) -> bool {
    let named = NAMES.contains(&value.to_ascii_lowercase().as_str()) && most <= 12;
    named || value.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn schedules_are_told_from_mistakes() {
        for right in ["0 * * * * *", "*/15 * * * *", "0 0 9-17 * * mon-fri", "0 30 9 1,15 jan *", "30 */5 * * * *"] {
            assert!(is_valid(right), "{right}");
        }
        for wrong in ["", "* * *", "60 * * * * *", "0 * * * * * *", "*/0 * * * * *", "0 a * * * *", "@hourly"] {
            assert!(!is_valid(wrong), "{wrong}");
        }
    }
}
