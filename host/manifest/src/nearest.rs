//! "Did you mean …?"

/// The candidate that `word` most likely misspells, if one is near enough. Case and `-` against `_` do not count.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any id: a misspelling of none, and not worth the comparison.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase().replace('-', "_");
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.replace('-', "_")), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters to insert, delete, replace or swap with their neighbour between `a` and `b` (optimal string
/// alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut row_before: Vec<usize> = Vec::new();
    let mut a_before = None;
    for (i, in_a) in a.chars().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        let mut next = vec![left];
        let mut b_before = None;
        // Where the pair of letters before this one ended, two rows up and two columns back.
        let mut swapped_from = [None].into_iter().chain(row_before.iter().copied().map(Some));
        for (in_b, up) in b.iter().copied().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(in_a != in_b);
            left = replaced.min(left + 1).min(up + 1);
            if let Some(before) = swapped_from.next().flatten()
                && (a_before, b_before) == (Some(in_b), Some(in_a))
            {
                left = left.min(before + 1);
            }
            b_before = Some(in_b);
            diagonal = *up;
            next.push(left);
        }
        row_before = std::mem::replace(&mut row, next);
        a_before = Some(in_a);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
        assert_eq!(distance("port", "port"), 0);
        assert_eq!(distance("prot", "port"), 1);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("xab", "ba"), 2);
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_foreign_one_finds_none() {
        let ids = ["host", "port", "tls_name", "password"];
        assert_eq!(nearest("prot", ids), Some("port"));
        assert_eq!(nearest("por", ids), Some("port"));
        assert_eq!(nearest("pint", ids), None, "two letters of four is a guess");
        assert_eq!(nearest("TLS-Name", ids), Some("tls_name"));
        assert_eq!(nearest("pasword", ids), Some("password"));
        assert_eq!(nearest("colour", ids), None);
        assert_eq!(nearest(&"x".repeat(100_000), ids), None);
    }
}
