//! Names of things at the service, checked before they become part of a path.

use batch_backend::{InputName, JobName, ModelId, OutputName};

/// Longer than any name the service has been seen to make (`batches/` and 36 characters).
const MAX_ID: usize = 128;

/// `batches/<id>` of a job.
pub(crate) fn job(name: &str) -> Option<JobName> {
    is_name("batches/", name).then(|| JobName::new(name))
}

/// `files/<id>` of an uploaded file.
pub(crate) fn input(name: &str) -> Option<InputName> {
    is_name("files/", name).then(|| InputName::new(name))
}

/// `files/<id>` of a file of results; a full address is cut down to it.
pub(crate) fn output(name: &str) -> Option<OutputName> {
    let short = if name.starts_with("https://") {
        name.rfind("/files/").map_or(name, |at| &name[at + 1..])
    } else {
        name
    };
    is_name("files/", short).then(|| OutputName::new(short))
}

/// Whether a file is one of results, which the service can only be asked to download.
pub(crate) fn is_result_file(name: &str) -> bool {
    name.starts_with("files/batch-")
}

/// The path of a model: tuned ones have a folder of their own.
pub(crate) fn model_path(model: &ModelId) -> String {
    if model.as_str().starts_with("tunedModels/") {
        model.as_str().to_owned()
    } else {
        format!("models/{model}")
    }
}

fn is_name(folder: &str, name: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|id| {
        (1..=MAX_ID).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::{input, is_result_file, job, model_path, output};
    use batch_backend::ModelId;

    #[test]
    fn only_plain_names_pass() {
        assert!(job("batches/6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie").is_some());
        assert!(input("files/k3v9qh2m7x1c").is_some());
        let endless = format!("batches/{}", "a".repeat(10_240));
        for bad in [
            "",
            "batches/",
            "batches/..",
            "batches/../files",
            "../../etc/x",
            "batches/a?x=1",
            "batches/a#x",
            "batches/a%2fb",
            "batches/a/b",
            "batches/\u{1b}[2J",
            "files/a",
            &endless,
        ] {
            assert!(job(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn result_files_are_found_in_addresses() {
        let name = "files/batch-6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie";
        assert_eq!(output(name).unwrap().as_str(), name);
        let uri = format!("https://generativelanguage.googleapis.com/v1beta/{name}");
        assert_eq!(output(&uri).unwrap().as_str(), name);
        assert!(output("https://evil.example/files/a?b").is_none());
        assert!(is_result_file(name) && !is_result_file("files/abc"));
    }

    #[test]
    fn models_have_paths() {
        let path = |text| model_path(&ModelId::parse(text).unwrap());
        assert_eq!(path("models/sim-pro"), "models/sim-pro");
        assert_eq!(path("tunedModels/mine"), "tunedModels/mine");
    }
}
