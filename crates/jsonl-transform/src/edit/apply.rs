//! From a tree of edits and one request to the bytes that change.

use std::ops::Range;

use super::{
    EditFault, EditPlan, EditProblem, Splice, Taken,
    tree::{Node, Place, member},
};
use crate::{
    cut::Cutter,
    spelling::Names,
    walk::{NotJson, Walker},
};

/// A request that repeats a member more often than this is hostile.
const MAX_CUTS: usize = 1000;

/// Plans the edits of `root` in an object whose names are compared as `names` says.
pub(super) fn object(root: &Node, names: Names, json: &[u8]) -> Result<EditPlan, EditFault> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(EditFault { offset: 0, problem: EditProblem::NotJson });
    }
    value(root, names, json)
}

/// The same in any value.
pub(super) fn value(root: &Node, names: Names, json: &[u8]) -> Result<EditPlan, EditFault> {
    let mut editor =
        Editor { json, walker: Walker::new(json), plan: EditPlan::default(), path: String::new() };
    editor.below(root, names)?;
    // Cuts of an object are known at its end, after the changes inside its members.
    editor.plan.splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    Ok(editor.plan)
}

struct Editor<'a> {
    json: &'a [u8],
    walker: Walker<'a>,
    plan: EditPlan,
    /// The pointer of the place that is looked at.
    path: String,
}

/// What becomes of a member or element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Dropped,
}

impl Editor<'_> {
    /// Edits inside the value at the cursor and passes it.
    fn below(&mut self, node: &Node, names: Names) -> Result<(), EditFault> {
        match self.walker.peek() {
            Some(b'{') => self.object(node, names),
            Some(b'[') => self.array(node, names),
            first => {
                let value = self.pass()?;
                match node.fresh() {
                    None => Ok(()),
                    Some(with) if first == Some(b'n') => {
                        self.plan.splices.push(Splice { range: value, with });
                        Ok(())
                    }
                    Some(_) => Err(fault(value.start, EditProblem::NotAContainer)),
                }
            }
        }
    }

    fn object(&mut self, node: &Node, names: Names) -> Result<(), EditFault> {
        self.walker.enter();
        let start = self.walker.position();
        let mut cutter = Cutter::default();
        let mut kept_end = None;
        let mut met = vec![false; node.children.len()];
        while !self.walker.closes(b'}') {
            let name = self.walker.name().map_err(|NotJson| self.not_json())?;
            let token = &self.json[name.clone()];
            let found = node.children.iter().position(|(child, _)| names.token_is(token, child));
            let (fate, value) = match found {
                None => (Fate::Kept, self.pass()?),
                Some(index) => {
                    let (child, place) = &node.children[index];
                    let is_doubled = std::mem::replace(&mut met[index], true);
                    self.child(child, place, names, is_doubled)?
                }
            };
            keep(&mut cutter, fate, &name, &value)?;
            if fate == Fate::Kept {
                kept_end = Some(value.end);
            }
            self.walker.comma();
        }
        self.cut(cutter);
        let mut with = Vec::new();
        for (_, (name, place)) in met.iter().zip(&node.children).filter(|(met, _)| !**met) {
            if let Some(json) = place.fresh() {
                if kept_end.is_some() || !with.is_empty() {
                    with.push(b',');
                }
                member(name, &json, &mut with);
            }
        }
        self.add(kept_end.unwrap_or(start), with);
        Ok(())
    }

    fn array(&mut self, node: &Node, names: Names) -> Result<(), EditFault> {
        let open = self.walker.position();
        self.walker.enter();
        let start = self.walker.position();
        let mut cutter = Cutter::default();
        let mut kept_end = None;
        let mut met = vec![false; node.children.len()];
        let mut index = 0_u64;
        while !self.walker.closes(b']') {
            let found = node.children.iter().position(|(child, _)| is_index(child, index));
            let (fate, value) = match found {
                None => (Fate::Kept, self.pass()?),
                Some(found) => {
                    met[found] = true;
                    let (child, place) = &node.children[found];
                    self.child(child, place, names, false)?
                }
            };
            keep(&mut cutter, fate, &value, &value)?;
            if fate == Fate::Kept {
                kept_end = Some(value.end);
            }
            index += 1;
            self.walker.comma();
        }
        self.cut(cutter);
        let mut with = Vec::new();
        for (_, (name, place)) in met.iter().zip(&node.children).filter(|(met, _)| !**met) {
            match place.fresh() {
                None => {}
                Some(json) if name == "-" => {
                    with.extend(kept_end.map(|_| b','));
                    with.extend(json);
                }
                Some(_) => return Err(fault(open, EditProblem::NoElement)),
            }
        }
        self.add(kept_end.unwrap_or(start), with);
        Ok(())
    }

    /// Does to the value at the cursor what `place` says, and passes it.
    fn child(
        &mut self,
        name: &str,
        place: &Place,
        names: Names,
        is_doubled: bool,
    ) -> Result<(Fate, Range<usize>), EditFault> {
        let start = self.walker.position();
        let above = self.path.len();
        self.path.push('/');
        self.path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let fate = match place {
            Place::Below(_) if is_doubled => return Err(fault(start, EditProblem::Doubled)),
            Place::Below(node) => {
                self.below(node, names.below(name))?;
                Fate::Kept
            }
            Place::Remove => {
                self.take()?;
                Fate::Dropped
            }
            // The first one is replaced; whichever of the others won before is gone.
            Place::Set(_) if is_doubled => {
                self.take()?;
                Fate::Dropped
            }
            Place::Set(json) => {
                let range = self.take()?;
                self.plan.splices.push(Splice { range, with: json.clone() });
                Fate::Kept
            }
        };
        self.path.truncate(above);
        Ok((fate, start..self.walker.position()))
    }

    /// Passes a value that is lost.
    fn take(&mut self) -> Result<Range<usize>, EditFault> {
        let value = self.pass()?;
        let known = self.plan.taken.iter_mut().find(|taken| taken.pointer == self.path);
        match known {
            Some(taken) => taken.value = value.clone(),
            None => {
                self.plan.taken.push(Taken { pointer: self.path.clone(), value: value.clone() });
            }
        }
        Ok(value)
    }

    fn pass(&mut self) -> Result<Range<usize>, EditFault> {
        self.walker.value().map_err(|NotJson| self.not_json())
    }

    fn not_json(&self) -> EditFault {
        fault(self.walker.position(), EditProblem::NotJson)
    }

    fn cut(&mut self, mut cutter: Cutter) {
        cutter.finish();
        let splice = |range: &Range<usize>| Splice { range: range.clone(), with: Vec::new() };
        self.plan.splices.extend(cutter.cuts().iter().map(splice));
    }

    fn add(&mut self, at: usize, with: Vec<u8>) {
        if !with.is_empty() {
            self.plan.splices.push(Splice { range: at..at, with });
        }
    }
}

fn keep(
    cutter: &mut Cutter,
    fate: Fate,
    name: &Range<usize>,
    value: &Range<usize>,
) -> Result<(), EditFault> {
    cutter.member(fate == Fate::Kept, name, value);
    if cutter.len() > MAX_CUTS {
        return Err(fault(name.start, EditProblem::DoubledTooOften));
    }
    Ok(())
}

/// Whether `name` is `index` as a pointer writes it, without leading zeros.
fn is_index(name: &str, index: u64) -> bool {
    name.parse() == Ok(index) && (name == "0" || !name.starts_with(['0', '+']))
}

fn fault(offset: usize, problem: EditProblem) -> EditFault {
    EditFault { offset, problem }
}
