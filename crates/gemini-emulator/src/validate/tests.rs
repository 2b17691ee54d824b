//! What create says of rows and bodies: names, types, values, what is there twice.

use super::*;

fn said(request: &str) -> Option<String> {
    let line = format!(r#"{{"key":"k","request":{request}}}"#);
    match check_line("GenerateContentRequest", line.as_bytes()) {
        Ok(()) => None,
        Err(BadLine::Violation(wrong)) => Some(wrong.on_line(7, request)),
        Err(other) => Some(format!("{other:?}")),
    }
}

fn body_said(body: &str) -> String {
    check_body("CreateBatch", body.as_bytes()).unwrap_err().message
}

#[test]
fn both_spellings_pass() {
    for text in [
        r#"{"contents":[{"parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":""}}]}],
            "systemInstruction":{"parts":[{"text":"b"}]},
            "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT",
               "properties":{"any_name":{"type":"ARRAY","items":{"type":"STRING"}}}}}]}],
            "generationConfig":{"thinkingConfig":{"thinking_budget":0}}}"#,
        r#"{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":""}}]}],
            "system_instruction":{"parts":[{"text":"b"}]},
            "tools":[{"function_declarations":[{"name":"f"}]}],"tool_config":null,
            "generation_config":{"max_output_tokens":"5","response_json_schema":{"x":[1]}}}"#,
    ] {
        assert_eq!(said(text), None);
    }
}

#[test]
fn strangers_are_named_with_line_and_column() {
    let cases = [
        (
            r#"{"contents":[{"parts":[{"text":"a"}]}],"config":{}}"#,
            "Error on line 7: invalid JSON, near column 40: no such field: 'config'",
        ),
        (
            r#"{"contents":[{"parts":[]}],"systemInstruction":["x"]}"#,
            "Error on line 7: invalid JSON, near column 48: unexpected character: '['; expected '{'",
        ),
        (
            r#"{"contents":[{"parts":[]}],"systemInstruction":"x"}"#,
            "Error on line 7: invalid JSON, near column 48: unexpected character: '\"'; expected '{'",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(said(line).as_deref(), Some(expected));
    }
    let both = said(r#"{"contents":[{}],"cached_content":"c","tools":[]}"#).unwrap();
    assert!(both.contains("CachedContent can not"), "{both}");
    for empty in [r#"{"parts":[{"text":""},{"text":""}]}"#, r#"{"parts":[{"text":"\u0000"}]}"#] {
        let said = said(&format!(r#"{{"system_instruction":{empty}}}"#));
        assert_eq!(said.is_some(), empty.contains("\"\""), "{said:?}");
    }
}

#[test]
fn types_and_values_are_looked_at() {
    let refused = [
        (r#"{"contents":[{"parts":[{"text":1}]}]}"#, "'text' (TYPE_STRING): 1"),
        (r#"{"generationConfig":{"temperature":"hot"}}"#, "'temperature' (TYPE_FLOAT): \"hot\""),
        (r#"{"generationConfig":{"candidateCount":true}}"#, "'candidateCount' (TYPE_INT32): true"),
        (r#"{"generationConfig":{"topK":3000000000}}"#, "'topK' (TYPE_INT32): 3000000000"),
        (r#"{"generationConfig":{"topK":1.5}}"#, "(TYPE_INT32): 1.5"),
        (r#"{"generationConfig":{"responseLogprobs":"true"}}"#, "(TYPE_BOOL): \"true\""),
        (r#"{"generationConfig":{"stopSequences":[1]}}"#, "(TYPE_STRING): 1"),
        (
            r#"{"toolConfig":{"functionCallingConfig":{"mode":"SOMETIMES"}}}"#,
            "'mode' (FunctionCallingMode): \"SOMETIMES\"",
        ),
        (r#"{"safetySettings":[{"category":"HARM_CATEGORY_FUN"}]}"#, "(HarmCategory)"),
        (
            r#"{"generationConfig":{"topK":1,"top_k":2}}"#,
            "near column 31: field given twice: 'top_k'",
        ),
        (r#"{"contents":[],"contents":[]}"#, "field given twice: 'contents'"),
    ];
    for (request, expected) in refused {
        let said = said(request).unwrap_or_default();
        assert!(said.starts_with("Error on line 7: ") && said.contains(expected), "{said}");
    }
    for request in [
        r#"{"generationConfig":{"temperature":1,"topP":"0.5","topK":40.0,"seed":"-3"}}"#,
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"any"}}}"#,
        r#"{"toolConfig":{"functionCallingConfig":{"mode":2}}}"#,
        r#"{"generationConfig":{"mediaResolution":"MEDIA_RESOLUTION_OF_TOMORROW"}}"#,
        r#"{"generationConfig":{"maxOutputTokens":null}}"#,
        r#"{"contents":[{"parts":[{"functionCall":{"name":"f","args":{"a":1,"b":[{"c":null}]}}}]}]}"#,
    ] {
        assert_eq!(said(request), None, "{request}");
    }
}

#[test]
fn a_request_twice_none_or_no_object() {
    let line = |text: &str| check_line("GenerateContentRequest", text.as_bytes());
    let twice = line(r#"{"request":{},"request":{}}"#);
    assert!(
        matches!(twice, Err(BadLine::Violation(wrong)) if wrong.wrong == Wrong::Twice("request".into()))
    );
    assert!(matches!(line(r#"{"key":1}"#), Err(BadLine::NoRequest)));
    assert!(matches!(line("[1]"), Err(BadLine::NotJson(_))));
    assert!(matches!(line(r#"{"request":{}} x"#), Err(BadLine::NotJson(_))));
    let deep = format!(r#"{{"request":{{}},"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(line(&deep), Err(BadLine::NotJson(_))), "what a reader could not take");
}

#[test]
fn a_body_names_the_path() {
    let row = |row: &str| {
        body_said(&format!(
            r#"{{"batch":{{"inputConfig":{{"requests":{{"requests":[{row}]}}}}}}}}"#
        ))
    };
    assert_eq!(
        row(r#"{"safety":1}"#),
        "Invalid JSON payload received. Unknown name \"safety\" at \
         'batch.input_config.requests.requests[0]': Cannot find field."
    );
    assert_eq!(
        row(r#"{},{"request":{"generationConfig":{"temperature":"hot"}}}"#),
        "Invalid value at 'batch.input_config.requests.requests[1].request.generation_config\
         .temperature' (TYPE_FLOAT), \"hot\""
    );
    assert_eq!(
        body_said(r#"{"bunch":{}}"#),
        "Invalid JSON payload received. Unknown name \"bunch\": Cannot find field."
    );
    assert!(body_said("{").starts_with("Invalid JSON payload received. EOF"));
}
