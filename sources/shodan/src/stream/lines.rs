use std::collections::VecDeque;

/// A line, or that there was one too long.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// Cuts what arrives in pieces into lines, holding at most one line of the longest length.
#[derive(Debug)]
pub(super) struct Lines {
    longest: usize,
    ready: VecDeque<Line>,
    begun: Vec<u8>,
    /// The line that has begun is too long already: the rest of it is passed over.
    skipping: bool,
}

impl Lines {
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, ready: VecDeque::new(), begun: Vec::new(), skipping: false }
    }

    pub(super) fn push(&mut self, mut chunk: &[u8]) {
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            self.extend(&chunk[..end]);
            let line = std::mem::take(&mut self.begun);
            let line = if std::mem::take(&mut self.skipping) { Line::TooLong } else { Line::Whole(line) };
            self.ready.push_back(line);
            chunk = &chunk[end + 1..];
        }
        self.extend(chunk);
    }

    pub(super) fn pop(&mut self) -> Option<Line> {
        self.ready.pop_front()
    }

    fn extend(&mut self, part: &[u8]) {
        if self.skipping || self.begun.len() + part.len() > self.longest {
            self.skipping = true;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(longest: usize, chunks: &[&[u8]]) -> Vec<Line> {
        let mut lines = Lines::new(longest);
        for chunk in chunks {
            lines.push(chunk);
        }
        std::iter::from_fn(|| lines.pop()).collect()
    }

    #[test]
    fn a_line_too_long_costs_only_itself() {
        let lines = cut(4, &[b"ab\ncd", b"ef", b"gh\nij\n\nkl"]);
        let whole = |text: &str| Line::Whole(text.into());
        assert_eq!(lines, [whole("ab"), Line::TooLong, whole("ij"), whole("")]);
    }

    proptest! {
        #[test]
        fn where_the_pieces_end_does_not_count(text in "[ab\n]{0,60}", cuts in prop::collection::vec(0usize..60, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(cut(5, &pieces), cut(5, &[text.as_bytes()]));
        }
    }
}
