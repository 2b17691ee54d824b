//! Paths to meanings: which of the API's calls a request is.

/// Names in a query that are known and of no consequence here.
const IGNORED: [&str; 15] = [
    "",
    "upload_protocol",
    "uploadType",
    "filter",
    "returnPartialSuccess",
    "prettyPrint",
    "$prettyPrint",
    "fields",
    "$fields",
    "callback",
    "$callback",
    "access_token",
    "oauth_token",
    "quotaUser",
    "$.xgafv",
];

/// A call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    StartUpload,
    UploadData {
        session: String,
    },
    ListFiles,
    GetFile(String),
    DeleteFile(String),
    Download(String),
    CreateBatch {
        model: String,
    },
    CreateEmbedBatch {
        model: String,
    },
    ListBatches,
    GetBatch(String),
    CancelBatch(String),
    DeleteBatch(String),
    UpdateBatch(String),
    ListModels,
    GetModel(String),
    GenerateContent {
        model: String,
    },
    CountTokens {
        model: String,
    },
    /// A call for which a key is not enough.
    WantsOAuth,
    /// A call that the service has and the emulator does not.
    NotHere(&'static str),
    /// A page of the emulator's own, by what follows `/__emulator/`.
    Control(String),
    /// The path is known, but only with these methods.
    WrongMethod(Vec<&'static str>),
    Unknown,
}

/// A path and what its query says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) version: String,
    pub(crate) key: Option<String>,
    pub(crate) upload_id: Option<String>,
    pub(crate) page_size: Option<String>,
    pub(crate) page_token: Option<String>,
    pub(crate) update_mask: Option<String>,
    pub(crate) alt: Option<String>,
    /// The first name in the query that no call of the service knows.
    pub(crate) stranger: Option<String>,
}

impl Target {
    pub(crate) fn of(path: &str, query: &str) -> Self {
        let mut target = Self { path: decode(path, false), ..Self::default() };
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name, true), Some(decode(value, true)));
            match name.as_str() {
                "key" => target.key = value,
                "upload_id" => target.upload_id = value,
                "pageSize" | "page_size" => target.page_size = value,
                "pageToken" | "page_token" => target.page_token = value,
                "updateMask" | "update_mask" => target.update_mask = value,
                "alt" | "$alt" => target.alt = value,
                name if IGNORED.contains(&name) => {}
                name => target.stranger = target.stranger.or_else(|| Some(name.to_owned())),
            }
        }
        target
    }

    pub(crate) fn route(&mut self, method: &str) -> Route {
        if let Some(page) = self.path.strip_prefix("/__emulator/") {
            return Route::Control(page.to_owned());
        }
        let method = if method == "HEAD" { "GET" } else { method };
        let route = self.route_of(method);
        if route != Route::Unknown {
            return route;
        }
        let others = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter();
        let allowed: Vec<_> =
            others.filter(|method| self.route_of(method) != Route::Unknown).collect();
        if allowed.is_empty() { Route::Unknown } else { Route::WrongMethod(allowed) }
    }

    fn route_of(&mut self, method: &str) -> Route {
        let path = self.path.clone();
        let mut pieces: Vec<&str> = path.split('/').skip(1).collect();
        let prefix = match pieces.first() {
            Some(&("upload" | "download")) => pieces.remove(0),
            _ => "",
        };
        if pieces.is_empty() || !matches!(pieces[0], "v1" | "v1beta" | "v1alpha") {
            return Route::Unknown;
        }
        pieces.remove(0).clone_into(&mut self.version);
        match (prefix, pieces.as_slice()) {
            ("upload", ["files"]) if matches!(method, "POST" | "PUT") => match &self.upload_id {
                Some(session) => Route::UploadData { session: session.clone() },
                None => Route::StartUpload,
            },
            ("download", ["files", last]) if method == "GET" => {
                match last.strip_suffix(":download") {
                    Some(id) => Route::Download(id.into()),
                    None => Route::Unknown,
                }
            }
            ("", [collection]) => collection_route(method, collection),
            ("", [collection, last]) => {
                let (id, verb) = last.split_once(':').unwrap_or((last, ""));
                item_route(method, collection, id, verb)
            }
            _ => Route::Unknown,
        }
    }
}

fn collection_route(method: &str, collection: &str) -> Route {
    match (method, collection) {
        ("GET", "files") => Route::ListFiles,
        ("GET", "batches") => Route::ListBatches,
        ("GET", "models") => Route::ListModels,
        ("POST", "files:register") => Route::WantsOAuth,
        _ => Route::Unknown,
    }
}

fn item_route(method: &str, collection: &str, id: &str, verb: &str) -> Route {
    let name = || id.to_owned();
    match (method, collection, verb) {
        ("GET", "files", "") => Route::GetFile(name()),
        ("DELETE", "files", "") => Route::DeleteFile(name()),
        ("GET", "files", "download") => Route::Download(name()),
        ("GET", "batches", "") => Route::GetBatch(name()),
        ("DELETE", "batches", "") => Route::DeleteBatch(name()),
        ("POST", "batches", "cancel") => Route::CancelBatch(name()),
        ("PATCH", "batches", "updateGenerateContentBatch" | "updateEmbedContentBatch") => {
            Route::UpdateBatch(name())
        }
        ("GET", "models", "") => Route::GetModel(name()),
        ("POST", "models" | "tunedModels", "batchGenerateContent") => {
            Route::CreateBatch { model: format!("{collection}/{id}") }
        }
        ("POST", "models" | "tunedModels", "generateContent") => {
            Route::GenerateContent { model: format!("{collection}/{id}") }
        }
        ("POST", "models", "countTokens") => {
            Route::CountTokens { model: format!("{collection}/{id}") }
        }
        ("POST", "models", "asyncBatchEmbedContent") => {
            Route::CreateEmbedBatch { model: format!("{collection}/{id}") }
        }
        ("POST", "models", "streamGenerateContent") => Route::NotHere("streaming"),
        ("POST", "models", "embedContent" | "batchEmbedContents") => Route::NotHere("embeddings"),
        _ => Route::Unknown,
    }
}

/// Undoes percent-encoding; bytes that make no sense stay as they are.
fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut n = 0;
    while n < bytes.len() {
        let hex = (bytes[n] == b'%').then(|| text.get(n + 1..n + 3)).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            n += 3;
        } else {
            out.push(if plus_is_space && bytes[n] == b'+' { b' ' } else { bytes[n] });
            n += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_both_versions_and_both_downloads() {
        let route = |method: &str, path: &str, query: &str| Target::of(path, query).route(method);
        let create = Route::CreateBatch { model: "models/m-1.5".into() };
        for (method, path, query, expected) in [
            ("POST", "/upload/v1/files", "", Route::StartUpload),
            (
                "POST",
                "/upload/v1beta/files",
                "upload_id=a%2Bb&upload_protocol=resumable",
                Route::UploadData { session: "a+b".into() },
            ),
            (
                "GET",
                "/v1beta/files/batch-x:download",
                "alt=media",
                Route::Download("batch-x".into()),
            ),
            ("GET", "/download/v1/files/b:download", "alt=media", Route::Download("b".into())),
            ("POST", "/v1/models/m-1.5:batchGenerateContent", "", create.clone()),
            ("POST", "/v1/models/m-1.5%3AbatchGenerateContent", "", create),
            ("POST", "/v1/batches/b:cancel", "", Route::CancelBatch("b".into())),
            ("HEAD", "/v1/batches/b", "", Route::GetBatch("b".into())),
            ("PUT", "/v1/batches/b", "", Route::WrongMethod(vec!["GET", "DELETE"])),
            ("GET", "/v1/batches/b:cancel", "", Route::WrongMethod(vec!["POST"])),
            ("GET", "/v2/batches/b", "", Route::Unknown),
            ("GET", "/__emulator/clock/advance", "", Route::Control("clock/advance".into())),
            ("GET", "/", "", Route::Unknown),
            ("GET", "/v1/files/%", "", Route::GetFile("%".into())),
        ] {
            assert_eq!(route(method, path, query), expected, "{method} {path}");
        }
    }
}
