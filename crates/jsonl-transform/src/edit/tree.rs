//! Edits as a tree: at each place a value to set, a removal, or further places below.

use super::{EditError, apply, copy_with, path::Path};
use crate::spelling::Names;

/// What is to become of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Below(Node),
    Set(Vec<u8>),
    Remove,
}

/// The places below one, by name, in the order they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(super) children: Vec<(String, Place)>,
}

impl Node {
    pub(super) fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    pub(super) fn insert(
        &mut self,
        path: &Path,
        names: Names,
        place: Place,
    ) -> Result<(), EditError> {
        let inside = || EditError::Inside { pointer: path.to_string() };
        self.put(path.names(), names, place).map_err(|NoPlace| inside())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<(), EditError> {
        for (path, place) in later.leaves(&[]) {
            let inside = || EditError::Inside { pointer: format!("/{}", path.join("/")) };
            self.put(&path, Names::Fields, place).map_err(|NoPlace| inside())?;
        }
        Ok(())
    }

    fn leaves(&self, above: &[String]) -> Vec<(Vec<String>, Place)> {
        let leaves = |(name, place): &(String, Place)| {
            let path = [above, std::slice::from_ref(name)].concat();
            match place {
                Place::Below(node) => node.leaves(&path),
                leaf => vec![(path, leaf.clone())],
            }
        };
        self.children.iter().flat_map(leaves).collect()
    }

    fn put(&mut self, path: &[String], names: Names, place: Place) -> Result<(), NoPlace> {
        let Some((name, rest)) = path.split_first() else {
            return Err(NoPlace);
        };
        let known = self.children.iter().position(|(child, _)| names.same(child, name));
        let index = known.unwrap_or_else(|| {
            self.children.push((name.clone(), Place::Below(Self::default())));
            self.children.len() - 1
        });
        let slot = &mut self.children[index].1;
        if rest.is_empty() {
            *slot = place;
            return Ok(());
        }
        slot.put(rest, names.below(name), place)
    }

    /// What these places make where nothing is yet; `None` when nothing is set.
    pub(super) fn fresh(&self) -> Option<Vec<u8>> {
        let made: Vec<_> =
            self.children.iter().filter_map(|(name, place)| Some((name, place.fresh()?))).collect();
        match &made[..] {
            [] => None,
            [(name, json)] if *name == "-" => Some([b"[", &json[..], b"]"].concat()),
            members => {
                let mut out = vec![b'{'];
                for (name, json) in members {
                    if out.len() > 1 {
                        out.push(b',');
                    }
                    member(name, json, &mut out);
                }
                out.push(b'}');
                Some(out)
            }
        }
    }
}

/// An edit leads into a value that has no such place.
struct NoPlace;

impl Place {
    pub(super) fn fresh(&self) -> Option<Vec<u8>> {
        match self {
            Self::Below(node) => node.fresh(),
            Self::Set(json) => Some(json.clone()),
            Self::Remove => None,
        }
    }

    /// Puts something below this place; a value that was set is edited here and now.
    fn put(&mut self, path: &[String], names: Names, place: Place) -> Result<(), NoPlace> {
        let json = match self {
            Self::Below(node) => return node.put(path, names, place),
            Self::Set(json) => &json[..],
            Self::Remove if matches!(place, Self::Remove) => return Ok(()),
            Self::Remove => b"{}",
        };
        let mut node = Node::default();
        node.put(path, names, place)?;
        let plan = apply::value(&node, names, json).map_err(|_| NoPlace)?;
        let mut edited = Vec::with_capacity(json.len());
        copy_with(json, 0..json.len(), &plan.splices, &mut edited);
        *self = Self::Set(edited);
        Ok(())
    }
}

/// Appends a member with its name as a JSON string.
pub(crate) fn member(name: &str, json: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for letter in name.chars() {
        match letter {
            '"' | '\\' => out.extend([b'\\', letter as u8]),
            '\0'..='\x1f' => out.extend(format!("\\u{:04x}", letter as u32).bytes()),
            _ => out.extend(letter.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    out.extend_from_slice(b"\":");
    out.extend_from_slice(json);
}
