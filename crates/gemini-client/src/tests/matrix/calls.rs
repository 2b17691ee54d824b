//! The calls there are, how each is made, and a server that answers them all well.

use batch_backend::{
    BackendError, BatchBackend, BytesPayload, InputName, NoProgress, OutputName, Upload,
    UploadSession,
};
use serde_json::value::RawValue;

use super::super::desk::{SESSION, State};
use super::super::server::{Reply, Request, refusal};
use super::super::{job, operation, spec};
use crate::policy::CallClass;
use crate::{Client, InlineRow};

/// What is uploaded: two whole pieces and a last one.
pub(super) const BYTES: &[u8] = b"0123456789abcdefghij";

const RESULTS: &[u8] = b"{\"key\":\"r1\"}\n{\"key\":\"r2\"}\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    GetModel,
    ListModels,
    CountTokens,
    Generate,
    OpenUpload,
    /// Bytes that are not the last.
    SendPiece,
    /// The last bytes, and the end of the file.
    FinishPiece,
    /// The question how far an earlier process came.
    AskOffset,
    EndUpload,
    GetFile,
    ListFiles,
    DeleteFile,
    Create,
    CreateInline,
    GetJob,
    ListJobs,
    CancelJob,
    DeleteJob,
    Fetch,
}

impl Call {
    pub(super) const ALL: [Self; 19] = [
        Self::GetModel,
        Self::ListModels,
        Self::CountTokens,
        Self::Generate,
        Self::OpenUpload,
        Self::SendPiece,
        Self::FinishPiece,
        Self::AskOffset,
        Self::EndUpload,
        Self::GetFile,
        Self::ListFiles,
        Self::DeleteFile,
        Self::Create,
        Self::CreateInline,
        Self::GetJob,
        Self::ListJobs,
        Self::CancelJob,
        Self::DeleteJob,
        Self::Fetch,
    ];

    pub(super) fn class(self) -> CallClass {
        match self {
            Self::Generate => CallClass::Generate,
            Self::OpenUpload => CallClass::OpenUpload,
            Self::SendPiece | Self::FinishPiece | Self::AskOffset => CallClass::Upload,
            Self::EndUpload | Self::DeleteFile | Self::CancelJob | Self::DeleteJob => {
                CallClass::Change
            }
            Self::Create | Self::CreateInline => CallClass::Create,
            Self::Fetch => CallClass::Download,
            _ => CallClass::Read,
        }
    }

    /// Whether a request is this call's, not one that it is led to: a list of models after a 404.
    pub(super) fn owns(self, request: &Request) -> bool {
        let path = request.target.split('?').next().unwrap();
        let command = request.header("x-goog-upload-command").unwrap_or_default();
        let post = request.method == "POST";
        match self {
            Self::GetModel => path == "/v1beta/models/sim-flash",
            Self::ListModels => path == "/v1beta/models",
            Self::CountTokens => path.ends_with(":countTokens"),
            Self::Generate => path.ends_with(":generateContent"),
            Self::OpenUpload => command == "start",
            Self::SendPiece => request.target.contains("upload_id"),
            Self::FinishPiece => command == "upload, finalize" || command == "query",
            Self::AskOffset => command == "query",
            Self::EndUpload => command == "cancel",
            Self::GetFile => path == "/v1beta/files/k3" && request.method == "GET",
            Self::ListFiles => path == "/v1beta/files",
            Self::DeleteFile | Self::DeleteJob => request.method == "DELETE",
            Self::Create | Self::CreateInline => path.ends_with(":batchGenerateContent"),
            Self::GetJob => !post && path.contains("/batches/"),
            Self::ListJobs => path == "/v1beta/batches",
            Self::CancelJob => path.ends_with(":cancel"),
            Self::Fetch => path.ends_with(":download"),
        }
    }

    /// Makes the call; `Ok` only with what the good server gave, whole.
    pub(super) async fn make(self, client: &Client) -> Result<(), BackendError> {
        let (model, file) = (spec().model, InputName::new("files/k3"));
        let body = RawValue::from_string("{}".to_owned()).unwrap();
        let session = UploadSession::new(format!("{SESSION}#label=l&granularity=4"));
        match self {
            Self::GetModel => client.get_model(&model).await.map(drop),
            Self::ListModels => client.list_models(None).await.map(drop),
            Self::CountTokens => client.count_tokens(&model, &body).await.map(drop),
            Self::Generate => client.generate_content(&model, &body).await.map(drop),
            Self::OpenUpload => client.open_upload("l", 20).await.map(drop),
            Self::SendPiece | Self::FinishPiece => send(client, &session, false).await,
            Self::AskOffset => send(client, &session, true).await,
            Self::EndUpload => client.cancel_upload(&session).await,
            Self::GetFile => client.get_file(&file).await.map(drop),
            Self::ListFiles => client.list_files(None).await.map(drop),
            Self::DeleteFile => client.delete_file(&file).await,
            Self::Create => client.create(&spec()).await.map(drop),
            Self::CreateInline => {
                let rows = [InlineRow { key: "k", request: &body }];
                client.create_inline(&spec().token, &model, &rows).await.map(drop)
            }
            Self::GetJob => client.get(&job()).await.map(drop),
            Self::ListJobs => client.list(None).await.map(drop),
            Self::CancelJob => client.cancel(&job()).await,
            Self::DeleteJob => client.delete(&job()).await,
            Self::Fetch => {
                let mut bytes = Vec::new();
                client.fetch(&OutputName::new("files/batch-1"), &mut bytes).await.map(drop)
            }
        }
    }
}

async fn send(client: &Client, session: &UploadSession, resumed: bool) -> Result<(), BackendError> {
    let payload = BytesPayload::from(BYTES.to_vec());
    let upload = Upload { session, resumed, payload: &payload, progress: &NoProgress };
    client.upload(upload).await.map(|stored| assert_eq!(stored.bytes, 20))
}

/// A service in order: everything is there, until it is deleted.
pub(super) struct Good {
    desk: State,
    deleted: bool,
}

impl Good {
    pub(super) fn new() -> Self {
        let mut desk = State::with(&[]);
        desk.label = "l".to_owned();
        Self { desk, deleted: false }
    }

    pub(super) fn taken(&self) -> &[u8] {
        &self.desk.taken
    }

    pub(super) fn answer(&mut self, request: &Request) -> Reply {
        if request.target.starts_with("/upload/") {
            return self.desk.answer(request);
        }
        let path = request.target.split('?').next().unwrap();
        match (request.method.as_str(), path) {
            ("DELETE", _) if self.deleted => refusal(404, "NOT_FOUND", "x", ""),
            ("DELETE", _) => {
                self.deleted = true;
                Reply::json(200, "{}")
            }
            (_, "/v1beta/models/sim-flash") => Reply::json(200, r#"{"name":"models/sim-flash"}"#),
            (_, "/v1beta/files/k3") => Reply::json(200, r#"{"name":"files/k3"}"#),
            (_, "/v1beta/files") => self.desk.answer(request),
            (_, path) if path.ends_with(":countTokens") => {
                Reply::json(200, r#"{"totalTokens":"3"}"#)
            }
            (_, path) if path.ends_with(":download") => {
                Reply::Answer(200, Vec::new(), RESULTS.to_vec())
            }
            (_, path) if path.contains("/batches/") || path.ends_with(":batchGenerateContent") => {
                Reply::json(200, &operation("BATCH_STATE_RUNNING"))
            }
            _ => Reply::json(200, "{}"),
        }
    }
}
