//! Accounts and applications over the API, with a small OAuth server on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{Method, Request, StatusCode};
use relais_manifest::{Manifest, embed};
use relais_router::{InstanceName, New, Role};
use serde_json::{Value, json};

use super::support::{ROOT, Stage, ws};

const MANIFEST: &str = r#"
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

/// With an instance `graph` whose account comes from that server, and an application.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    let component = wat::parse_str(include_str!("../../../router/tests/quiet.wat")).unwrap();
    let component = embed::pack(&component, &Manifest::from_toml(MANIFEST).unwrap()).unwrap();
    stage
        .router
        .install(&ROOT, Some(&ws("default")), component)
        .await
        .unwrap();
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

async fn put(stage: &Stage, provider: &str, body: Value) -> Value {
    let path = format!("default/applications/{provider}");
    let answer = stage.local(Method::PUT, &path, Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

const ACCOUNT: &str = "default/instances/graph/accounts/account";

async fn associate(stage: &Stage, flow: &str) -> Value {
    let path = format!("{ACCOUNT}/associate");
    let answer = stage.local(Method::POST, &path, Some(json!({ "flow": flow }))).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

fn names_no_token(text: &str) {
    assert!(
        !text.contains("access-token") && !text.contains("refresh-token"),
        "{text}"
    );
}

/// What is asked for only where a value says so.
const NATIONAL: &str = r#"
[[parameters]]
id = "national"
type = "boolean"
label = { en = "National cloud" }

[[egress]]
to = "https://graph.example.cn"
when = { national = true }

[[providers]]
id = "other"
name = { fr = "Un autre", en = "Another" }
when = { national = false }
authorization = "https://accounts.example.org/authorize"
token = "https://accounts.example.org/token"
flows = ["authorization-code"]
scopes = ["mail"]
"#;

#[tokio::test]
async fn the_form_of_a_connector_tells_who_gives_its_accounts_how_and_when_it_asks_for_what() {
    let stage = Stage::new().await;
    let manifest = format!("{MANIFEST}{NATIONAL}")
        .replace("providers = [\"microsoft\"]", "providers = [\"microsoft\", \"other\"]")
        .replace(
            "application-scopes = [\"Mail.Send\"]",
            "application-scopes = [\"Mail.Send.All\"]",
        );
    let component = wat::parse_str(include_str!("../../../router/tests/quiet.wat")).unwrap();
    let component = embed::pack(&component, &Manifest::from_toml(&manifest).unwrap()).unwrap();
    let installed = stage.router.install(&ROOT, Some(&ws("default")), component).await;
    installed.unwrap();
    let token = stage.token("default", Role::Admin);
    let form = async |lang: &str| {
        let request = Request::get("/api/v1/default/connectors/relais/graph")
            .header("authorization", format!("Bearer {token}"))
            .header("accept-language", lang);
        stage.ask(request.body(Body::empty()).unwrap()).await.json()
    };
    let en = form("en").await;
    assert_eq!(en["parameters"][1]["providers"], json!(["microsoft", "other"]));
    assert_eq!(en["egress"][0]["when"], json!({}));
    assert_eq!(
        (&en["egress"][1]["to"], &en["egress"][1]["when"]),
        (&json!("https://graph.example.cn"), &json!({"national": true}))
    );
    let [microsoft, other] = en["providers"].as_array().unwrap().as_slice() else {
        panic!("{en}");
    };
    assert_eq!(
        (&microsoft["id"], &microsoft["label"]),
        (&json!("microsoft"), &json!("Microsoft 365"))
    );
    let flows: Vec<_> = microsoft["flows"].as_array().unwrap().iter().collect();
    let ids: Vec<_> = flows
        .iter()
        .map(|flow| (flow["id"].as_str(), flow["acts_as"].as_str()))
        .collect();
    assert_eq!(
        ids,
        [
            (Some("device-code"), Some("person")),
            (Some("authorization-code"), Some("person")),
            (Some("client-credentials"), Some("application")),
        ]
    );
    assert_eq!(flows[0]["scopes"], json!(["Mail.Send"]));
    assert_eq!(flows[2]["scopes"], json!(["Mail.Send.All"]));
    assert_eq!(
        (&other["when"], &other["label"]),
        (&json!({"national": false}), &json!("Another"))
    );

    let fr = form("fr").await;
    assert_eq!(fr["providers"][1]["label"], "Un autre");
    let label = |form: &Value| form["providers"][0]["flows"][0]["label"].clone();
    assert!(label(&fr).as_str().unwrap().starts_with("Saisir un code"), "{fr}");
    assert_ne!(label(&fr), label(&en));
    // The document says so much to whoever draws it.
    let document = stage
        .ask(Request::get("/openapi.json").body(Body::empty()).unwrap())
        .await
        .json();
    let schemas = &document["components"]["schemas"];
    for (schema, key) in [
        ("ConnectorForm", "providers"),
        ("FormParameter", "providers"),
        ("FormEgress", "when"),
        ("FormProvider", "when"),
        ("FormProvider", "flows"),
        ("FormFlow", "scopes"),
    ] {
        assert!(schemas[schema]["properties"][key].is_object(), "{schema}.{key}");
    }
}

#[tokio::test]
async fn a_page_can_follow_an_association_from_its_code_to_who_was_associated() {
    let stage = stage().await;
    let begun = associate(&stage, "device-code").await;
    assert_eq!(
        (begun["state"].as_str(), begun["user_code"].as_str()),
        (Some("pending"), Some("ABCD-EFGH"))
    );
    assert_eq!(begun["message"], "Saisissez ABCD-EFGH");
    let shown = stage.local(Method::GET, ACCOUNT, None).await.json();
    assert_eq!(shown["state"], "pending");
    let events = stage
        .local(Method::GET, &format!("{ACCOUNT}/association/events"), None)
        .await;
    assert!(events.header("content-type").starts_with("text/event-stream"));
    let text = String::from_utf8(events.bytes).unwrap();
    let states: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(states.first().unwrap()["user_code"], "ABCD-EFGH");
    let last = states.last().unwrap();
    assert_eq!(
        (last["state"].as_str(), last["scopes"][0].as_str()),
        (Some("done"), Some("Mail.Send"))
    );
    names_no_token(&text);
    let shown = stage.local(Method::GET, "default/instances/graph", None).await.json();
    let account = &shown["accounts"][0];
    assert_eq!(
        (account["state"].as_str(), account["client_id"].as_str()),
        (Some("associated"), Some("app"))
    );
    assert_eq!(account["associated_by"], "uid 0");
    assert_eq!(shown["credentials"][0]["ready"], true);
    names_no_token(&shown.to_string());
}

#[tokio::test]
async fn an_account_is_renewed_and_dissociated() {
    let stage = stage().await;
    let none = stage.local(Method::POST, &format!("{ACCOUNT}/renew"), None).await;
    none.is(409, "account-none");
    put(
        &stage,
        "microsoft",
        json!({"client_id": "app", "secret": "s3cret-of-app", "origins": [authority(&stage).await]}),
    )
    .await;
    let begun = associate(&stage, "client-credentials").await;
    assert_eq!(begun["state"], "done", "{begun}");
    let before = stage.local(Method::GET, ACCOUNT, None).await.json();
    let renewed = stage.local(Method::POST, &format!("{ACCOUNT}/renew"), None).await;
    assert_eq!(renewed.status, 200);
    assert!(renewed.json()["renewed_at"].as_str() > before["renewed_at"].as_str());
    let gone = stage.local(Method::DELETE, ACCOUNT, None).await.json();
    assert_eq!(
        (gone["dissociated"].as_str(), gone["revocation"].as_str()),
        (Some("account"), Some("done"))
    );
    let all = stage
        .local(Method::GET, "default/instances/graph/accounts", None)
        .await
        .json();
    assert_eq!(all["accounts"][0]["state"], "none");
    let audit = stage.local(Method::GET, "default/audit", None).await.json();
    let words: Vec<&str> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        words[..4],
        [
            "account-revoke",
            "account-dissociate",
            "account-renew",
            "account-associate"
        ]
    );
    names_no_token(&audit.to_string());
    assert!(!audit.to_string().contains("s3cret-of-app"));
}

async fn authority(stage: &Stage) -> Value {
    stage.local(Method::GET, "default/instances/graph", None).await.json()["settings"]["authority"].clone()
}

fn callback(query: &str) -> Request<Body> {
    Request::get(format!("/oauth/callback{query}"))
        .header("accept-language", "fr")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn a_browser_comes_back_to_the_public_address_without_a_token() {
    let stage = stage().await;
    stage
        .router
        .set_public_url(Some("https://relais.mairie.example".parse().unwrap()));
    let begun = associate(&stage, "authorization-code").await;
    assert_eq!(
        (begun["state"].as_str(), begun["pasted"].as_bool()),
        (Some("pending"), Some(false))
    );
    assert_eq!(begun["redirect"], "https://relais.mairie.example/oauth/callback");
    let address = begun["address"].as_str().unwrap();
    let state = address
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix("state="))
        .unwrap();
    for wrong in ["", "?code=good", "?code=good&state=x", "?%ff", "?state=&code="] {
        let refused = stage.ask(callback(wrong)).await;
        assert_eq!(refused.status, 404, "{wrong}");
    }
    let page = stage.ask(callback(&format!("?code=good&state={state}"))).await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/plain; charset=utf-8")
    );
    assert_eq!(
        (page.header("cache-control"), page.header("referrer-policy")),
        ("no-store", "no-referrer")
    );
    let text = String::from_utf8(page.bytes).unwrap();
    assert!(text.contains("est associé"), "{text}");
    names_no_token(&text);
    let again = stage.ask(callback(&format!("?code=good&state={state}"))).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn what_the_provider_refuses_at_the_callback_is_told_as_plain_text() {
    let stage = stage().await;
    stage
        .router
        .set_public_url(Some("https://relais.mairie.example".parse().unwrap()));
    for (answer, status) in [
        ("code=bad", 410),
        ("error=access_denied&error_description=%3Cscript%3E", 403),
    ] {
        let begun = associate(&stage, "authorization-code").await;
        let address = begun["address"].as_str().unwrap();
        let state = address
            .split(['?', '&'])
            .find_map(|pair| pair.strip_prefix("state="))
            .unwrap();
        let page = stage.ask(callback(&format!("?{answer}&state={state}"))).await;
        assert_eq!(page.status.as_u16(), status, "{}", String::from_utf8_lossy(&page.bytes));
        assert_eq!(page.header("content-type"), "text/plain; charset=utf-8");
    }
    let account = stage.local(Method::GET, ACCOUNT, None).await.json();
    assert_eq!(account["state"], "none");
}

#[tokio::test]
async fn without_a_public_address_the_last_one_is_handed_over_and_an_association_can_be_given_up() {
    let stage = stage().await;
    let begun = associate(&stage, "authorization-code").await;
    assert_eq!(begun["pasted"], true);
    let hand = |address: String| {
        let path = format!("{ACCOUNT}/association/redirected");
        let stage = &stage;
        async move {
            stage
                .local(Method::POST, &path, Some(json!({ "address": address })))
                .await
        }
    };
    hand("http://localhost/oauth/callback?code=good&state=x".to_owned())
        .await
        .is(422, "redirected-address-wrong");
    let address = begun["address"].as_str().unwrap();
    let state = address
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix("state="))
        .unwrap();
    let done = hand(format!("http://localhost/oauth/callback?code=good&state={state}"))
        .await
        .json();
    assert_eq!(done["state"], "done", "{done}");
    associate(&stage, "authorization-code").await;
    let path = format!("{ACCOUNT}/association");
    let gone = stage.local(Method::DELETE, &path, None).await.json();
    assert_eq!(gone["state"], "given-up");
    stage
        .local(Method::DELETE, &path, None)
        .await
        .is(404, "association-unknown");
    let account = stage.local(Method::GET, ACCOUNT, None).await.json();
    assert_eq!(account["state"], "associated", "the account that there was stays");
}

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

#[tokio::test]
async fn a_workspace_allows_flows_and_providers() {
    let stage = stage().await;
    let edit = |body: Value| {
        let stage = &stage;
        async move { stage.local(Method::PATCH, "workspaces/default", Some(body)).await }
    };
    let set = edit(json!({"account_flows": ["client-credentials"], "account_providers": ["google"]}))
        .await
        .json();
    assert_eq!(
        (&set["account_flows"], &set["account_providers"]),
        (&json!(["client-credentials"]), &json!(["google"]))
    );
    let path = format!("{ACCOUNT}/associate");
    let refused = stage.local(Method::POST, &path, Some(json!({}))).await;
    refused.is(403, "account-forbidden");
    let shown = stage.local(Method::GET, ACCOUNT, None).await.json();
    assert_eq!(shown["providers"][0]["allowed"], json!([]));
    edit(json!({"account_flows": ["by-post"]}))
        .await
        .is(422, "field-invalid");
    edit(json!({"account_providers": ["Not A Provider"]}))
        .await
        .is(422, "settings-invalid");
    let free = edit(json!({"account_flows": null, "account_providers": null}))
        .await
        .json();
    assert_eq!(free["account_flows"], Value::Null);
    assert_eq!(associate(&stage, "device-code").await["state"], "pending");
}

#[tokio::test]
async fn accounts_are_for_administrators_of_their_own_workspace() {
    let stage = stage().await;
    stage.workspace("other");
    let (send, admin) = (stage.token("default", Role::Send), stage.token("default", Role::Admin));
    let other = stage.token("other", Role::Admin);
    for path in [ACCOUNT, "default/instances/graph/accounts", "default/applications"] {
        stage.call(&send, Method::GET, path, None).await.is(403, "admin-only");
        stage
            .call(&other, Method::GET, path, None)
            .await
            .is(404, "workspace-unknown");
        assert_eq!(stage.call(&admin, Method::GET, path, None).await.status, 200);
    }
    let nothing = stage
        .call(&admin, Method::GET, "default/instances/quiet/accounts/account", None)
        .await;
    nothing.is(404, "account-unknown");
    let unknown = stage
        .call(&admin, Method::GET, "default/instances/none/accounts", None)
        .await;
    unknown.is(404, "instance-unknown");
}
