//! Edits of a request that leave every byte alone that they do not name.

mod apply;
mod drops;
mod path;
mod tree;

#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;

pub use self::{drops::Drops, path::PathError};
pub(crate) use self::{drops::cuts, tree::member};
use self::{
    path::Path,
    tree::{Node, Place},
};
use crate::{SyntaxError, spelling::Names};

/// Changes to a request, each at a JSON Pointer (RFC 6901) into it.
///
/// All pointers mean places in the request as it comes; where two say the same place, the later one
/// counts. Names of the API's fields are the same in `camelCase` and `snake_case`, names of the user's
/// own (in `properties`, `args`, `labels` and schemas) only when they are equal. Parents that are
/// missing or null are made as objects, `-` adds an element to an array. What is new is put behind
/// the last member, what is taken out takes its comma along.
///
/// ```
/// use jsonl_transform::Edits;
/// let edits = Edits::new()
///     .set("/generationConfig/temperature", b"0.5")?
///     .remove("/tools")?;
/// let request = br#"{"tools":[], "contents":[{}], "generation_config":{"topK":1.0}}"#;
/// let edited = edits.edit(request)?;
/// assert_eq!(
///     str::from_utf8(&edited)?,
///     r#"{"contents":[{}], "generation_config":{"topK":1.0,"temperature":0.5}}"#,
/// );
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    root: Node,
    names: Names,
}

/// One change of bytes: what stands at `range` becomes `with`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The bytes that go.
    pub range: Range<usize>,
    /// The bytes that come in their place.
    pub with: Vec<u8>,
}

/// A value that an edit takes out of a request or replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The edit's pointer, as it was given.
    pub pointer: String,
    /// Where the value stands in the request.
    pub value: Range<usize>,
}

/// What edits do to one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditPlan {
    /// The changes, in order and apart from each other.
    pub splices: Vec<Splice>,
    /// The values that are lost thereby; of doubled members the last one.
    pub taken: Vec<Taken>,
}

/// An edit that can't be made, whatever the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The pointer is not one.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The value is not one JSON value.
    #[error("the value for {pointer} is not JSON")]
    Value {
        /// The edit's pointer.
        pointer: String,
        /// What is wrong with it.
        #[source]
        source: SyntaxError,
    },
    /// The pointer leads into a value that an earlier edit set, and that is no object or array.
    #[error("{pointer} leads into a value that was set and has no such place")]
    Inside {
        /// The edit's pointer.
        pointer: String,
    },
    /// `/model` is no part of a batch request: the job names the model.
    #[error("{pointer} can't be set: the job names the model of its rows")]
    Model {
        /// The edit's pointer.
        pointer: String,
    },
    /// Without `contents`, an array that is not empty, there is nothing to answer.
    #[error("the edit would leave requests without contents")]
    Contents,
}

/// Edits don't fit a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct EditFault {
    /// The byte of the request where it shows.
    pub offset: usize,
    /// What is wrong.
    pub problem: EditProblem,
}

/// Why edits don't fit a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditProblem {
    /// A member on the way occurs twice, perhaps in both cases, and parsers differ on which wins.
    #[error("a member that the edit goes through is doubled")]
    Doubled,
    /// Members that are taken out occur over a thousand times.
    #[error("doubled keys without end")]
    DoubledTooOften,
    /// A text, number or boolean stands where the edit needs an object or array.
    #[error("the edit needs an object or array here")]
    NotAContainer,
    /// The array is too short, or the pointer has a name where an array needs an index.
    #[error("the array has no such element")]
    NoElement,
    /// The request is not a JSON object.
    #[error("not a JSON object")]
    NotJson,
}

const CONTENTS: &str = "/contents";

impl Edits {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds: the value at `pointer` becomes `json`, byte for byte.
    ///
    /// # Errors
    /// When the pointer is not one, is `""` or leads to `/model`, or the value is not JSON.
    pub fn set(mut self, pointer: &str, json: &[u8]) -> Result<Self, EditError> {
        let path = Path::parse(pointer)?;
        if path.names().first().is_some_and(|name| name == "model") {
            return Err(EditError::Model { pointer: pointer.to_owned() });
        }
        crate::validate(json)
            .map_err(|source| EditError::Value { pointer: pointer.to_owned(), source })?;
        let is_array = json
            .trim_ascii()
            .strip_prefix(b"[")
            .is_some_and(|rest| rest.trim_ascii_start() != b"]");
        if pointer == CONTENTS && !is_array {
            return Err(EditError::Contents);
        }
        self.root.insert(&path, self.names, Place::Set(json.trim_ascii().to_vec()))?;
        Ok(self)
    }

    /// Adds: the value at `pointer` is taken out with its name, if it is there.
    ///
    /// # Errors
    /// When the pointer is not one, or is `""` or `/contents`.
    pub fn remove(mut self, pointer: &str) -> Result<Self, EditError> {
        if pointer == CONTENTS {
            return Err(EditError::Contents);
        }
        self.root.insert(&Path::parse(pointer)?, self.names, Place::Remove)?;
        Ok(self)
    }

    /// Adds all changes of `later`, which count where both say the same place.
    ///
    /// # Errors
    /// When a change of `later` leads into a value set here that has no such place.
    pub fn then(mut self, later: &Self) -> Result<Self, EditError> {
        self.root.merge(&later.root)?;
        Ok(self)
    }

    /// No changes yet to an object whose names are all the user's.
    fn of_free_names() -> Self {
        Self { names: Names::Free, ..Self::default() }
    }

    /// Whether there are no changes.
    pub fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// The changes of bytes that make these edits in `request`, which must be valid JSON.
    ///
    /// # Errors
    /// When they don't fit it.
    pub fn splices(&self, request: &[u8]) -> Result<Vec<Splice>, EditFault> {
        self.plan(request).map(|plan| plan.splices)
    }

    /// As [`splices`](Self::splices), with the values that are lost.
    ///
    /// # Errors
    /// When they don't fit the request.
    pub fn plan(&self, request: &[u8]) -> Result<EditPlan, EditFault> {
        apply::object(&self.root, self.names, request)
    }

    /// The request with these edits made.
    ///
    /// # Errors
    /// When they don't fit it.
    pub fn edit(&self, request: &[u8]) -> Result<Vec<u8>, EditFault> {
        let splices = self.splices(request)?;
        let mut out = Vec::with_capacity(request.len());
        copy_with(request, 0..request.len(), &splices, &mut out);
        Ok(out)
    }
}

/// Appends `bytes[span]` with the splices that lie in it made.
pub(crate) fn copy_with(bytes: &[u8], span: Range<usize>, splices: &[Splice], out: &mut Vec<u8>) {
    let mut from = span.start;
    for Splice { range, with } in splices {
        if span.start <= range.start && range.end <= span.end {
            out.extend_from_slice(&bytes[from..range.start]);
            out.extend_from_slice(with);
            from = range.end;
        }
    }
    out.extend_from_slice(&bytes[from..span.end]);
}
