//! Which of the rows in common belong together: by the field that both runs go by, or by the one that is named.

use eval_report::{Clusters, sanitize};
use run_store::RunFolder;

use super::matched::Matched;
use crate::context::Context;
use crate::exit::Outcome;
use crate::judge::{Groups, Judging};

/// The clusters of the rows in common, by the rows of the first run; and, where the runs do not agree on a field, that
/// there are none.
pub(super) fn clusters(
    context: &Context,
    [before, after]: [&RunFolder; 2],
    matched: &Matched,
) -> Outcome<(Option<Clusters>, Option<String>)> {
    let of = |folder: &RunFolder| {
        Judging::wished(context, Some(folder.paths())).map(|wished| wished.cluster)
    };
    let (one, other) = (of(before)?, of(after)?);
    if one != other {
        let names = [before, after].map(|folder| folder.manifest().name.as_str());
        return Ok((None, Some(apart(names, [one.as_deref(), other.as_deref()]))));
    }
    if one.is_none() {
        return Ok((None, None));
    }
    let wishes = Judging { cluster: one, ..Judging::default() };
    let groups = Groups::of_run(context, before, &wishes)?;
    groups.check(context)?;
    Ok((groups.into_clusters().map(|clusters| matched.clusters(clusters)), None))
}

/// That two runs go by different fields.
fn apart(names: [&str; 2], fields: [Option<&str>; 2]) -> String {
    let says = |at: usize| match fields[at] {
        Some(field) => {
            format!("{} takes rows with the same {} together", names[at], sanitize(field))
        }
        None => format!("{} takes each row for itself", names[at]),
    };
    let field = fields.into_iter().flatten().next().unwrap_or_default();
    format!(
        "{} and {}, so that each row is taken for itself here, and the intervals may be too narrow: --cluster {} takes \
         them together",
        says(0),
        says(1),
        sanitize(field)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_go_by_different_fields_are_told_apart() {
        let said = apart(["a", "b"], [None, Some("/talk")]);
        assert!(said.starts_with(
            "a takes each row for itself and b takes rows with the same /talk together, "
        ));
        assert!(said.ends_with("--cluster /talk takes them together"), "{said}");
        assert!(apart(["a", "b"], [Some("/x"), Some("/y")]).contains("--cluster /x"));
    }
}
