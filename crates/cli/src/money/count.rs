//! Asks the service how many tokens some of the requests have; that costs nothing.

use batch_backend::ModelId;
use batch_cost::Pairs;
use gemini_client::Client;
use serde_json::value::RawValue;

/// Requests counted at a time.
const AT_ONCE: usize = 8;

/// Pairs of bytes and tokens of these requests for a model. A request that cannot be counted is
/// left out; when the first batch of them fails, none is.
pub(super) async fn count(
    client: &Client,
    model: &ModelId,
    requests: &[Box<RawValue>],
) -> Result<Pairs, batch_backend::BackendError> {
    let mut pairs = Pairs::default();
    for some in requests.chunks(AT_ONCE) {
        let mut asked = tokio::task::JoinSet::new();
        for request in some {
            let Some(body) = body(model, request) else { continue };
            let (client, model, bytes) = (client.clone(), model.clone(), request.get().len());
            asked.spawn(async move { (bytes, client.count_tokens(&model, &body).await) });
        }
        while let Some(answer) = asked.join_next().await {
            // A task that panicked counted nothing.
            let Ok((bytes, counted)) = answer else { continue };
            match counted {
                Ok(counted) => pairs.add(bytes as u64, counted.total),
                Err(error) if pairs.count() == 0 => return Err(error),
                Err(_) => {}
            }
        }
    }
    Ok(pairs)
}

/// `{"generateContentRequest":{"model":…,…}}`, which counts instructions and tools too.
fn body(model: &ModelId, request: &RawValue) -> Option<Box<RawValue>> {
    let inner = request.get().trim_start().strip_prefix('{')?;
    let comma = if inner.trim_start().starts_with('}') { "" } else { "," };
    let model = serde_json::to_string(&format!("models/{model}")).ok()?;
    let text = format!("{{\"generateContentRequest\":{{\"model\":{model}{comma}{inner}}}");
    RawValue::from_string(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_wrapped_without_being_changed() {
        let model = ModelId::parse("sim-a").unwrap();
        let wrapped = |text: &str| {
            let request = RawValue::from_string(text.to_owned()).unwrap();
            body(&model, &request).unwrap().get().to_owned()
        };
        assert_eq!(
            wrapped(r#"{"contents":[1.0]}"#),
            r#"{"generateContentRequest":{"model":"models/sim-a","contents":[1.0]}}"#
        );
        assert_eq!(wrapped("{ }"), r#"{"generateContentRequest":{"model":"models/sim-a" }}"#);
    }
}
