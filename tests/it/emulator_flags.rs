//! The emulator's flags that answer no to keys and models.

use tests::process::Server;
use tests::raw::exchange;

#[test]
fn bad_keys_and_models_that_are_not_listed_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["--models", "one,models/two", "--bad-key", "wrong", "--bad-key", "worse"];
    let server = Server::emulator(dir.path(), &words);
    let get = |key: &str, path: &str| {
        let key = [("x-goog-api-key".to_owned(), key.to_owned())];
        exchange(server.base_url(), "GET", path, &key, b"").unwrap()
    };
    for key in ["wrong", "worse"] {
        let refused = get(key, "/v1beta/models");
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert_eq!(refused.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    }
    let listed = get("right", "/v1beta/models").json();
    let names: Vec<_> =
        listed["models"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["models/one", "models/two"]);
    assert_eq!(get("right", "/v1beta/models/two").status, 200);
    assert_eq!(get("right", "/v1beta/models/three").status, 404);
}
