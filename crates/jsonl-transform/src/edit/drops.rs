//! Members of a row that are not sent, by pointers into the row.

use std::ops::Range;

use super::{EditError, EditFault, Edits, path::Path};
use crate::InputShape;

/// What is left out of every row before it is sent, beside `response` and `request.model`.
///
/// Pointers (RFC 6901) are relative to the row: `/request/labels`. What is left out of the request
/// stands in the logged line as `taken`; what is beside the request stands there anyway, and is sent
/// only in the shapes that keep the row.
///
/// ```
/// use jsonl_transform::Drops;
/// let drops = Drops::new().at("/request/labels")?.at("/metadata/user")?;
/// assert!(Drops::new().at("/request/contents").is_err());
/// # Ok::<_, jsonl_transform::EditError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drops {
    request: Edits,
    beside: Edits,
}

impl Default for Drops {
    fn default() -> Self {
        Self { request: Edits::new(), beside: Edits::of_free_names() }
    }
}

impl Drops {
    /// Nothing more than `response` and `request.model`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the value at `pointer`, if a row has it.
    ///
    /// # Errors
    /// When the pointer is not one, is `""`, or names what no request can do without.
    pub fn at(mut self, pointer: &str) -> Result<Self, EditError> {
        let path = Path::parse(pointer)?;
        match path.names() {
            [request] if request == "request" => return Err(EditError::Contents),
            [request, ..] if request == "request" => {
                let inside = &pointer["/request".len()..];
                self.request = self.request.remove(inside)?;
            }
            [response, ..] if response == "response" => {}
            _ => self.beside = self.beside.remove(pointer)?,
        }
        Ok(self)
    }

    /// What is left out of the request.
    pub(crate) fn of_request(&self) -> &Edits {
        &self.request
    }

    /// The drops beside the request, with those that each shape makes anyway, as one: the commas
    /// between them are the same.
    pub(crate) fn beside(&self, shape: InputShape) -> Option<Edits> {
        if self.beside.is_empty() || shape == InputShape::Request {
            return None;
        }
        let beside = self.beside.clone().remove("/response").ok()?;
        if shape == InputShape::Row { beside.remove("/key").ok() } else { Some(beside) }
    }
}

/// The ranges of `row` that edits which only remove take out.
pub(crate) fn cuts(edits: &Edits, row: &[u8]) -> Result<Vec<Range<usize>>, EditFault> {
    Ok(edits.splices(row)?.into_iter().map(|splice| splice.range).collect())
}

#[cfg(test)]
mod tests {
    use super::{Drops, cuts};
    use crate::{InputShape, cut::copy_without};

    #[test]
    fn pointers_lead_into_the_request_or_beside_it() {
        let drops = Drops::new()
            .at("/request/system_instruction")
            .and_then(|drops| drops.at("/meta_data/a"))
            .and_then(|drops| drops.at("/response/x"))
            .expect("pointers");
        let request = br#"{"systemInstruction":1,"contents":[]}"#;
        assert_eq!(drops.of_request().edit(request).expect("fits"), br#"{"contents":[]}"#);
        let row = br#"{"key":1,"metaData":{"a":1},"meta_data":{"b":2,"a":1},"response":3}"#;
        for (shape, expect) in [
            (InputShape::Notebook, r#"{"key":1,"metaData":{"a":1},"meta_data":{"b":2}}"#),
            (InputShape::Row, r#"{"metaData":{"a":1},"meta_data":{"b":2}}"#),
        ] {
            let beside = drops.beside(shape).expect("there are some");
            let mut out = Vec::new();
            copy_without(row, 0..row.len(), &cuts(&beside, row).expect("fits"), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expect);
        }
        assert_eq!(drops.beside(InputShape::Request), None);
        assert_eq!(Drops::new().beside(InputShape::Row), None);
        for pointer in ["", "/request", "/request/contents", "request"] {
            assert!(Drops::new().at(pointer).is_err(), "{pointer}");
        }
    }
}
