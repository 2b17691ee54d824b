//! One text for requests that are the same JSON, so that a logged request is found again.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Deeper requests are not compared; no request that serde reads is.
const DEPTH: usize = 128;

/// The request without `model`, members sorted, white space and escapes evened out; numbers keep
/// their text. Of members with one name the last counts.
pub(crate) fn canonical(request: &RawValue) -> serde_json::Result<String> {
    let mut out = String::with_capacity(request.get().len());
    if begin(request) != b'{' {
        write(request, 0, &mut out)?;
        return Ok(out);
    }
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(request.get())?;
    members.remove("model");
    object(&members, 0, &mut out)?;
    Ok(out)
}

fn begin(value: &RawValue) -> u8 {
    value.get().as_bytes().first().copied().unwrap_or_default()
}

fn write(value: &RawValue, depth: usize, out: &mut String) -> serde_json::Result<()> {
    let text = value.get();
    match begin(value) {
        b'{' if depth < DEPTH => object(&serde_json::from_str(text)?, depth, out),
        b'[' if depth < DEPTH => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (n, item) in items.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, depth + 1, out)?;
            }
            out.push(']');
            Ok(())
        }
        b'"' => {
            let said: String = serde_json::from_str(text)?;
            string(&said, out)
        }
        _ => {
            out.push_str(text);
            Ok(())
        }
    }
}

fn object(
    members: &BTreeMap<String, &RawValue>,
    depth: usize,
    out: &mut String,
) -> serde_json::Result<()> {
    out.push('{');
    for (n, (name, item)) in members.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        string(name, out)?;
        out.push(':');
        write(item, depth + 1, out)?;
    }
    out.push('}');
    Ok(())
}

fn string(text: &str, out: &mut String) -> serde_json::Result<()> {
    out.push_str(&serde_json::to_string(text)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        canonical(&serde_json::from_str::<Box<RawValue>>(text).unwrap()).unwrap()
    }

    #[test]
    fn what_counts_and_what_does_not() {
        let plain = of(r#"{"a":[1.0,{"y":"é","x":null}],"b":-1e2}"#);
        assert_eq!(plain, r#"{"a":[1.0,{"x":null,"y":"é"}],"b":-1e2}"#);
        let equal = [
            "{ \"b\" : -1e2 ,\n\t\"a\" : [ 1.0 , { \"x\":null, \"y\":\"\\u00e9\" } ] }",
            r#"{"model":"models/m","b":-1e2,"a":[1.0,{"y":"é","x":null}]}"#,
            r#"{"\u0061":[1.0,{"y":"é","x":null}],"b":3,"b":-1e2}"#,
        ];
        for text in equal {
            assert_eq!(of(text), plain, "{text}");
        }
        let different = [
            r#"{"a":[1,{"y":"é","x":null}],"b":-1e2}"#,
            r#"{"a":[1.0,{"y":"é","x":null}],"b":-100}"#,
            r#"{"a":[{"y":"é","x":null},1.0],"b":-1e2}"#,
            r#"{"a":[1.0,{"y":"é","x":null,"model":"m"}],"b":-1e2}"#,
        ];
        for text in different {
            assert_ne!(of(text), plain, "{text}");
        }
        assert_eq!(of(" [1, 2]"), "[1,2]");
    }
}
