//! Applications of a workspace.

use http::Method;
use serde_json::{Value, json};

use super::stand::{ACCOUNT, put, stage};

#[tokio::test]
async fn an_application_is_set_shown_without_its_secret_and_removed() {
    let stage = stage().await;
    let origin = json!(["https://login.example.org"]);
    let set = put(
        &stage,
        "google",
        json!({"client_id": "g", "secret": "s3cret-of-app", "origins": origin}),
    )
    .await;
    assert_eq!((set["proof"].as_str(), &set["origins"]), (Some("secret"), &origin));
    let all = stage.local(Method::GET, "default/applications", None).await.json();
    assert_eq!(all["applications"].as_array().unwrap().len(), 2);
    assert!(!all.to_string().contains("s3cret-of-app"));
    let refused = |body: Value| {
        let stage = &stage;
        async move {
            stage
                .local(Method::PUT, "default/applications/google", Some(body))
                .await
        }
    };
    refused(json!({"client_id": "g", "secret": "x", "certificate": "y"}))
        .await
        .is(422, "application-proof");
    refused(json!({"client_id": "g", "secret": "x"}))
        .await
        .is(422, "origins-needed");
    refused(json!({"client_id": "", "origins": origin}))
        .await
        .is(422, "application-invalid");
    refused(json!({"client_id": "g", "password": "x"}))
        .await
        .is(422, "field-invalid");
    let gone = stage.local(Method::DELETE, "default/applications/google", None).await;
    assert_eq!(gone.json()["removed"], "google");
    for unknown in ["google", "Nobody%20", "%ff"] {
        let answer = stage
            .local(Method::GET, &format!("default/applications/{unknown}"), None)
            .await;
        assert!(answer.status.is_client_error(), "{unknown} {}", answer.status);
    }
}

#[tokio::test]
async fn without_an_application_the_answer_tells_how_to_register_one() {
    let stage = stage().await;
    stage
        .local(Method::DELETE, "default/applications/microsoft", None)
        .await;
    let path = format!("{ACCOUNT}/associate");
    let problem = stage.local(Method::POST, &path, Some(json!({}))).await;
    let problem = problem.is(409, "application-missing");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Register http://localhost/oauth/callback."),
        "{problem}"
    );
    let own = json!({"flow": "authorization-code", "application": {"client_id": "own", "secret": "s3cret-of-app"}});
    let begun = stage.local(Method::POST, &path, Some(own)).await;
    assert_eq!(begun.json()["state"], "pending");
    let bad = stage.local(Method::POST, &path, Some(json!({"flow": "by-post"}))).await;
    bad.is(422, "field-invalid");
}
