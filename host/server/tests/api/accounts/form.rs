//! What EzGED draws a connector's form from.

use axum::body::Body;
use http::Request;
use relais_router::Role;
use serde_json::{Value, json};

use super::stand::{MANIFEST, install};
use crate::support::Stage;

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
    install(&stage, &manifest).await;
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
