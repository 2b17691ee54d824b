//! Names of models as of a day: for examples, for suggestions, and for what is about to end. Nothing is asked.

use serde::Deserialize;

use crate::exit::{Exit, Failure, Outcome};

/// The dated list that comes with the program.
#[derive(Debug, Deserialize)]
pub(crate) struct Catalog {
    pub(crate) as_of: String,
    /// A pair worth comparing.
    pub(crate) default_pair: Vec<String>,
    known: Vec<String>,
    ending: Vec<Ending>,
}

#[derive(Debug, Deserialize)]
struct Ending {
    model: String,
    on: String,
}

impl Catalog {
    pub(crate) fn bundled() -> Outcome<Self> {
        serde_json::from_str(include_str!("../data/models.json"))
            .map_err(|error| Failure::of(Exit::Bug, &error))
    }

    pub(crate) fn knows(&self, model: &str) -> bool {
        self.known.iter().any(|known| known == model)
    }

    /// The known name that is spelt most like it.
    pub(crate) fn nearest(&self, model: &str) -> Option<&str> {
        scoring::nearest(model, self.known.iter().map(String::as_str))
    }

    /// The day on which a model ends, where one is announced.
    pub(crate) fn end_of(&self, model: &str) -> Option<&str> {
        let ending = self.ending.iter().find(|ending| ending.model == model);
        ending.map(|ending| ending.on.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_day_are_found_and_slips_mended() {
        let catalog = Catalog::bundled().unwrap();
        assert!(catalog.default_pair.iter().all(|model| catalog.knows(model)));
        assert_eq!(catalog.nearest("gemini-3.8-flsh"), Some("gemini-3.8-flash"));
        assert!(catalog.ending.iter().all(|ending| catalog.end_of(&ending.model).is_some()));
        assert_eq!(catalog.end_of("gemini-3.8-flash"), None);
    }
}
