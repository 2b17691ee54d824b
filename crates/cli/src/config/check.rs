//! What must fit together once flags and file are one.

use super::{Config, Variant};

/// The column of the logged responses.
const LOGGED: &str = "logged";

impl Config {
    /// Checks settings against each other.
    ///
    /// # Errors
    /// A sentence for people, with what was probably meant.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(twice) = first_twice(&self.models) {
            return Err(format!("model {twice:?} is named twice"));
        }
        let same = |variant: &Variant| {
            self.variants
                .iter()
                .find(|other| other.name < variant.name && other.edits == variant.edits)
        };
        if let Some((one, other)) = self.variants.iter().find_map(|v| Some((same(v)?, v))) {
            let (one, other) = (&one.name, &other.name);
            return Err(format!("variants {one:?} and {other:?} are equal: that would cost twice"));
        }
        if let Some(baseline) = &self.baseline {
            let names = || self.columns().chain([LOGGED.to_owned()]);
            if !names().any(|name| name == *baseline) {
                let names: Vec<String> = names().collect();
                let near = scoring::nearest(baseline, names.iter().map(String::as_str));
                // Without models the run has the default ones, which are not known here.
                if !self.models.is_empty() || near.is_some() {
                    let hint =
                        near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                    return Err(format!(
                        "baseline {baseline:?} is neither `{LOGGED}` nor one of the models{hint}"
                    ));
                }
            }
        }
        if self.pace.stuck_then.is_some() && self.pace.stuck_after.is_none() {
            return Err("`stuck_then` needs `stuck_after`: when is a job stuck?".to_owned());
        }
        Ok(())
    }
}

impl Config {
    /// The models by the names of their columns, which hold the variant where there are several.
    fn columns(&self) -> impl Iterator<Item = String> {
        let of_variants = |model: &String| {
            let names =
                self.variants.iter().map(move |variant| format!("{model}/{}", variant.name));
            names.collect::<Vec<_>>()
        };
        self.models.iter().cloned().chain(self.models.iter().flat_map(of_variants))
    }
}

fn first_twice(names: &[String]) -> Option<&String> {
    names
        .iter()
        .enumerate()
        .find(|(at, name)| names.iter().take(*at).any(|other| other == *name))
        .map(|(_, name)| name)
}
