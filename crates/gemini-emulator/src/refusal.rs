//! The refusals that a script can name, in the service's own words.

use serde_json::json;

use crate::exchange::Ask;
use crate::limits;
use crate::reply::{Failure, Reply};
use crate::script::Refusal;
use crate::shared::Core;

/// The answer that `refusal` names.
pub(crate) fn reply(core: &Core, ask: &Ask, refusal: Refusal) -> Reply {
    match refusal {
        Refusal::TooManyRequests => limits::too_many(),
        Refusal::RetryLater => retry_later(),
        Refusal::EnqueuedTokens => {
            let model = ask.target.path.rsplit('/').next().unwrap_or_default();
            limits::too_many_tokens(model.split(':').next().unwrap_or_default(), 3_000_000)
        }
        Refusal::StorageFull => limits::storage_full(core.limits().storage_bytes),
        Refusal::BadKey => bad_key(),
        Refusal::NoBilling => Failure::of(
            400,
            "Gemini API free tier is not available in your country. Please enable billing on \
             your project in Google AI Studio.",
        )
        .status("FAILED_PRECONDITION"),
        Refusal::FileGone => {
            Failure::of(403, "You do not have permission to access the File or it may not exist.")
        }
        Refusal::NoModel => Failure::of(
            404,
            "The model is not found for this API version, or is not supported for this method. \
             Call ListModels to see the list of available models and their supported methods.",
        ),
        Refusal::Internal => Failure::of(500, "An internal error has occurred. Please retry."),
        Refusal::Overloaded => Failure::of(503, "The model is overloaded. Please try again later."),
        Refusal::Deadline => Failure::of(504, "Deadline expired before operation could complete."),
        Refusal::OffsetMismatch => {
            Failure::invalid("X-Goog-Upload-Offset is not the size received.")
                .header("X-Goog-Upload-Status", "active")
        }
        Refusal::HtmlPage => return html_page(),
    }
    .into()
}

/// What the service says to a key that it does not know.
pub(crate) fn bad_key() -> Failure {
    let message = "API key not valid. Please pass a valid API key.";
    Failure::invalid(message)
        .detail(
            "ErrorInfo",
            json!({
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": { "service": "generativelanguage.googleapis.com" },
            }),
        )
        .detail("LocalizedMessage", json!({ "locale": "en-US", "message": message }))
}

fn retry_later() -> Failure {
    let quota = json!({ "violations": [{
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
        "quotaValue": "60",
    }]});
    limits::too_many()
        .detail("QuotaFailure", quota)
        .detail("RetryInfo", json!({ "retryDelay": "3s" }))
        .header("Retry-After", "3")
}

fn html_page() -> Reply {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    let mut reply = Reply::bytes(page.into()).header("Content-Type", "text/html; charset=UTF-8");
    reply.status = 502;
    reply
}
