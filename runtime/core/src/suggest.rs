//! The nearest known name to a misspelt one.

/// What share of a name must be right: slips of the fingers leave more, names that only begin alike have less.
const ALIKE: f64 = 0.6;

/// The name most like `wanted`, if any is alike enough to be what was meant.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_few(wanted, known, 1).into_iter().next()
}

/// Up to `most` names like `wanted`, the most alike first.
pub fn nearest_few<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(score, _)| *score > ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(most).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let known = ["params", "node_type", "id"];
        assert_eq!(nearest("parms", known), Some("params"));
        assert_eq!(nearest("Nodetype", known), Some("node_type"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(nearest("AudioResample", ["AudioFileSourceNode", "FastResampleNode"]), None);
        assert_eq!(nearest("lift", ["left", "right"]), Some("left"));
    }
}
