//! A router whose instance `graph` has an account, with a small OAuth server on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{Method, StatusCode};
use relais_manifest::{Manifest, embed};
use relais_router::{InstanceName, New};
use serde_json::{Value, json};

use crate::support::{ROOT, Stage, ws};

pub const MANIFEST: &str = r#"
manifest-version = 1
id = "relais/graph"
version = "1.0.0"
name = { en = "Graph" }

[services.mail]

[[parameters]]
id = "authority"
type = "url"
label = { en = "Authority" }
required = true

[[parameters]]
id = "account"
type = "account"
label = { fr = "Compte", en = "Account" }
providers = ["microsoft"]
required = true

[[egress]]
to = "https://graph.example.org"

[[credentials]]
name = "bearer"
kind = "bearer"
slot = "http-header"
account = "account"

[[providers]]
id = "microsoft"
name = { en = "Microsoft 365" }
authorization = "{authority}/authorize"
token = "{authority}/token"
device = "{authority}/devicecode"
revocation = "{authority}/revoke"
flows = ["device-code", "authorization-code", "client-credentials"]
scopes = ["Mail.Send"]
application-scopes = ["Mail.Send"]
registration = { fr = "Inscrivez {redirect}.", en = "Register {redirect}." }
"#;

/// What the OAuth server counts.
#[derive(Default)]
struct Counts {
    tokens: AtomicU64,
    polls: AtomicU64,
}

async fn token(State(counts): State<Arc<Counts>>, body: String) -> Response {
    let refuse = |error: &str| (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": error }))).into_response();
    if body.contains("device_code") && counts.polls.fetch_add(1, Ordering::SeqCst) == 0 {
        return refuse("authorization_pending");
    }
    if body.contains("code=bad") {
        return refuse("invalid_grant");
    }
    let number = counts.tokens.fetch_add(1, Ordering::SeqCst);
    axum::Json(json!({
        "token_type": "Bearer",
        "access_token": format!("access-token-{number}"),
        "refresh_token": format!("refresh-token-{number}"),
        "expires_in": 3600,
        "scope": "Mail.Send",
    }))
    .into_response()
}

async fn device() -> Response {
    axum::Json(json!({
        "device_code": "the-device",
        "user_code": "ABCD-EFGH",
        "verification_uri": "http://127.0.0.1/device",
        "expires_in": 900,
        "interval": 1,
        "message": "Saisissez ABCD-EFGH",
    }))
    .into_response()
}

/// Its address.
async fn provider() -> String {
    let app = axum::Router::new()
        .route("/token", post(token))
        .route("/devicecode", post(device))
        .route("/revoke", post(async || StatusCode::OK))
        .with_state(Arc::<Counts>::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

/// Installs a connector that does nothing and says this of itself.
pub async fn install(stage: &Stage, manifest: &str) {
    let component = wat::parse_str(include_str!("../../../../router/tests/quiet.wat")).unwrap();
    let component = embed::pack(&component, &Manifest::from_toml(manifest).unwrap()).unwrap();
    let installed = stage.router.install(&ROOT, Some(&ws("default")), component).await;
    installed.unwrap();
}

/// With an instance `graph` whose account comes from that server, and an application.
pub async fn stage() -> Stage {
    let stage = Stage::new().await;
    install(&stage, MANIFEST).await;
    let new = New {
        connector: "relais/graph".to_owned(),
        values: [("authority".to_owned(), provider().await.into())].into(),
        grants: vec!["auth-in-clear".to_owned()],
        ..New::default()
    };
    let name = InstanceName::new("graph").unwrap();
    stage.router.create_instance(&ROOT, &ws("default"), &name, new).unwrap();
    let set = put(&stage, "microsoft", json!({"client_id": "app"})).await;
    assert_eq!(set["proof"], "public");
    stage
}

pub async fn put(stage: &Stage, provider: &str, body: Value) -> Value {
    let path = format!("default/applications/{provider}");
    let answer = stage.local(Method::PUT, &path, Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

pub const ACCOUNT: &str = "default/instances/graph/accounts/account";

pub async fn associate(stage: &Stage, flow: &str) -> Value {
    let path = format!("{ACCOUNT}/associate");
    let answer = stage.local(Method::POST, &path, Some(json!({ "flow": flow }))).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

pub fn names_no_token(text: &str) {
    assert!(
        !text.contains("access-token") && !text.contains("refresh-token"),
        "{text}"
    );
}
