//! The known word that a misspelt one was probably meant to be.

/// The word of `known` that is nearest to `word`, unless none is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| {
            let likeness = strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase());
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_words_are_suggested() {
        let known = ["MULTIPLE", "NO_QT", "NO_QR"];
        let rows = [
            ("MULTIPL", Some("MULTIPLE")),
            ("multiple", Some("MULTIPLE")),
            ("FLAVOUR", None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
