//! What somebody probably meant.

/// The candidate nearest to a word, if it is near enough to be a typo of it.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = if word.len() <= 4 { 1 } else { 2 };
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, letters in either case being equal.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let fields = || ["port", "product", "banner", "mqtt"].into_iter();
        assert_eq!(nearest("porrt", fields()), Some("port"));
        assert_eq!(nearest("Product", fields()), Some("product"));
        assert_eq!(nearest("mqt", fields()), Some("mqtt"));
        assert_eq!(nearest("hostname", fields()), None);
        assert_eq!(nearest("x", fields()), None);
    }
}
