//! Names that are spelt much like one that does not exist.

use batch_backend::ModelId;

/// How many of them are told.
const MOST: usize = 3;

/// The names of `known` closest to `asked`, the closest first; none when none is close.
pub(crate) fn closest(asked: &ModelId, known: impl Iterator<Item = ModelId>) -> Vec<ModelId> {
    let asked = asked.as_str().to_lowercase();
    let most = (asked.len() / 3).max(2);
    let mut ranked: Vec<(usize, ModelId)> = known
        .map(|name| (distance(&asked, &name.as_str().to_lowercase()), name))
        .filter(|(distance, name)| *distance <= most || name.as_str().starts_with(&asked))
        .collect();
    ranked.sort_by(|a, b| (a.0, a.1.as_str()).cmp(&(b.0, b.1.as_str())));
    ranked.dedup();
    ranked.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// How many letters must be put in, taken out or changed to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let changed = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};
    use batch_backend::ModelId;

    #[test]
    fn distances_count_letters() {
        for (one, other, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn few_close_names_are_told_in_order() {
        let id = |name: &str| ModelId::parse(name).unwrap();
        let known = ["gemini-3.6-flash", "gemini-3.5-flash", "gemini-3.5-flash-lite", "imagen-9"];
        let near = |asked: &str| {
            let names = closest(&id(asked), known.iter().copied().map(id));
            names.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(near("gemini-3.6-flsh"), ["gemini-3.6-flash", "gemini-3.5-flash"]);
        assert_eq!(near("Gemini-3.5-Flash")[0], "gemini-3.5-flash");
        assert_eq!(near("gemini-3.5").len(), 2, "a beginning is close to the whole");
        assert!(near("claude").is_empty());
    }
}
