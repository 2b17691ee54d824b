//! Which rows belong together: by the value of a field for slices, by its identity for clusters.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

/// Values of a field that are told apart; the rest are taken together.
const MOST_VALUES: usize = 1_000;
/// Bytes of a value that are shown.
const LONGEST_VALUE: usize = 200;
/// What stands for rows without the field, and for values beyond the most; a value that reads so, or like
/// nothing, stands in quotes.
const NONE: &str = "(none)";
const OTHERS: &str = "(other values)";
const NO_VALUE: u16 = 0;
const OTHER: u16 = 1;
const FIRST: u16 = 2;

/// The rows of a dataset by the value of one field; two bytes a row.
///
/// ```
/// let mut slicing = eval_report::Slicing::new("/country");
/// for value in [Some("de"), Some("fr"), None, Some("de")] {
///     slicing.push(value);
/// }
/// assert_eq!(slicing.rows(), 4);
/// ```
#[derive(Debug, Clone)]
pub struct Slicing {
    field: String,
    of: Vec<u16>,
    values: Vec<String>,
    known: HashMap<String, u16>,
    is_full: bool,
}

impl Slicing {
    /// No rows yet, by the field at this JSON Pointer.
    pub fn new(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            of: Vec::new(),
            values: vec![NONE.to_owned(), OTHERS.to_owned()],
            known: HashMap::new(),
            is_full: false,
        }
    }

    /// Adds the next row with its value, a text as it is and anything else as JSON; `None` where the field is not.
    pub fn push(&mut self, value: Option<&str>) {
        let group = value.map_or(NO_VALUE, |value| self.group_of(value));
        self.of.push(group);
    }

    fn group_of(&mut self, value: &str) -> u16 {
        let name = short(value);
        if let Some(group) = self.known.get(&name) {
            return *group;
        }
        if self.known.len() == MOST_VALUES {
            self.is_full = true;
            return OTHER;
        }
        let group = u16::try_from(self.known.len()).map_or(OTHER, |at| FIRST + at);
        self.values.push(name.clone());
        self.known.insert(name, group);
        group
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.of.len() as u64
    }

    /// The field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Whether some values were taken together because there are too many.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// How many groups there are, those of rows without the field and of other values included.
    pub(crate) fn groups(&self) -> usize {
        self.values.len()
    }

    /// The numbers of the rows of each group; four bytes a row.
    pub(crate) fn rows_by_group(&self) -> Vec<Vec<u32>> {
        let mut counts = vec![0; self.groups()];
        for group in &self.of {
            if let Some(count) = counts.get_mut(usize::from(*group)) {
                *count += 1;
            }
        }
        let mut rows: Vec<Vec<u32>> = counts.into_iter().map(Vec::with_capacity).collect();
        for (group, row) in self.of.iter().zip(0..) {
            if let Some(rows) = rows.get_mut(usize::from(*group)) {
                rows.push(row);
            }
        }
        rows
    }

    pub(crate) fn name(&self, group: usize) -> &str {
        self.values.get(group).map_or("", String::as_str)
    }

    /// Whether the group is no value but what stands for the lack of one.
    pub(crate) fn is_special(group: usize) -> bool {
        group < usize::from(FIRST)
    }

    pub(crate) fn of(&self, row: usize) -> usize {
        usize::from(self.of.get(row).copied().unwrap_or(NO_VALUE))
    }
}

/// A value as it is shown and told apart: long ones by their beginning and a hash of the whole.
fn short(value: &str) -> String {
    if value.trim().is_empty() || [NONE, OTHERS].contains(&value) {
        return format!("\"{value}\"");
    }
    if value.len() <= LONGEST_VALUE {
        return value.to_owned();
    }
    let end = value.floor_char_boundary(LONGEST_VALUE);
    format!("{}… ({:016x})", &value[..end], hash(value))
}

fn hash(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The rows of a dataset by which of them belong together, such as those of one conversation; four bytes a row.
///
/// ```
/// let mut clusters = eval_report::Clusters::new("/conversation");
/// for value in [Some("a"), Some("b"), Some("a"), None, None] {
///     clusters.push(value);
/// }
/// assert_eq!(clusters.count(), 4, "a row without the field is a cluster of its own");
/// ```
#[derive(Debug, Clone)]
pub struct Clusters {
    field: String,
    of: Vec<u32>,
    known: Known,
    count: u32,
}

impl Clusters {
    /// No rows yet, by the field at this JSON Pointer.
    pub fn new(field: impl Into<String>) -> Self {
        Self { field: field.into(), of: Vec::new(), known: Known::default(), count: 0 }
    }

    /// Adds the next row with its value; `None` where the field is not.
    pub fn push(&mut self, value: Option<&str>) {
        let cluster = value.map_or(self.count, |value| self.known.number(hash(value), self.count));
        if cluster == self.count {
            self.count = self.count.saturating_add(1);
        }
        self.of.push(cluster);
    }

    /// After the last row: forgets the values, which nobody needs any more, and took more memory than the rows.
    pub fn forget_values(&mut self) {
        self.known = Known::default();
    }

    /// The clusters of these rows alone: row 0 is the first of `rows`, and so on. A row beyond the last is one more
    /// cluster with others of that kind.
    ///
    /// ```
    /// let mut clusters = eval_report::Clusters::new("/conversation");
    /// for value in ["a", "b", "c", "b"] {
    ///     clusters.push(Some(value));
    /// }
    /// assert_eq!(clusters.picked([3, 1, 2].into_iter()).count(), 2);
    /// ```
    #[must_use]
    pub fn picked(&self, rows: impl Iterator<Item = u64>) -> Self {
        let mut picked = Self::new(self.field.clone());
        for row in rows {
            let of = self.of(usize::try_from(row).unwrap_or(usize::MAX));
            let cluster = picked.known.number(u64::from(of), picked.count);
            if cluster == picked.count {
                picked.count = picked.count.saturating_add(1);
            }
            picked.of.push(cluster);
        }
        picked.forget_values();
        picked
    }

    /// How many clusters there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The number of the cluster of a row, from 0 on; rows that were never added are one more cluster.
    pub(crate) fn of(&self, row: usize) -> u32 {
        self.of.get(row).copied().unwrap_or(self.count)
    }
}

/// The numbers of values, by 64 bits of their hash: no two of ten million meet but with a chance of 1 in 300,000.
///
/// A table of places in a list, so that little is copied where it grows: 20 to 28 bytes a value.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The hash and the number of each value, as they came.
    hashes: Vec<u64>,
    numbers: Vec<u32>,
    /// Where a hash stands in the list, counted from 1; 0 where nothing stands. A power of two, at most half full.
    places: Vec<u32>,
}

impl Known {
    /// The number of the value of this hash: `new` if it was not seen before.
    fn number(&mut self, hash: u64, new: u32) -> u32 {
        if self.places.len() < 2 * (self.hashes.len() + 1) {
            self.grow();
        }
        let place = self.place(hash);
        let at = self.places.get(place).copied().unwrap_or_default() as usize;
        if let Some(number) = at.checked_sub(1).and_then(|at| self.numbers.get(at)) {
            return *number;
        }
        self.hashes.push(hash);
        self.numbers.push(new);
        self.occupy(place, self.hashes.len());
        new
    }

    /// The place of a hash, or the free one where it belongs.
    fn place(&self, hash: u64) -> usize {
        let mask = self.places.len() - 1;
        // Any bits of a hash are as good as others; those beyond a machine's word are not needed to tell places apart.
        let start = usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default();
        let stands = |place: &usize| match self.places.get(*place) {
            Some(0) | None => true,
            Some(at) => self.hashes.get(*at as usize - 1) == Some(&hash),
        };
        (0..=mask).map(|step| (start + step) & mask).find(stands).unwrap_or_default()
    }

    fn occupy(&mut self, place: usize, at: usize) {
        if let (Some(place), Ok(at)) = (self.places.get_mut(place), u32::try_from(at)) {
            *place = at;
        }
    }

    fn grow(&mut self) {
        let places = (2 * self.places.len()).max(64);
        // The old places go before the new ones come.
        self.places = Vec::new();
        self.places.resize(places, 0);
        for at in 0..self.hashes.len() {
            let place = self.hashes.get(at).map_or(0, |hash| self.place(*hash));
            self.occupy(place, at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_values_are_told_apart_and_the_rest_taken_together() {
        let mut slicing = Slicing::new("/id");
        for id in 0..1_005 {
            slicing.push(Some(&id.to_string()));
        }
        slicing.push(Some("7"));
        slicing.push(None);
        assert!(slicing.is_full());
        assert_eq!(slicing.groups(), 1_002);
        assert_eq!((slicing.name(slicing.of(7)), slicing.of(7)), ("7", slicing.of(1_005)));
        assert_eq!(slicing.name(slicing.of(1_004)), "(other values)");
        assert_eq!(slicing.name(slicing.of(1_006)), "(none)");
    }

    #[test]
    fn a_value_that_reads_like_none_is_told_from_it() {
        let mut slicing = Slicing::new("/text");
        slicing.push(Some("(none)"));
        slicing.push(None);
        slicing.push(Some(""));
        let names = [0, 1, 2].map(|row| slicing.name(slicing.of(row)));
        assert_eq!(names, ["\"(none)\"", "(none)", "\"\""]);
    }

    #[test]
    fn clusters_are_numbered_as_their_values_come() {
        let mut clusters = Clusters::new("/talk");
        let values: Vec<Option<String>> = (0..5_000_u32)
            .map(|row| (row % 7 > 0).then(|| (row * 7_919 % 1_201).to_string()))
            .collect();
        let mut wanted = HashMap::new();
        let mut numbers = Vec::new();
        let mut count = 0;
        for value in &values {
            clusters.push(value.as_deref());
            let number =
                value.as_ref().map_or(count, |value| *wanted.entry(value).or_insert(count));
            count += u32::from(number == count);
            numbers.push(number);
        }
        clusters.forget_values();
        assert_eq!(clusters.count(), count);
        assert!(numbers.iter().enumerate().all(|(row, number)| clusters.of(row) == *number));
        assert_eq!(clusters.of(5_000), count);
    }

    #[test]
    fn long_values_are_cut_and_still_told_apart() {
        let [one, other] = ["a", "b"].map(|end| format!("{}{end}", "é".repeat(300)));
        let mut slicing = Slicing::new("/text");
        slicing.push(Some(&one));
        slicing.push(Some(&other));
        assert_ne!(slicing.of(0), slicing.of(1));
        assert!(slicing.name(slicing.of(0)).len() < 240);
    }
}
