//! Embeddings for batches of them: unit vectors that are a function of seed, model and words.

use serde_json::{Value, json};

use crate::dice::{Dice, mix};
use crate::validate::field;

/// How long a vector is when the request does not say; the service's own are longer.
const LENGTH: u64 = 768;
const MOST: u64 = 3072;

/// The response to one request: texts that share words lie nearer to each other.
pub(crate) fn answer(seed: u64, model: &str, request: &Value) -> Value {
    let wanted = field(request, "outputDimensionality").and_then(|n| match n {
        Value::String(text) => text.parse().ok(),
        n => n.as_u64(),
    });
    let length = usize::try_from(wanted.unwrap_or(LENGTH).clamp(1, MOST)).unwrap_or(1);
    let text = text(request);
    let mut sum = vec![0.0; length];
    // The text as a whole counts as well, so that an empty one has a vector.
    for word in text.split_whitespace().chain([text.as_str()]) {
        let word = word.to_lowercase();
        let mut dice = Dice::new(mix(seed, &[b"word", model.as_bytes(), word.as_bytes()]));
        for value in &mut sum {
            *value += dice.bell();
        }
    }
    let norm = sum.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    // Seven digits are what a float of 32 bits holds.
    let values: Vec<f64> = sum.iter().map(|value| (value / norm * 1e7).round() / 1e7).collect();
    let tokens = text.chars().count().div_ceil(4);
    json!({ "tokenCount": tokens.to_string(), "embedding": { "values": values } })
}

fn text(request: &Value) -> String {
    let parts = request.get("content").and_then(|content| content.get("parts"));
    let parts = parts.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> =
        parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(text: &str) -> Vec<f64> {
        let request = json!({"content": {"parts": [{"text": text}]}, "output_dimensionality": 64});
        let answer = answer(1, "m", &request);
        let values = answer["embedding"]["values"].as_array().unwrap();
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    }

    fn cosine(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn like_lies_near_like() {
        let one = vector("the quick brown fox jumps");
        assert_eq!(one.len(), 64);
        assert!((cosine(&one, &one) - 1.0).abs() < 1e-4);
        let near = cosine(&one, &vector("the quick brown fox sleeps"));
        let far = cosine(&one, &vector("prices of wheat rose again"));
        assert!(near > far + 0.2, "{near} {far}");
        assert_eq!(vector("").len(), 64);
    }
}
