//! Accounts and applications over the API, with a small OAuth server on loopback.

mod applications;
mod form;
mod stand;

use axum::body::Body;
use http::{Method, Request};
use relais_router::Role;
use serde_json::{Value, json};

use super::support::Stage;
use stand::{ACCOUNT, associate, names_no_token, put, stage};

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
