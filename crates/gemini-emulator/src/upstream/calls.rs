//! Calls of the model's and what they gave back: Gemini joins the two by name and order, OpenAI by
//! id.

use std::collections::{HashSet, VecDeque};

use super::Untranslatable;
use super::node::Node;

/// The calls that have no response yet.
#[derive(Debug)]
pub(super) struct Calls {
    made: usize,
    /// Ids that are in use, or that a later call brings along.
    taken: HashSet<String>,
    own: HashSet<String>,
    open: VecDeque<Call>,
}

#[derive(Debug)]
struct Call {
    name: String,
    /// As Gemini has it.
    own: Option<String>,
    /// As the upstream gets it.
    id: String,
}

impl Calls {
    /// None made yet; ids that stand in the turns are not given to calls that have none.
    pub(super) fn of(turns: &[Node<'_>]) -> Self {
        let parts = turns.iter().flat_map(|turn| turn["parts"].items());
        let ids = parts.filter_map(|part| part.field("functionCall")?["id"].some_text());
        let own = ids.map(ToOwned::to_owned).collect();
        Self { made: 0, taken: HashSet::new(), own, open: VecDeque::new() }
    }

    /// The id of a call that the model made; no two have one.
    pub(super) fn open(&mut self, name: &str, own: Option<&str>) -> String {
        self.made += 1;
        let id = own.filter(|own| !self.taken.contains(*own)).map(ToOwned::to_owned);
        let id = id.unwrap_or_else(|| self.fresh());
        self.taken.insert(id.clone());
        let own = own.map(ToOwned::to_owned);
        self.open.push_back(Call { name: name.to_owned(), own, id: id.clone() });
        id
    }

    /// `call_1` for the first call, and the next number that is free.
    fn fresh(&self) -> String {
        let mut n = self.made;
        loop {
            let id = format!("call_{n}");
            if !self.taken.contains(&id) && !self.own.contains(&id) {
                return id;
            }
            n += 1;
        }
    }

    /// The id of the call that a response is for.
    pub(super) fn close(
        &mut self,
        name: &str,
        own: Option<&str>,
    ) -> Result<String, Untranslatable> {
        let by_id = |call: &Call| own.is_some() && call.own.as_deref() == own;
        let found = self.open.iter().position(by_id);
        let at = found.or_else(|| self.open.iter().position(|call| call.name == name));
        at.and_then(|at| self.open.remove(at)).map(|call| call.id).ok_or_else(|| {
            Untranslatable::new(format!("a functionResponse of {name:?} without a call before it"))
        })
    }

    /// Servers refuse a conversation that goes on before each call has its response.
    pub(super) fn all_answered(&self) -> Result<(), Untranslatable> {
        self.open.front().map_or(Ok(()), |call| {
            let name = &call.name;
            Err(Untranslatable::new(format!(
                "a functionCall of {name:?} without a functionResponse right after it"
            )))
        })
    }
}
